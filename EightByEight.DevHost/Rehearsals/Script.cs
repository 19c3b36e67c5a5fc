using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>Conversations that are rehearsed with one Flow.</summary>
/// <param name="Flow">Its file, relative to that of the script.</param>
internal sealed record Script(string Flow, IReadOnlyList<Scene> Scenes)
{
    /// <summary>As people read it.</summary>
    public static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Members as scripts name them.</summary>
    public static readonly JsonSerializerOptions Members = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}

/// <summary>One conversation from its beginning.</summary>
internal sealed record Scene(string Name, int Line)
{
    /// <summary>Settings of the Endpoint, as in the admin API.</summary>
    public JsonObject Endpoint { get; init; } = [];

    /// <summary>The customer as 8x8 knows them; null: 8x8 does not tell.</summary>
    public JsonObject? User { get; init; }

    public string Channel { get; init; } = "WebChat";

    /// <summary>When it begins. Default: a Monday morning.</summary>
    public DateTimeOffset Now { get; init; } = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Makes the stubs: each scene has its own, since they count.</summary>
    public Func<IReadOnlyList<Stub>> Stubs { get; init; } = () => [];

    public IReadOnlyDictionary<string, string> Translations { get; init; } = new Dictionary<string, string>();
    public string? Detected { get; init; }
    public IReadOnlyList<Beat> Beats { get; init; } = [];
}

/// <summary>One line of a conversation.</summary>
/// <param name="Shown">As it is shown when what follows is not as expected.</param>
internal abstract record Beat(int Line, int Column, string Shown);

/// <summary>Something happens.</summary>
internal sealed record Event(int Line, int Column, string Shown, Func<Rehearsal, CancellationToken, Task> HappenAsync) : Beat(Line, Column, Shown);

/// <summary>The bot is to say that.</summary>
internal sealed record Saying(int Line, int Column, string Shown, Expected Expected) : Beat(Line, Column, Shown);

/// <summary>That is to be so by now.</summary>
internal sealed record Fact(int Line, int Column, JsonObject Expected) : Beat(Line, Column, "expect");
