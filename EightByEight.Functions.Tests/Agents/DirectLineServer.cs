using System.Globalization;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>A Direct Line on loopback whose bot answers as the test says, and speaks whenever the test wants.</summary>
internal sealed class DirectLineServer : IAsyncDisposable
{
    private readonly List<string> _activities = [];
    private AgentServer _server = null!;

    public string Url => _server.Url;

    /// <summary>What the bot says at once to a text.</summary>
    public Func<string, string[]> Answers { get; set; } = text => [Message($"You said {text}.")];

    /// <summary>Is called before a look is answered.</summary>
    public Action Looked { get; set; } = () => { };

    /// <summary>Whether nobody can look what it says.</summary>
    public bool IsDown { get; set; }

    /// <summary>How often it was looked what the bot says.</summary>
    public int Looks => _server.Calls.Count(call => call.Method == "GET");

    /// <summary>What the customer said.</summary>
    public IReadOnlyList<string> Heard =>
        [.. _server.Calls.Where(call => call.Method == "POST" && call.Path.EndsWith("/activities", StringComparison.Ordinal)).Select(call => (string)call.Json["text"]!)];

    public static string Message(string text) => $$"""{"type":"message","from":{"id":"bot"},"text":"{{text}}"}""";

    public static async Task<DirectLineServer> StartAsync()
    {
        var line = new DirectLineServer();
        line._server = await AgentServer.StartAsync(line.Answer);
        return line;
    }

    /// <summary>The bot speaks without being asked.</summary>
    public void Say(params string[] activities)
    {
        lock (_activities) _activities.AddRange(activities);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private (int, string) Answer(AgentServer.Call call)
    {
        if (call.Path.EndsWith("/conversations", StringComparison.Ordinal)) return (201, """{"conversationId":"conv"}""");
        if (call.Method == "POST")
        {
            Say([call.Body, .. Answers((string)call.Json["text"]!)]);
            return (200, """{"id":"1"}""");
        }

        Looked();
        if (IsDown) return (503, "");
        var at = call.Path.IndexOf("watermark=", StringComparison.Ordinal);
        var from = at < 0 ? 0 : int.Parse(call.Path[(at + "watermark=".Length)..], CultureInfo.InvariantCulture);
        lock (_activities)
            return (200, $$"""{"activities":[{{string.Join(',', _activities.Skip(from))}}],"watermark":"{{_activities.Count}}"}""");
    }
}
