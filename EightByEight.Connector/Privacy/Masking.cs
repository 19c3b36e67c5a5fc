using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Translation;

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

    /// <summary>So many characters of a longer value are enough to know it by.</summary>
    private const int Beginning = 16;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>How 8x8, channels and authors name an IP address. Source: 8x8, Chat Gateway: <c>user.ipaddress</c>.</summary>
    private static readonly FrozenSet<string> AddressNames = FrozenSet.ToFrozenSet(
        ["ip", "ipaddress", "ipAddress", "ip_address", "ip-address", "clientIp", "client_ip", "remoteIp", "remoteAddress"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Members that name a kind, or something of 8x8's.</summary>
    private static readonly FrozenSet<string> Kinds = FrozenSet.ToFrozenSet(
        ["eventType", "conversationId", "type", "eventId", "authorType", "contentType", "channelId", "tenantId", "timestamp"]);

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

    /// <summary>The customer's IP address, as 8x8 tells it in an input's <c>user</c>; null: it does not.</summary>
    public static string? AddressOf(JsonObject input) =>
        (input["user"] as JsonObject)?.FirstOrDefault(m => AddressNames.Contains(m.Key) && m.Value is JsonValue).Value?.ToString();

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
            Warnings = turn.Warnings is { } warnings ? [.. warnings.Select(w => TurnTranslation.IsWarning(w) ? w : w with { Message = Mask })] : null,
        };
    }

    /// <summary>Tags that load or link something from elsewhere, as text: whatever shows the transcript loads nothing.</summary>
    public static string WithoutReferences(string text) => !text.Contains('<', StringComparison.Ordinal) ? text : Reference.Replace(
        text, tag => tag.Value.Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal));

    /// <summary>
    /// A line of a log without what the customer said: each of these values is masked wherever it is quoted, but for a name or a number
    /// that is only a part of another word, which would be told by what is left of that.
    /// </summary>
    /// <param name="said">The customer's text, id, and the texts in the data.</param>
    public static string WithoutQuotes(string line, IEnumerable<string?> said)
    {
        var values = said.OfType<string>().Distinct().Select(Quoted).ToArray();
        foreach (var quote in values.SelectMany(quotes => quotes).Distinct().OrderByDescending(quote => quote.Form.Length)) line = Without(line, quote);
        foreach (var quotes in values) line = WithoutBeginning(line, quotes);
        return line;
    }

    /// <summary>Whether the bot says something of that.</summary>
    /// <param name="said">See <see cref="WithoutQuotes"/>.</param>
    public static bool Quotes(Conversations.Turn turn, IEnumerable<string?> said)
    {
        if (turn.Outputs.Count == 0) return false;
        var line = JsonSerializer.Serialize(turn.Outputs, ConversationJson.Default.IReadOnlyListOutgoingMessage);
        return WithoutQuotes(line, said) != line;
    }

    /// <summary>How a line may quote a value.</summary>
    /// <param name="BeginsWord">Whether no word may go on where it begins: it is short, and the value begins with a character of a word.</param>
    /// <param name="EndsWord">Whether none may where it ends.</param>
    private readonly record struct Quote(string Form, bool BeginsWord, bool EndsWord);

    /// <summary>How a line may quote a value: as it is, trimmed, and as JavaScript and .NET write it in JSON, and in JSON within JSON.</summary>
    private static Quote[] Quoted(string value)
    {
        var trimmed = value.Trim();
        if (trimmed.Length < Shortest) return [];
        return [.. ((string[])[value, trimmed]).Distinct().SelectMany(said => ((string[])
            [said, Escaped(said), Escaped(Escaped(said)), JavaScriptEncoder.Default.Encode(said), JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(said)])
            .Distinct().Select(form => new Quote(form, IsShort(form) && IsOfWord(said[0]), IsShort(form) && IsOfWord(said[^1]))))];
    }

    /// <summary>Whether only the whole of it tells it from other words. What is longer is masked wherever it begins.</summary>
    private static bool IsShort(string form) => form.Length <= Beginning;

    private static string Without(string line, Quote quote)
    {
        StringBuilder? masked = null;
        var done = 0;
        for (var from = 0; line.IndexOf(quote.Form, from, StringComparison.OrdinalIgnoreCase) is >= 0 and var at;)
        {
            var end = at + quote.Form.Length;
            from = at + 1;
            if ((quote.BeginsWord && GoesOnAt(line, at)) || (quote.EndsWord && end < line.Length && IsOfWord(line[end]))) continue;
            (masked ??= new()).Append(line, done, at - done).Append(Mask);
            from = done = end;
        }

        return masked is null ? line : masked.Append(line, done, line.Length - done).ToString();
    }

    /// <summary>Whether a word goes on at a place: what stands before it is of a word, and no escape such as <c>\n</c>, <c>\u0022</c> or <c>%20</c>.</summary>
    private static bool GoesOnAt(string line, int at) => at > 0 && IsOfWord(line[at - 1]) && !EndsInEscape(line.AsSpan(0, at));

    private static bool EndsInEscape(ReadOnlySpan<char> before) =>
        before is [.., '\\', 'n' or 'r' or 't' or 'b' or 'f']
        || (before is [.., '%', _, _] && IsHex(before[^2..]))
        || (before is [.., '\\', 'u', _, _, _, _] && IsHex(before[^4..]));

    private static bool IsHex(ReadOnlySpan<char> digits) => !digits.ContainsAnyExcept(HexDigits);

    /// <summary>A digit, or a letter of a script that sets words apart; letters without case may be words with no gap between them.</summary>
    private static bool IsOfWord(char character) => char.IsDigit(character) || char.IsUpper(character) || char.IsLower(character);

    /// <summary>A text as <c>JSON.stringify</c> writes it.</summary>
    private static string Escaped(string text) => MustBeEscaped.Replace(text, found => found.ValueSpan[0] switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' and var control => $"\\u{(int)control:x4}",
        _ => "\\" + found.Value,
    });

    /// <summary>Of something long an error may quote only how it begins.</summary>
    private static string WithoutBeginning(string line, Quote[] quotes)
    {
        if (quotes.All(quote => IsShort(quote.Form))) return line;
        var forms = quotes.Select(quote => quote.Form).ToArray();
        foreach (var beginning in forms.Where(form => !IsShort(form)).Select(form => form[..Beginning]).Distinct())
            while (line.IndexOf(beginning, StringComparison.OrdinalIgnoreCase) is >= 0 and var at)
                line = string.Concat(line.AsSpan(0, at), Mask, line.AsSpan(at + forms.Max(form => Common(line, at, form))));
        return line;
    }

    /// <summary>How many characters of a line from a place on are those of a value.</summary>
    private static int Common(string line, int at, string value)
    {
        var length = 0;
        while (length < value.Length && at + length < line.Length
            && char.ToUpperInvariant(line[at + length]) == char.ToUpperInvariant(value[length])) length++;
        return length;
    }

    /// <summary>All that an input holds of its customer, for <see cref="WithoutQuotes"/>.</summary>
    public static IEnumerable<string?> Said(JsonNode? input) => input switch
    {
        JsonObject members => members.Where(m => m.Key is "text" or "userId" or "user" or "data" or "result").SelectMany(m => Leaves(m.Value))
            .Concat(Slots(members["slots"])),
        _ => [],
    };

    /// <summary>What was found in what the customer said, which may be written otherwise there; not where it stands.</summary>
    public static IEnumerable<string?> Slots(JsonNode? slots) => (slots as JsonObject ?? []).SelectMany(slot => slot.Value as JsonArray ?? [])
        .SelectMany(found => found is JsonObject own && own["keyphrase"] is { } value ? Leaves(value).Concat(Leaves(own["text"])) : Leaves(found));

    /// <summary>All texts and numbers in JSON, however deep, but for what only names its kind.</summary>
    public static IEnumerable<string?> Leaves(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(m => Kinds.Contains(m.Key) ? [] : Leaves(m.Value)),
        JsonArray items => items.SelectMany(Leaves),
        JsonValue value => [value.ToString()],
        _ => [],
    };

    private static IReadOnlyList<OutgoingMessage> Masked(IReadOnlyList<OutgoingMessage> messages) =>
        [.. messages.Select(message => new OutgoingMessage(Text: Mask) { IsUnrecorded = message.IsUnrecorded })];

    [GeneratedRegex("[\\x00-\\x1f\"\\\\]")]
    private static partial Regex MustBeEscaped { get; }

    [GeneratedRegex(@"</?(?:a|img|link|image|video|audio|source|track|picture|iframe|frame|embed|object|script|style|svg|base|form|input|area|body|table|td|th)\b[^<>]*>?", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Reference { get; }
}
