using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Functions.Tests.Infrastructure;

namespace EightByEight.Functions.Tests.Simulator;

/// <summary>
/// Every event that 8x8 documents, has documented, or may yet send (<c>Simulator/Examples</c>), posted signed to a running
/// connector.
/// </summary>
public sealed class ExampleEventTests(ExampleEventTests.SharedConnector shared) : IClassFixture<ExampleEventTests.SharedConnector>
{
    private const string Folder = "EightByEight.Functions.Tests/Simulator/Examples";
    private const string NoTurn = "(no turn)";

    /// <summary>What each example is to a Flow: its text, or no turn.</summary>
    private static readonly Dictionary<string, string> s_means = new()
    {
        ["conversation-update-created"] = NoTurn,
        ["conversation-update-active-whatsapp"] = NoTurn,
        ["conversation-update-queue"] = NoTurn,
        ["conversation-update-agent"] = NoTurn,
        ["conversation-update-idle"] = NoTurn,
        ["conversation-update-upper-case"] = NoTurn,
        ["conversation-update-empty"] = NoTurn,
        ["queued"] = NoTurn,
        ["members-changed-agent-joined"] = NoTurn,
        ["members-changed-agent-left"] = NoTurn,
        ["members-changed-user-joined"] = NoTurn,
        ["members-changed-user-left"] = NoTurn,
        ["transfer"] = NoTurn,
        ["message-user"] = "Grüße 😀 a/b <x>",
        ["message-without-sender-type"] = "Who am I?",
        ["message-echo"] = NoTurn,
        ["message-echo-without-sender-type"] = NoTurn,
        ["message-agent"] = NoTurn,
        ["message-agent-marked-as-echo"] = NoTurn,
        ["message-system"] = NoTurn,
        ["message-attachments"] = "My photo",
        ["message-attachment-id-only"] = "",
        ["message-cards"] = "See",
        ["activity-typing"] = NoTurn,
        ["activity-typing-stopped"] = NoTurn,
        ["activity-read-receipts"] = NoTurn,
        ["activity-card-submit"] = "",
        ["activity-card-submit-postback"] = "track",
        ["activity-card-execute"] = "",
        ["activity-quick-reply"] = "track",
        ["activity-quick-reply-without-payload"] = "Track order",
        ["activity-button-reply"] = "yes",
        ["activity-list-reply"] = "large",
        ["activity-flow-reply"] = "",
        ["activity-suggestion"] = "call",
        ["activity-unknown"] = NoTurn,
        ["unknown-event"] = NoTurn,
        ["message-without-data"] = "",
        ["legacy-agent-joined"] = NoTurn,
        ["legacy-agent-left"] = NoTurn,
        ["legacy-text"] = NoTurn,
    };

    public static TheoryData<string> Examples => [.. s_means.Keys];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task An_example_is_acknowledged_stored_and_means_what_8x8_says(string example)
    {
        var connector = shared.Connector;
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();

        var (attempt, eventId) = await connector.Gateway.PostEventAsync(shared.WebhookId, Bytes(example, conversation));

        Assert.Equal(200, attempt.Status);
        Assert.True(await shared.IsStoredAsync(conversation, eventId), "The event is not stored.");
        var view = await Eventually.GetAsync(
            () => connector.ViewAsync(conversation),
            view => (int)view["waiting"]! == 0 && view["sending"] is null && view["retryAt"] is null, "nothing waits", null, connector.Logs);
        var turns = view["turns"]!.AsArray().Select(turn => $"{turn!["eventId"]} {turn["text"] ?? ""}");
        Assert.Equal(s_means[example] == NoTurn ? [] : [$"{eventId} {s_means[example]}"], turns);
        Assert.Null(view["lastError"]);
        Assert.Equal(
            s_means[example] == NoTurn ? [] : [$"You said: {s_means[example]}"],
            await Eventually.GetAsync(
                () => connector.BotSaid(conversation), said => said.Count >= (s_means[example] == NoTurn ? 0 : 1), "the answer"));
        Assert.Empty(await connector.ParkedAsync(0));
    }

    [Fact]
    public async Task A_connection_is_tested_without_a_trace()
    {
        var (attempt, _) = await shared.Connector.Gateway.PostEventAsync(shared.WebhookId, Bytes("verify", conversation: null));

        Assert.Equal(200, attempt.Status);
        Assert.Equal("", attempt.Response);
    }

    [Fact]
    public void Every_example_has_a_meaning() => Assert.Equal(
        s_means.Keys.Append("verify").Order(StringComparer.Ordinal),
        Directory.EnumerateFiles(Path.Combine(Repository.Root, Folder), "*.json")
            .Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    /// <summary>The example, as said in this conversation and now: old news would change nothing.</summary>
    private static byte[] Bytes(string example, string? conversation)
    {
        var json = JsonNode.Parse(Repository.Read($"{Folder}/{example}.json"))!;
        if (conversation is not null)
        {
            json["conversationId"] = conversation;
            json["timestamp"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 100;
        }

        return Encoding.UTF8.GetBytes(json.ToJsonString(new JsonSerializerOptions
        {
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }));
    }

    /// <summary>One connector for all examples; each has a conversation of its own.</summary>
    public sealed class SharedConnector(AzuriteFixture azurite) : IAsyncLifetime
    {
        private readonly string _storage = azurite.NewAccount();

        public TestConnector Connector { get; private set; } = null!;

        public string WebhookId => Connector.Gateway.Webhooks[0].Id;

        public async ValueTask InitializeAsync() => Connector = await TestConnector.StartAsync(
            azurite, """
                name: example
                start:
                  - say: "You said: {{ input.text }}"
                """, storage: _storage);

        public ValueTask DisposeAsync() => Connector.DisposeAsync();

        public async Task<bool> IsStoredAsync(string conversation, string eventId)
        {
            var partition = ConversationKey.Of(Connector.EndpointId, conversation).ToString();
            var rows = new TableClient(_storage, "Conversations").QueryAsync<TableEntity>(
                row => row.PartitionKey == partition, cancellationToken: TestContext.Current.CancellationToken);
            await foreach (var row in rows)
                if (row.RowKey.EndsWith($"|{eventId}", StringComparison.Ordinal)) return true;
            return false;
        }
    }
}
