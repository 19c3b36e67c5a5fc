using System.Text;
using System.Text.Json;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Requests;

/// <summary>Asks a server over HTTP. At most one of <see cref="Json"/>, <see cref="Form"/> and <see cref="Text"/> is its body.</summary>
internal sealed record HttpCall(string Method, Uri Url) : FlowRequest
{
    /// <summary>The longest time in which an answer may come, in seconds: the turn holds a lease meanwhile.</summary>
    public const int LongestTimeout = 40;

    /// <summary>The largest answer that may be allowed, in bytes.</summary>
    public const int MostBytes = 1024 * 1024;

    /// <summary>By their names.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>May be the JSON null, which is a body, too.</summary>
    public JsonElement? Json { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>>? Form { get; init; }

    public string? Text { get; init; }

    /// <summary>The connection with the credentials; null: none.</summary>
    public string? Connection { get; init; }

    /// <summary>For all attempts together, in seconds.</summary>
    public int TimeoutSeconds { get; init; } = 8;

    /// <summary>How often it is tried again when the server could not answer.</summary>
    public int Retries { get; init; }

    /// <summary>The largest answer, in bytes.</summary>
    public int MaxBytes { get; init; } = 64 * 1024;

    /// <summary>How long the same answer serves, in seconds; 0: never.</summary>
    public int CacheSeconds { get; init; }

    /// <summary>Whether nobody waits for the answer.</summary>
    public bool IsAsync { get; init; }

    /// <summary>The same when the turn is repeated, and else never.</summary>
    public string IdempotencyKey { get; init; } = "";

    /// <summary>Why a header cannot have a value; null: it can.</summary>
    public static string? FaultOf(string header, string value)
    {
        foreach (var rune in value.EnumerateRunes())
        {
            if (Rune.IsControl(rune)) return $"The header '{header}' cannot hold a line break or another control character.";
            if (!rune.IsAscii) return $"The header '{header}' cannot hold '{rune}', only ASCII: write it as encodeURIComponent does, for one.";
        }

        return null;
    }
}
