using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Invariant 5: what cannot be done now waits, what can never be done is parked, and nothing is lost by it.</summary>
public sealed class TroubleTests(AzuriteFixture azurite)
{
    private static readonly Dictionary<string, string?> OneAttempt = new(TestConnector.Quick) { ["Connector:Conversations:MaxAttempts"] = "1" };

    [Fact]
    public void What_storage_or_its_identity_fail_at_is_no_fault_of_the_event()
    {
        Assert.False(ConversationRun.IsOurs(new Azure.RequestFailedException(503, "Busy"), CancellationToken.None));
        Assert.False(ConversationRun.IsOurs(new Azure.Identity.AuthenticationFailedException("No token"), CancellationToken.None));
        Assert.False(ConversationRun.IsOurs(new Azure.Identity.CredentialUnavailableException("No token"), CancellationToken.None));
        Assert.True(ConversationRun.IsOurs(new InvalidOperationException("A defect"), CancellationToken.None));
    }

    [Fact]
    public async Task An_event_whose_body_is_gone_is_parked_and_the_conversation_goes_on()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned);
        var conversation = await HeldUpAsync(connector);
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said(new string('x', 50_000)), eventId: "large");
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("next"), DateTimeOffset.UtcNow.AddSeconds(5).ToUnixTimeMilliseconds());
        var bodies = connector.Service<ConnectorStorage>().Bodies;
        await foreach (var blob in bodies.GetBlobsAsync(cancellationToken: TestContext.Current.CancellationToken))
            if (blob.Name.Contains("large", StringComparison.Ordinal)) await bodies.DeleteBlobAsync(blob.Name, cancellationToken: TestContext.Current.CancellationToken);

        connector.Gateway.Faults.Clear();

        Assert.Equal(["1: hello", "2: next"], await connector.BotSaysAsync(conversation, 2, TimeSpan.FromSeconds(60)));
        var parked = Assert.Single(await connector.ParkedAsync(1))!;
        Assert.Equal("large", (string)parked["eventId"]!);
        Assert.Contains("body is gone", (string)parked["reason"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_parked_event_told_of_the_conversation_is_not_lost()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: who
            start:
              - say: "{{ input.user.name }} {{ input.channel }}"
            """, new JsonObject
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false, ["acceptConversationActiveEvent"] = true },
        }, options: OneAttempt);
        var conversation = connector.Start();
        await connector.BotSaysAsync(conversation, 1);
        await connector.PostAsync(conversation, "CONVERSATION_UPDATE", new JsonObject { ["state"] = "idle" }, DateTimeOffset.UtcNow.AddSeconds(1).ToUnixTimeMilliseconds());
        // Its turn fails: half of an emoji is no text.
        await connector.PostAsync(conversation, "", null, raw: $$$"""
            {"eventType":"CONVERSATION_UPDATE","conversationId":"{{{conversation}}}","timestamp":{{{DateTimeOffset.UtcNow.AddSeconds(2).ToUnixTimeMilliseconds()}}},
             "data":{"state":"active","channel":"WhatsApp","user":{"name":"Ann"},"text":"\ud83d"}}
            """);
        Assert.Equal("CONVERSATION_UPDATE", (string)Assert.Single(await connector.ParkedAsync(1))!["eventType"]!);

        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("hello"), DateTimeOffset.UtcNow.AddSeconds(3).ToUnixTimeMilliseconds());

        Assert.Equal("Ann WhatsApp", (await connector.BotSaysAsync(conversation, 2))[1]);
        Assert.Equal("active", (string)(await connector.ViewAsync(conversation))["state"]!);
    }

    [Fact]
    public async Task A_turn_whose_Flow_is_not_there_is_parked()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var flows = connector.Service<ConnectorStorage>().Flows;
        await foreach (var row in flows.QueryAsync<TableEntity>(cancellationToken: TestContext.Current.CancellationToken))
            await flows.DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: TestContext.Current.CancellationToken);

        connector.Start("hello");

        Assert.Contains("There is no Flow named 'echo'", (string)Assert.Single(await connector.ParkedAsync(1))!["reason"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_Endpoint_without_an_API_key_waits_for_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        await connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["apiKey"] = null } });
        var conversation = connector.Start("hello");
        await Eventually.GetAsync(() => connector.ReadAsync(conversation), c => c.Head?.LastError?.Contains("API key", StringComparison.Ordinal) == true,
            "an answer that waits for the key", null, connector.Logs);

        await connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["apiKey"] = TestConnector.ApiKey } });

        Assert.Equal(["1: hello"], await connector.BotSaysAsync(conversation, 1));
    }

    [Fact]
    public async Task A_pause_that_8x8_asks_for_is_kept_even_if_it_is_longer_than_ours()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, 1_000, TimeSpan.FromMinutes(2)));
        var conversation = connector.Start("hello");

        var waiting = await Eventually.GetAsync(() => connector.ReadAsync(conversation), c => c.Head?.RetryAt is not null, "a pause", null, connector.Logs);

        // Ours is at most a second here.
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(waiting.Head!.RetryAt!.Value) - DateTimeOffset.UtcNow,
            TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Two_who_retry_the_same_item_at_once_retry_it_once()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three, storage: proxy.ConnectionString);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 422));
        var conversation = connector.Start("a");
        await connector.BotSaysAsync(conversation, 2);
        await connector.SettledAsync(conversation, 1);
        var id = (string)Assert.Single(await connector.ParkedAsync(1))!["id"]!;
        var (both, count) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        proxy.Before = async request =>
        {
            if (!request.Body.Contains("\"Retry\"", StringComparison.Ordinal) || both.Task.IsCompleted) return false;
            if (Interlocked.Increment(ref count) == 2) both.SetResult();
            await both.Task.WaitAsync(TimeSpan.FromSeconds(20));
            return false;
        };

        var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(
            _ => connector.Admin.PostAsync($"/api/parked/{id}/retry", null, TestContext.Current.CancellationToken)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode));
        Assert.Equal(["a/2", "a/3", "a/1"], await connector.BotSaysAsync(conversation, 3));
        Assert.Equal(2, (await connector.SettledAsync(conversation, 2))["turns"]!.AsArray().Count);
        Assert.Equal(3, connector.BotSaid(conversation).Count);
        Assert.Empty(await connector.ParkedAsync(0));
    }

    [Fact]
    public async Task A_message_that_comes_in_between_two_pages_is_not_counted_twice()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Many(60));
        var conversation = connector.Start("many");
        await connector.BotSaysAsync(conversation, 60, TimeSpan.FromSeconds(60));
        await connector.SettledAsync(conversation, 1);
        // The answer does not arrive, and while the second page is waited for the customer goes on.
        connector.Gateway.Faults.Add(Fault.Drop(Operations.SendMessage));
        connector.Gateway.Faults.Add(new Fault { Operation = Operations.ListMessages, Skip = 1, DelayBefore = TimeSpan.FromSeconds(0.7) });
        connector.Gateway.CustomerSays(conversation, "one");
        await Eventually.GetAsync(() => connector.Gateway.Requests.GetValueOrDefault(Operations.ListMessages), n => n >= 2, "the second page");

        connector.Gateway.CustomerSays(conversation, "one");

        Assert.Equal(["one", "one"], (await connector.BotSaysAsync(conversation, 62)).Skip(60));
        Assert.Empty(await connector.ParkedAsync(0));
    }

    [Fact]
    public async Task A_long_conversation_renews_its_anchor()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Many(120));
        var conversation = connector.Start("many");
        await connector.BotSaysAsync(conversation, 120, TimeSpan.FromSeconds(90));
        await connector.SettledAsync(conversation, 1);

        var head = (await connector.ReadAsync(conversation)).Head!;

        Assert.Equal(120, head.Accepted);
        Assert.InRange(head.Anchor!.Accepted, 1, 120);
        Assert.Equal($"many {head.Anchor.Accepted}", connector.Gateway.Messages(conversation).Single(m => m.Id == head.Anchor.MessageId).Text);
    }

    [Fact]
    public async Task Rows_of_another_version_are_read_and_what_is_unknown_in_the_head_stays()
    {
        // Rows that are not sealed, as those of the version before.
        await using var connector = await TestConnector.StartAsync(azurite, settings: new JsonObject
        {
            ["dataProtection"] = new JsonObject { ["maskIpAddress"] = false, ["maskSensitiveLogging"] = false },
        });
        var conversation = connector.Start("a");
        await connector.SettledAsync(conversation, 1);
        await connector.Gateway.SettledAsync();
        await RewriteAsync(connector, conversation, "0", "Head", head =>
        {
            foreach (var name in (string[])["accepted", "attempts", "lastError", "lastTurnAt", "anchor"]) head.Remove(name);
            head["future"] = new JsonObject { ["deep"] = 1 };
        });
        await RewriteAsync(connector, conversation, "0", "State", state =>
        {
            state.Remove("facts");
            state["future"] = 2;
            state["session"]!.AsObject().Remove("profile");
            state["session"]!["future"] = 3;
        });
        await RewriteAsync(connector, conversation, "7|0000000001", "Body", turn =>
        {
            turn.Remove("late");
            turn.Remove("outputs");
            turn["future"] = 4;
        });

        connector.Gateway.CustomerSays(conversation, "b");

        Assert.Equal(["1: a", "2: b"], await connector.BotSaysAsync(conversation, 2));
        await connector.SettledAsync(conversation, 2);
        Assert.Equal(1, (await connector.ReadAsync(conversation)).Head!.Unknown!["future"].GetProperty("deep").GetInt32());
    }

    private static async Task RewriteAsync(TestConnector connector, string conversation, string row, string column, Action<JsonObject> change)
    {
        var table = connector.Service<ConnectorStorage>().Conversations;
        var entity = (await table.GetEntityAsync<TableEntity>(connector.KeyOf(conversation).ToString(), row)).Value;
        var json = JsonNode.Parse(entity.GetBinary(column))!.AsObject();
        change(json);
        entity[column] = Encoding.UTF8.GetBytes(json.ToJsonString());
        await table.UpdateEntityAsync(entity, entity.ETag, TableUpdateMode.Replace);
    }

    private static string Many(int count) => $$$"""
        name: many
        start:
          - if: input.text == 'many'
            then:
        {{{string.Join('\n', Enumerable.Range(1, count).Select(i => $"      - say: \"many {i}\""))}}}
            else:
              - say: "{{ input.text }}"
        """;

    private static async Task<string> HeldUpAsync(TestConnector connector)
    {
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, 10_000));
        var conversation = connector.Start("hello");
        await Eventually.GetAsync(() => connector.Gateway.Requests.GetValueOrDefault(Operations.SendMessage), sent => sent > 0, "a first attempt");
        return conversation;
    }
}
