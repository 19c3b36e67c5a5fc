using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;
using EightByEight.Functions.Tests.Conversations;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>One customer's data are given out whole, and erased whole.</summary>
public sealed class CustomerDataTests(AzuriteFixture azurite)
{
    private const string Flow = """
        name: customers
        start:
          - set: { profile.said: "{{ input.text }}", context.said: "{{ input.text }}" }
          - say: "{{ input.text }}"
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_that_rests_of_a_customer_is_exported_and_erased_wherever_it_rests_and_nothing_of_others()
    {
        var account = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(azurite, Flow, new()
        {
            ["dataProtection"] = new JsonObject { ["contactProfiles"] = true },
        }, storage: account);
        var id = "ann/ä " + new string('x', 300);
        var large = "AnnMarker " + new string('y', 60_000);
        var conversation = connector.Start("AnnMarker hello", user: $$"""{"userId":"{{id}}","name":"AnnMarker"}""");
        var other = connector.Start("BobMarker hello", user: """{"userId":"bob"}""");
        await connector.SettledAsync(conversation, 1);
        connector.Gateway.CustomerSays(conversation, large);
        await connector.SettledAsync(conversation, 2);
        await connector.SettledAsync(other, 1);
        await connector.Gateway.SettledAsync();
        await connector.Service<EndpointLog>().AddAsync(connector.EndpointId,
            [new(DateTimeOffset.UtcNow, LogLevel.Error, "flow", "AnnMarker", conversation), new(DateTimeOffset.UtcNow, LogLevel.Error, "flow", "BobMarker", other)],
            Cancellation);
        var key = connector.KeyOf(conversation);
        await connector.Service<ConnectorStorage>().Conversations.UpsertEntityAsync(await connector.Service<ParkedWork>().PrepareAsync(key, new()
        {
            EventId = "AnnMarker-event",
            EventType = "MESSAGE",
            ConversationId = conversation,
            Timestamp = 1,
            ReceivedAt = 1,
            Body = new("""{"text":"AnnMarker"}"""u8.ToArray(), null),
        }, ParkedKind.Event, "x", "AnnMarker failed", Cancellation), TableUpdateMode.Replace, Cancellation);

        var url = $"/api/customers/{Uri.EscapeDataString(id)}";
        var lines = (await connector.Admin.GetStringAsync($"{url}/export", Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!.AsObject()).ToList();
        var kinds = lines.Select(line => (string)line["kind"]!).ToHashSet();
        Assert.Superset(new HashSet<string>(["profile", "conversation", "turn", "eventId", "parked", "log", "end"]), kinds);
        Assert.Equal(lines.Count - 1, (int)lines[^1]["lines"]!);
        Assert.Contains(lines, line => (string?)line["kind"] == "turn" && line.ToJsonString().Contains("AnnMarker hello", StringComparison.Ordinal));
        // Sealed at rest, open here.
        Assert.Contains(lines, line => (string?)line["kind"] == "conversation"
            && line["state"]!["session"]!["context"]!["said"]!.ToString().StartsWith("AnnMarker", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.ToJsonString().Contains("BobMarker", StringComparison.Ordinal));

        using var erased = await connector.Admin.DeleteAsync(url, Cancellation);
        Assert.Equal(HttpStatusCode.OK, erased.StatusCode);
        var receipt = (await erased.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!;
        Assert.Equal((1, 1), ((int)receipt["conversations"]!, (int)receipt["profiles"]!));
        Assert.NotNull(receipt["finishedAt"]);
        Assert.Contains("8x8", receipt["outside"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("Dashbot", receipt["outside"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ann", receipt.ToJsonString(), StringComparison.Ordinal);

        var rests = await EverythingAsync(account);
        Assert.DoesNotContain("AnnMarker", rests, StringComparison.Ordinal);
        Assert.DoesNotContain(key.Conversation, rests, StringComparison.Ordinal);
        Assert.DoesNotContain(ConversationKey.Escape(id), rests, StringComparison.Ordinal);
        Assert.Contains("BobMarker", rests, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NotFound, (await connector.Admin.GetAsync($"{url}/export", Cancellation)).StatusCode);
        Assert.Equal(receipt.ToJsonString(), (await connector.Admin.GetFromJsonAsync<JsonObject>($"/api/erasures/{receipt["id"]}", Cancellation))!.ToJsonString());
        var audit = await connector.Admin.GetStringAsync("/api/audit", Cancellation);
        Assert.Contains("customer.export", audit, StringComparison.Ordinal);
        Assert.Contains("customer.erase", audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_erasure_that_died_is_finished_by_the_sweep_and_what_is_in_flight_ends()
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: Posted.Unpumped, settings: Posted.Unsigned);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("hello"));
        await connector.ProcessAsync("c");
        await connector.PostAsync("c", "MESSAGE", Posted.Said("waits"));
        Assert.NotNull((await connector.ReadAsync("c")).Head);
        // Without a user id of 8x8's, the customer is the conversation. It was asked for, and then the process died.
        var receipt = await connector.Service<CustomerErasure>().BeginAsync(Customers.PartitionOf("c"), new(null, null, null), Cancellation);

        await connector.Service<Sweeper>().SweepAsync(Cancellation);

        Assert.NotNull((await connector.Service<CustomerErasure>().FindAsync(receipt.Id, Cancellation))!.FinishedAt);
        Assert.Empty(await connector.RowsAsync("c", ""));
        // The wake-up of what waited finds nothing to do.
        await connector.ProcessAsync("c");
        Assert.Empty(await connector.RowsAsync("c", ""));
    }

    [Fact]
    public async Task Customers_of_one_id_in_two_channels_are_told_apart()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var customers = connector.Service<Customers>();
        await connector.Service<ConnectorStorage>().ReadyAsync();
        foreach (var channel in (string[])["WebChat", "WhatsApp"])
            await customers.AddAsync(new CustomerKey("acme01", channel, "ann").Id, connector.KeyOf(channel), channel, Cancellation);

        using var unclear = await connector.Admin.DeleteAsync("/api/customers/ann", Cancellation);
        Assert.Equal(HttpStatusCode.Conflict, unclear.StatusCode);
        Assert.Contains("tenant=acme01&channel=WhatsApp", (string)(await unclear.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["detail"]!, StringComparison.Ordinal);

        using var clear = await connector.Admin.DeleteAsync("/api/customers/ann?channel=WhatsApp", Cancellation);
        Assert.Equal(HttpStatusCode.OK, clear.StatusCode);
        Assert.Equal("WebChat", Assert.Single(await customers.FindAsync(Customers.PartitionOf("ann"), Cancellation).ToListAsync(Cancellation)).ConversationId);
    }

    /// <summary>All rows, blobs and their names of an account, known to this test or not.</summary>
    private static async Task<string> EverythingAsync(string account)
    {
        var all = new StringBuilder();
        var tables = new TableServiceClient(account);
        await foreach (var table in tables.QueryAsync(cancellationToken: Cancellation))
            await foreach (var row in tables.GetTableClient(table.Name).QueryAsync<TableEntity>(cancellationToken: Cancellation))
                foreach (var (_, value) in row)
                    all.AppendLine(value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value?.ToString());
        var blobs = new Azure.Storage.Blobs.BlobServiceClient(account);
        await foreach (var container in blobs.GetBlobContainersAsync(cancellationToken: Cancellation))
            await foreach (var blob in blobs.GetBlobContainerClient(container.Name).GetBlobsAsync(cancellationToken: Cancellation))
                all.AppendLine(blob.Name).AppendLine(
                    (await blobs.GetBlobContainerClient(container.Name).GetBlobClient(blob.Name).DownloadContentAsync(Cancellation)).Value.Content.ToString());
        return all.ToString();
    }
}
