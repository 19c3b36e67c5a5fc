using System.Text.Json;
using System.Text.Json.Serialization;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Connections;

namespace EightByEight.Connector.Understanding;

/// <summary>What understands for an Endpoint, in place of what its Flow says under <c>nlu</c>.</summary>
public sealed record NluSettings
{
    /// <summary>The Flow's own examples.</summary>
    private const string Examples = "examples";

    private const string None = "none";
    private const int UsualTimeout = 5;

    /// <summary><c>none</c>, <c>examples</c> (the Flow's own), <c>rasa</c> or <c>openai</c>.</summary>
    public string Provider { get; init; } = Examples;

    /// <summary>The base of the service; null where none is asked.</summary>
    public string? Url { get; init; }

    /// <summary>Of <c>openai</c>.</summary>
    public string? Model { get; init; }

    /// <summary>The connection with its credentials; null: none.</summary>
    public string? Connection { get; init; }

    /// <summary>For the whole answer, in seconds, 1 to 30.</summary>
    public int TimeoutSeconds { get; init; } = UsualTimeout;

    /// <summary>From which score an intent counts, 0 to 1; null: as the Flow says.</summary>
    public double? Threshold { get; init; }

    /// <summary>Whether nothing is understood but what an input names outright.</summary>
    [JsonIgnore]
    internal bool IsOff => Provider == None;

    /// <summary>What is asked; null: nobody is.</summary>
    [JsonIgnore]
    internal NluService? Service => Url is null ? null
        : new(Provider, new Uri(Url), Model, TimeSpan.FromSeconds(TimeoutSeconds), Line: 0) { Connection = Connection };

    /// <summary>Null: the Flow decides.</summary>
    internal static NluSettings? Read(JsonMembers all)
    {
        if (all.Value("nlu") is null or { ValueKind: JsonValueKind.Null }) return null;
        var body = all.Object("nlu");
        var settings = new NluSettings
        {
            Provider = body.Word("provider", "", None, Examples, NluService.Rasa, NluService.OpenAI),
            Url = body.String("url", 500),
            Model = body.String("model", 200),
            Connection = body.String("connection", 64),
            TimeoutSeconds = body.Number("timeoutSeconds", 1, 30, UsualTimeout),
            Threshold = body.Share("threshold"),
        };
        if (settings.Provider.Length == 0 && !body.Has("provider")) body.Refuse("provider", "Is required; without nlu the Flow decides.");
        Check(settings, body);
        body.RefuseOthers();
        return settings;
    }

    private static void Check(NluSettings settings, JsonMembers body)
    {
        if (settings.Provider is NluService.Rasa or NluService.OpenAI)
        {
            if (settings.Url is null) body.Refuse("url", $"Is required with {settings.Provider}.");
            else if (UrlSecrets.Fault(settings.Url) is { } secret) body.Refuse("url", $"It {secret}");
            else if (!NluService.IsUrl(settings.Url, out _)) body.Refuse("url", "Must be an absolute URL without a user, such as \"https://rasa.example.com\".");
        }
        else
        {
            if (settings.Url is not null) body.Refuse("url", "Belongs to the providers rasa and openai.");
            if (settings.Connection is not null) body.Refuse("connection", "Belongs to the providers rasa and openai.");
        }

        if (settings.Provider == NluService.OpenAI && settings.Model is null) body.Refuse("model", "Is required with openai, such as \"gpt-4o-mini\".");
        if (settings.Provider != NluService.OpenAI && settings.Model is not null) body.Refuse("model", "Belongs to the provider openai.");
        if (settings.Connection is { } name && !FlowRoutes.IsName(name)) body.Refuse("connection", "Cannot be the name of a connection.");
    }
}
