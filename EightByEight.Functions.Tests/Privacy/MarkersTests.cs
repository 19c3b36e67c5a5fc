using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using EightByEight.Functions.Tests.Analytics;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>
/// What is masked is masked wherever it rests or is shown. Markers go in by every way that there is; then all tables, queues and blobs of
/// the account are searched, known to this test or not, and all that was logged, traced and shown.
/// </summary>
public sealed class MarkersTests(AzuriteFixture azurite)
{
    private static readonly string[] Markers =
        ["TextMarker", "NameMarker", "MailMarker", "IdMarker", "10.9.8.77", "FileMarker", "PayloadMarker", "DataMarker", "ParkedMarker", "LongMarker", "AgentMarker", "SecretMarker"];

    private const string Flow = """
        name: markers
        start:
          - track: { goal: "goal {{ input.text }}", custom: { who: "{{ input.user.name }}", mail: "{{ profile.mail }}" } }
          - log: "{{ input.text }} of {{ input.user.name }} ({{ input.userId }}), {{ profile.mail }}, {{ context.last }}"
          - set: { context.last: "{{ input.text }} {{ input.user.name }}", profile.mail: "{{ input.user.email }}" }
          - say: "You said {{ input.text }}, {{ input.user.name }} from {{ input.user.ipaddress }}"
          - say: { text: "More? {{ (() => { throw new Error(input.text) })() }}", quickReplies: [ { title: "NameMarker", payload: "PayloadMarker" } ] }
          - if: "(() => { if (input.text.includes('fail')) throw new Error('quoting ' + input.text); return true })()"
            then:
              - question: { text: "And then, {{ context.last }}?", saveTo: context.answer }
        """;

    [Fact]
    public async Task No_marker_is_found_anywhere_while_events_are_worked_on_or_afterwards()
    {
        var traced = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is EightByEight.Connector.Telemetry.Name or "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = a => traced.Enqueue(string.Join(' ',
                a.TagObjects.Select(t => $"{t.Key}={t.Value}").Append(a.StatusDescription).Concat(a.Events.Select(e => e.Name)))),
        };
        ActivitySource.AddActivityListener(listener);
        var storage = azurite.NewAccount();
        await using var tracker = await TestTracker.StartAsync();
        await using var connector = await TestConnector.StartAsync(azurite, Flow, new JsonObject
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["dataProtection"] = new JsonObject
            {
                ["collectConversations"] = false,
                ["maskSensitiveAnalytics"] = true,
                ["dashbot"] = new JsonObject { ["apiKey"] = "SecretMarker" },
            },
            ["transformers"] = new JsonObject
            {
                ["output"] = true,
                ["source"] = "createWebhookTransformer({ handleOutput: async ({ processedOutput }) => { console.log(JSON.stringify(processedOutput)); return processedOutput; } });",
            },
        }, storage: storage, options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Conversations:MaxAttempts"] = "2", ["Connector:Dashbot:BaseUrl"] = tracker.Url });

        // Nothing can be sent yet, so that the first turn's outputs rest.
        var hold = Fault.Refuse(Operations.SendMessage, 503, times: 1_000);
        connector.Gateway.Faults.Add(hold);
        var conversation = connector.Start("TextMarker", user: """
            {"userId":"IdMarker","name":"NameMarker","email":"MailMarker@x.de","ipaddress":"10.9.8.77","additionalProperties":[{"key":"ipaddress","value":"10.9.8.77"}]}
            """);
        await Eventually.GetAsync(async () => await connector.RowsAsync(conversation, "6|"), rows => rows.Count > 0, "a turn in the outbox", null, connector.Logs);
        await connector.PostAsync(conversation, "MESSAGE", new JsonObject
        {
            ["sender"] = new JsonObject { ["type"] = "user" },
            ["text"] = "LongMarker " + new string('x', 40_000),
            ["attachments"] = new JsonArray(new JsonObject { ["id"] = "a", ["fileName"] = "FileMarker.png", ["preSignedUrl"] = "https://x.invalid/FileMarker" }),
            ["more"] = "DataMarker",
        });
        await NothingShowsAsync(connector, storage, conversation, traced, tracker);

        connector.Gateway.Faults.Clear();
        await connector.PostAsync(conversation, "ACTIVITY", new JsonObject
        {
            ["name"] = "quickReply/action",
            ["value"] = new JsonObject { ["title"] = "NameMarker", ["payload"] = "PayloadMarker" },
        });
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("fail TextMarker"));
        await connector.SettledAsync(conversation, 4);
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("fail TextMarker again"));
        var view = await connector.SettledAsync(conversation, 5);
        Assert.Equal("***", (string?)view["turns"]![4]!["failure"]!["message"]);
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("AgentMarker", "agent"));
        await connector.PostAsync(conversation, "MESSAGE", null, raw:
            """{"eventType":"MESSAGE","conversationId":"ID","data":{"sender":{"type":"user"},"text":"ParkedMarker \ud800"}}""".Replace("ID", conversation));
        await connector.ParkedAsync(1);
        await connector.SettledAsync(conversation, 5);

        Assert.Contains(connector.BotSaid(conversation), said => said.Contains("TextMarker", StringComparison.Ordinal));
        Assert.Contains(connector.BotSaid(conversation), said => said.Contains("from ***", StringComparison.Ordinal));
        Assert.Empty(await connector.RowsAsync(conversation, "6|"));
        Assert.NotEmpty(await connector.RowsAsync(conversation, "9|"));
        await connector.Service<EightByEight.Connector.Conversations.Sweeper>().SweepAsync(TestContext.Current.CancellationToken);
        var analytics = await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/analytics", TestContext.Current.CancellationToken);
        Assert.Contains("goal ***", analytics, StringComparison.Ordinal);
        Assert.NotEmpty(tracker.Told);
        var log = await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/log", TestContext.Current.CancellationToken);
        Assert.Contains("*** of ***", log, StringComparison.Ordinal);
        await NothingShowsAsync(connector, storage, conversation, traced, tracker);
    }

    private static async Task NothingShowsAsync(
        TestConnector connector, string storage, string conversation, IEnumerable<string> traced, TestTracker tracker)
    {
        var found = new List<string>();
        var looked = 0;
        void Look(string where, string text)
        {
            looked++;
            foreach (var marker in Markers)
                if (text.Contains(marker, StringComparison.OrdinalIgnoreCase)
                    || text.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes(marker))[..^4], StringComparison.Ordinal)) found.Add($"{marker} in {where}");
        }

        var cancellation = TestContext.Current.CancellationToken;
        var tables = new TableServiceClient(storage);
        await foreach (var table in tables.QueryAsync(cancellationToken: cancellation))
            // The bot's author wrote the Flow.
            if (table.Name != "Flows")
                await foreach (var row in tables.GetTableClient(table.Name).QueryAsync<TableEntity>(cancellationToken: cancellation))
                    foreach (var (name, value) in row)
                        Look($"table {table.Name} {row.RowKey} {name}", value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : $"{value}");
        var blobs = new BlobServiceClient(storage);
        await foreach (var container in blobs.GetBlobContainersAsync(cancellationToken: cancellation))
            await foreach (var blob in blobs.GetBlobContainerClient(container.Name).GetBlobsAsync(cancellationToken: cancellation))
            {
                try
                {
                    var content = await blobs.GetBlobContainerClient(container.Name).GetBlobClient(blob.Name).DownloadContentAsync(cancellation);
                    Look($"blob {container.Name}/{blob.Name}", blob.Name + Encoding.UTF8.GetString(content.Value.Content));
                }
                catch (Azure.RequestFailedException gone) when (gone.Status == 404)
                {
                    // Done with meanwhile.
                }
            }

        var queues = new QueueServiceClient(storage);
        await foreach (var queue in queues.GetQueuesAsync(cancellationToken: cancellation))
            foreach (var message in (await queues.GetQueueClient(queue.Name).PeekMessagesAsync(32, cancellation)).Value)
                Look($"queue {queue.Name}", message.MessageText + Encoding.UTF8.GetString(Convert.FromBase64String(message.MessageText)));
        foreach (var line in connector.Logs.Lines) Look($"log: {line}", line);
        foreach (var tags in traced) Look($"trace: {tags}", tags);
        // The key is meant for Dashbot.
        foreach (var (_, body) in tracker.Told) Look($"Dashbot: {body}", body.ToJsonString());
        var own = $"/api/endpoints/{connector.EndpointId}";
        foreach (var page in (string[])["/api/parked", own, $"{own}/log", $"{own}/analytics", $"{own}/analytics?format=csv", $"{own}/analytics/daily", $"/api/endpoints/{connector.EndpointId}/conversations",
                     $"/api/endpoints/{connector.EndpointId}/conversations/{conversation}", "/api/audit"])
            Look(page, await connector.Admin.GetStringAsync(page, cancellation));
        Assert.True(looked > 50, $"Only {looked} places were looked at.");
        Assert.True(found.Count == 0, string.Join('\n', found.Distinct().Take(20)));
    }
}
