using System.Text.Json.Nodes;

namespace EightByEight.Connector.Understanding;

/// <summary>What a Flow understands of one input.</summary>
internal sealed record Heard
{
    /// <summary>The Flow's understanding that heard it; null: none did, and the customer named an intent outright.</summary>
    public Listener? By { get; init; }

    /// <summary>What the customer wants; null: it was not recognised.</summary>
    public string? Intent { get; init; }

    /// <summary>How sure that is, or of what would have been the best, 0 to 1; null: nothing recognises.</summary>
    public double? Score { get; init; }

    /// <summary>Whether an intent was recognised; null: nothing recognises.</summary>
    public bool? IsUnderstood { get; init; }

    /// <summary>The intent that it would have been in another state; null: none.</summary>
    public string? OutOfState { get; init; }

    /// <summary>What it may mean, the best first, at most three.</summary>
    public IReadOnlyList<(string Intent, double Score)> Guesses { get; init; } = [];

    /// <summary>What was found in it, by the name of the slot.</summary>
    public JsonObject Slots { get; init; } = [];
}
