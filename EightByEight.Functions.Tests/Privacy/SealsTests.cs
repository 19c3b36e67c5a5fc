using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Privacy;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Handover.Providers;
using EightByEight.Simulator;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>What rests sealed is read by workers, and by nobody else.</summary>
public sealed class SealsTests(AzuriteFixture azurite)
{
    private static readonly byte[] Clear = Encoding.UTF8.GetBytes("""{"text":"my card is 4111 1111"}""");

    [Fact]
    public async Task What_is_sealed_opens_again_for_the_same_conversation_only()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var seals = connector.Host.Services.GetRequiredService<Seals>();
        var key = ConversationKey.Of(connector.EndpointId, "c-1");
        var stored = await seals.SealAsync(key, Clear, TestContext.Current.CancellationToken);
        var again = await seals.SealAsync(key, Clear, TestContext.Current.CancellationToken);

        Assert.True(Seals.IsSealed(stored));
        Assert.True(stored.AsSpan().IndexOf("4111"u8) < 0);
        Assert.NotEqual(stored, again);
        Assert.Equal(Clear, await seals.OpenAsync(key, stored, TestContext.Current.CancellationToken));
        await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(async () => await seals.OpenAsync(
            ConversationKey.Of(connector.EndpointId, "c-2"), stored, TestContext.Current.CancellationToken));

        // Rows of the version before are clear, and stay readable.
        Assert.Same(Clear, await seals.OpenAsync(key, Clear, TestContext.Current.CancellationToken));

        // Nothing is masked: nothing is sealed.
        await connector.PatchAsync(new()
        {
            ["dataProtection"] = new System.Text.Json.Nodes.JsonObject { ["maskIpAddress"] = false, ["maskSensitiveLogging"] = false },
        });
        Assert.Same(Clear, await seals.SealAsync(key, Clear, TestContext.Current.CancellationToken));
        Assert.Equal(Clear, await seals.OpenAsync(key, stored, TestContext.Current.CancellationToken));

        // The key goes with the Endpoint, for who has not opened anything yet.
        var services = connector.Host.Services;
        using var deleted = await connector.Admin.DeleteAsync($"/api/endpoints/{connector.EndpointId}", TestContext.Current.CancellationToken);
        var other = new Seals(services.GetRequiredService<EndpointDirectory>(), services.GetRequiredService<SharedSeal>(), services.GetRequiredService<KeyRing>());
        Assert.Null(await other.OpenAsync(key, stored, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_Endpoint_of_an_earlier_version_gets_one_key_when_two_hosts_need_it_at_a_time()
    {
        var account = azurite.NewAccount();
        await using var one = new Files.FilesOf(account);
        await using var two = new Files.FilesOf(account);
        var endpoint = await one.CreateAsync(new());
        var rows = one.Get<EightByEight.Connector.ConnectorStorage>().Endpoints;
        await rows.UpsertEntityAsync(
            EndpointRows.Row(endpoint with { Seal = null }), Azure.Data.Tables.TableUpdateMode.Replace, TestContext.Current.CancellationToken);
        foreach (var host in (Files.FilesOf[])[one, two]) host.Get<EndpointDirectory>().Drop(endpoint);
        var key = ConversationKey.Of(endpoint.Id, "c-1");

        var both = await Task.WhenAll(
            one.Get<Seals>().SealAsync(key, Clear, TestContext.Current.CancellationToken).AsTask(),
            two.Get<Seals>().SealAsync(key, Clear, TestContext.Current.CancellationToken).AsTask());

        Assert.All(both, stored => Assert.True(Seals.IsSealed(stored)));
        foreach (var stored in both)
        {
            Assert.Equal(Clear, await one.Get<Seals>().OpenAsync(key, stored, TestContext.Current.CancellationToken));
            Assert.Equal(Clear, await two.Get<Seals>().OpenAsync(key, stored, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_handover_that_an_earlier_version_left_unsealed_goes_on()
    {
        await using var test = await TestHandover.StartAsync(
            azurite, more: new Dictionary<string, string?> { ["Connector:HandoverProviders:OpenPatience"] = "00:00:00.2" });
        var services = test.Host.Services;
        var (table, seals) = (services.GetRequiredService<EightByEight.Connector.ConnectorStorage>().Handovers, services.GetRequiredService<Seals>());
        test.Gateway.Faults.Add(Fault.Refuse(Operations.CreateConversation, 429, times: 1_000));
        var id = (string)(await test.BeginAsync(
            JsonNode.Parse("""{ "queueId": "101", "user": { "userId": "ann" } }""")!.AsObject(), System.Net.HttpStatusCode.Accepted))["id"]!;
        await test.SayAsync(id, "m1", "Hello");
        var opened = 0;
        foreach (var row in await test.RowsAsync())
            foreach (var (column, bytes) in row.Where(cell => cell.Value is byte[]).Select(cell => (cell.Key, (byte[])cell.Value)).ToArray())
                if (Seals.IsSealed(bytes))
                {
                    opened++;
                    await table.UpdateEntityAsync(new TableEntity(row.PartitionKey, row.RowKey)
                    {
                        [column] = await seals.OpenAsync(HandoverKey.Of(id), bytes, TestContext.Current.CancellationToken),
                    }, Azure.ETag.All, TableUpdateMode.Merge, TestContext.Current.CancellationToken);
                }

        Assert.Equal(2, opened);
        test.Gateway.Faults.Clear();
        var conversation = (string)(await test.HasStatusAsync(id, "queued"))["conversationId"]!;
        Assert.Equal(["Hello"], await test.CustomerSaidAsync(conversation, 1));
    }

    [Fact]
    public async Task What_tells_a_repetition_cannot_be_guessed_and_that_of_an_earlier_version_still_tells_it()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var wanted = JsonNode.Parse("""{"reference":"chat-1","queueId":"101","user":{"name":"Ann"}}""")!.AsObject();
        var id = (string)(await test.BeginAsync(wanted))["id"]!;
        await test.SayAsync(id, "m1", "yes");
        var guesses = ((string[])["yes", wanted.ToJsonString()]).Select(said => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(said)))).ToArray();
        await SameAsync();
        foreach (var row in await test.RowsAsync())
            foreach (var cell in row)
                Assert.DoesNotContain(guesses, guess => (cell.Value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : $"{cell.Value}").Contains(guess, StringComparison.Ordinal));

        // As the version before left them.
        var table = test.Host.Services.GetRequiredService<EightByEight.Connector.ConnectorStorage>().Handovers;
        var rows = (await test.RowsAsync()).Where(row => row.PartitionKey == HandoverKey.Of(id).ToString()).ToList();
        await table.UpdateEntityAsync(new TableEntity(HandoverKey.Of(id).ToString(), HandoverRows.Known("m-m1")) { ["Hash"] = guesses[0] },
            Azure.ETag.All, TableUpdateMode.Merge, TestContext.Current.CancellationToken);
        var head = JsonNode.Parse(rows.Single(row => row.RowKey == HandoverRows.Head).GetBinary("Head"))!;
        head["requestHash"] = guesses[1];
        await table.UpdateEntityAsync(
            new TableEntity(HandoverKey.Of(id).ToString(), HandoverRows.Head) { ["Head"] = Encoding.UTF8.GetBytes(head.ToJsonString()) },
            Azure.ETag.All, TableUpdateMode.Merge, TestContext.Current.CancellationToken);
        await SameAsync();

        async Task SameAsync()
        {
            Assert.Equal(id, (string?)(await test.BeginAsync(wanted, System.Net.HttpStatusCode.OK))["id"]);
            var other = wanted.DeepClone().AsObject();
            other["user"]!["name"] = "Bob";
            await test.BeginAsync(other, System.Net.HttpStatusCode.UnprocessableEntity);
            await test.SayAsync(id, "m1", "yes");
            await test.SayAsync(id, "m1", "no", System.Net.HttpStatusCode.UnprocessableEntity);
        }
    }

    [Fact]
    public async Task Events_that_no_handover_has_claimed_rest_sealed()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        test.Gateway.StartConversation(
            new ConversationStart { WebhookId = test.Gateway.Webhooks[0].Id, Channel = "ChatAPI", Text = "my card is 4111 1111" });

        var rows = await Eventually.GetAsync(() => test.RowsAsync(), rows => rows.Any(IsAside), "an event that is set aside", null, test.Logs);

        Assert.All(rows.Where(IsAside), row => Assert.True(Seals.IsSealed(row.GetBinary("Body"))));

        static bool IsAside(TableEntity row) => row.PartitionKey.StartsWith("conversation|", StringComparison.Ordinal)
            && row.RowKey.StartsWith(HandoverRows.Incoming, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_and_outputs_that_are_parked_rest_sealed()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:MaxAttempts"] = "2",
        });
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 400, times: 1_000));
        var conversation = connector.Start("my card is 4111 1111");
        await connector.PostAsync(conversation, "MESSAGE", null, raw:
            """{"eventType":"MESSAGE","conversationId":"ID","data":{"sender":{"type":"user"},"text":"4111 1111 \ud800"}}""".Replace("ID", conversation));

        var parked = await connector.ParkedAsync(2);

        Assert.Equal(["Event", "Outputs"], parked.Select(item => (string?)item!["kind"]).Order());
        var rows = await connector.RowsAsync(conversation, "9|");
        Assert.Equal(2, rows.Count);
        Assert.All(rows, row => Assert.True(Seals.IsSealed(row.GetBinary("Body"))));
    }
}
