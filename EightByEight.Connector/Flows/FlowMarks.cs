using System.Text.Json.Nodes;
using EightByEight.Connector.Translation;

namespace EightByEight.Connector.Flows;

/// <summary>What the engine itself remembers of a session: what ran once, which alternative was said last, and the like.</summary>
public sealed record FlowMarks
{
    /// <summary>How often or when something happened, by what it is.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; set; } = new Dictionary<string, long>();

    /// <summary>The state that <c>setState</c> set; null: none.</summary>
    public string? State { get; set; }

    /// <summary>Minutes that <c>setSessionExpiration</c> gave the session; null: as the Endpoint's settings say.</summary>
    public double? ExpirationMinutes { get; set; }

    /// <summary>The locale that <c>setLocale</c> set; null: the Endpoint's.</summary>
    public string? Locale { get; set; }

    /// <summary>What <c>setTranslation</c> changed; null: nothing.</summary>
    public TranslationChange? Translation { get; set; }

    /// <summary>The question that the next inputs may answer by the way; null: none.</summary>
    public PendingQuestion? Pending { get; set; }

    /// <summary>What agents that live elsewhere left to be kept, by Flow and step; null: nothing.</summary>
    public IReadOnlyDictionary<string, JsonObject>? Agents { get; set; }
}

/// <summary>An <c>optionalQuestion</c> that was asked.</summary>
/// <param name="Flow">The Flow in which it stands.</param>
/// <param name="Step">Its path there.</param>
/// <param name="Inputs">How many inputs may still answer it.</param>
public sealed record PendingQuestion(string Flow, string Step, int Inputs);
