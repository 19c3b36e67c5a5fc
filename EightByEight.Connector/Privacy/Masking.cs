using System.Collections.Frozen;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Privacy;

/// <summary>How much of a turn its transcript keeps to itself.</summary>
internal enum Hidden
{
    /// <summary>What the customer said, and what an error may quote of it.</summary>
    Input,

    /// <summary>What the bot said, too.</summary>
    All,
}

/// <summary>Replaces what is not to be seen by asterisks.</summary>
internal static partial class Masking
{
    /// <summary>What stands for something masked.</summary>
    public const string Mask = "***";

    /// <summary>Shorter values are in too many words to be told from them.</summary>
    private const int Shortest = 3;

    /// <summary>How 8x8, channels and authors name an IP address. Source: 8x8, Chat Gateway: <c>user.ipaddress</c>.</summary>
    private static readonly FrozenSet<string> AddressNames = FrozenSet.ToFrozenSet(
        ["ip", "ipaddress", "ipAddress", "ip_address", "ip-address", "clientIp", "client_ip", "remoteIp", "remoteAddress"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Masks the IP addresses in an object, however deep.</summary>
    public static void MaskAddresses(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) MaskAddresses(item);
            return;
        }

        if (node is not JsonObject members) return;
        foreach (var (name, value) in members.ToArray())
        {
            if (AddressNames.Contains(name) && value is JsonValue) members[name] = Mask;
            // 8x8's additional properties: { "key": "ipaddress", "value": "…" }.
            else if (name == "value" && value is JsonValue && members["key"] is JsonValue key && key.TryGetValue(out string? named)
                && AddressNames.Contains(named)) members[name] = Mask;
            else MaskAddresses(value);
        }
    }

    /// <summary>A turn that knows what its transcript keeps to itself.</summary>
    public static Conversations.Turn Of(Conversations.Turn turn, DataProtectionSettings settings, Session? session) => turn with
    {
        Hides = turn.Hides ?? settings.HidesOf(session?.Blind == true),
        ShowsTagsAsText = settings.HideExternalReferences,
    };

    /// <summary>A turn as its transcript shows it.</summary>
    public static Conversations.Turn Shown(Conversations.Turn turn)
    {
        if (turn.ShowsTagsAsText && turn.Text is { } text) turn = turn with { Text = WithoutReferences(text) };
        if (turn.Hides is not { } hidden) return turn;
        return turn with
        {
            Text = turn.Text is null ? null : Mask,
            Outputs = hidden == Hidden.All ? Masked(turn.Outputs) : turn.Outputs,
            Unsent = hidden == Hidden.All && turn.Unsent is { } unsent ? Masked(unsent) : turn.Unsent,
            Failure = turn.Failure is { } failure ? failure with { Message = Mask } : null,
            Warnings = turn.Warnings is { } warnings ? [.. warnings.Select(w => w with { Message = Mask })] : null,
        };
    }

    /// <summary>Tags that load or link something from elsewhere, as text: whatever shows the transcript loads nothing.</summary>
    public static string WithoutReferences(string text) => !text.Contains('<', StringComparison.Ordinal) ? text : Reference.Replace(
        text, tag => tag.Value.Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal));

    /// <summary>A line of a log without what the customer said: each of these values is masked wherever it is quoted.</summary>
    /// <param name="said">The customer's text, id, and the texts in the data.</param>
    public static string WithoutQuotes(string line, IEnumerable<string?> said)
    {
        foreach (var value in said.OfType<string>().Where(v => v.Trim().Length >= Shortest).OrderByDescending(v => v.Length))
            line = line.Replace(value, Mask, StringComparison.OrdinalIgnoreCase);
        return line;
    }

    /// <summary>All that an input holds of its customer, for <see cref="WithoutQuotes"/>.</summary>
    public static IEnumerable<string?> Said(JsonNode? input) => input switch
    {
        JsonObject members => members.Where(m => m.Key is "text" or "userId" or "user" or "data" or "result").SelectMany(m => Leaves(m.Value)),
        _ => [],
    };

    private static IEnumerable<string?> Leaves(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(m => m.Key is "eventType" or "conversationId" or "type" ? [] : Leaves(m.Value)),
        JsonArray items => items.SelectMany(Leaves),
        JsonValue value => [value.ToString()],
        _ => [],
    };

    private static IReadOnlyList<OutgoingMessage> Masked(IReadOnlyList<OutgoingMessage> messages) =>
        [.. messages.Select(_ => new OutgoingMessage(Text: Mask))];

    [GeneratedRegex(@"</?(?:a|img|link|image|video|audio|source|track|picture|iframe|frame|embed|object|script|style|svg|base|form|input|area|body|table|td|th)\b[^<>]*>?", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Reference { get; }
}
