namespace EightByEight.Connector.Agents;

/// <summary>A virtual agent that lives elsewhere, as a Flow names it.</summary>
/// <param name="Kind">How it is spoken to.</param>
/// <param name="Url">Where it is.</param>
internal sealed record AgentSettings(AgentKind Kind, Uri Url)
{
    /// <summary>The longest time in which an answer may come, in seconds.</summary>
    public const int LongestTimeout = 40;

    /// <summary>The connection that holds its credentials; null: it wants none.</summary>
    public string? Connection { get; init; }

    /// <summary>Where a token of Direct Line is had without its secret, as Copilot Studio gives them; null: by the connection.</summary>
    public Uri? TokenUrl { get; init; }

    /// <summary>How long it may take with an answer, in seconds; its attempts together.</summary>
    public int TimeoutSeconds { get; init; } = 20;

    /// <summary>The model of a chat endpoint.</summary>
    public string? Model { get; init; }

    /// <summary>How freely a chat endpoint answers, 0 to 2; null: as it does by itself.</summary>
    public double? Temperature { get; init; }

    /// <summary>How long a chat endpoint's answer may be, in tokens; null: as it does by itself.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>How many messages of the conversation a chat endpoint is told again.</summary>
    public int History { get; init; } = 20;

    /// <summary>The agent without what its URL may hold in secrets.</summary>
    public string Name => $"The agent ({Kind}) at {Url.Authority}";
}

/// <summary>How a virtual agent is spoken to.</summary>
internal enum AgentKind
{
    /// <summary>A REST or Webhook Endpoint of Cognigy.AI.</summary>
    Cognigy,

    /// <summary>The REST channel of Rasa.</summary>
    Rasa,

    /// <summary>Bot Framework Direct Line 3.0, as Copilot Studio and Azure Bot offer it.</summary>
    DirectLine,

    /// <summary>A chat endpoint as OpenAI's.</summary>
    OpenAI,

    /// <summary>Any server that takes our own JSON.</summary>
    Webhook,
}
