using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Privacy;

/// <summary>
/// Removes active HTML from what customers type, and nothing else: a text without it comes back as the same instance. It cuts the
/// text and never writes it anew, so that <c>a &lt; b &amp; c</c> and <c>&lt;tom@x.de&gt;</c> stay byte for byte. Each <c>&lt;</c> is
/// judged as if a browser met it first, whatever stands around it: what looks like an attribute or a comment to one reader is a tag to
/// another.
/// </summary>
internal static class Sanitizing
{
    /// <summary>Cutting may join what was apart; a text that still changes after so many rounds is hostile.</summary>
    private const int MostRounds = 8;

    /// <summary>Characters that may be looked at for each of the text: a text of nothing but beginnings of tags would cost its square.</summary>
    private const int MostLooks = 16;

    /// <summary>They run, load or embed something, or make a browser read what follows by other rules.</summary>
    private static readonly FrozenSet<string> ActiveElements = FrozenSet.ToFrozenSet(
    [
        "script", "style", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "link", "meta", "svg", "math", "form",
        "template", "noscript", "noembed", "noframes", "title", "textarea", "xmp", "plaintext", "portal", "fencedframe", "xml", "isindex",
    ], StringComparer.OrdinalIgnoreCase);

    private static readonly string[] ActiveSchemes =
        ["javascript:", "vbscript:", "livescript:", "mocha:", "data:text/html", "data:text/xml", "data:application/", "data:image/svg"];

    /// <summary>So many characters tell a scheme.</summary>
    private static readonly int LongestScheme = ActiveSchemes.Max(scheme => scheme.Length);

    /// <summary>
    /// The names of characters that make a scheme or a style active, or are passed over in a URL. All others are letters of no scheme:
    /// that they stay as they are written hides nothing.
    /// </summary>
    private static readonly FrozenDictionary<string, char> Named = new Dictionary<string, char>
    {
        ["Tab"] = '\t',
        ["NewLine"] = '\n',
        ["colon"] = ':',
        ["sol"] = '/',
        ["lpar"] = '(',
        ["bsol"] = '\\',
        ["ast"] = '*',
        ["midast"] = '*',
    }.ToFrozenDictionary();

    private const int LongestName = 7;

    private static readonly SearchValues<char> AsciiLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>What a customer's event says, without active HTML. What was clicked stays as the bot gave it.</summary>
    /// <param name="isClick">Whether the text is the payload of something that the bot offered.</param>
    public static IncomingContent Of(IncomingContent content, bool isClick)
    {
        if (content.Data["attachments"] is JsonArray attachments)
            foreach (var attachment in attachments.OfType<JsonObject>())
                if (attachment["name"] is JsonValue name && name.TryGetValue(out string? text)) attachment["name"] = Text(text);
        if (content.Data["adaptivecards"] is JsonObject form) Typed(form);
        return isClick ? content : content with { Text = Text(content.Text) };
    }

    /// <summary>A text without active HTML; the same instance when there is none.</summary>
    public static string Text(string text)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            if (!text.Contains('<', StringComparison.Ordinal)) return text;
            if (!TryCut(text, out var cut)) break;
            if (ReferenceEquals(cut, text)) return text;
            text = cut;
        }

        // Without '<' nothing is HTML.
        return text.Replace("<", "", StringComparison.Ordinal);
    }

    /// <summary>What was typed into a card; its postback is the bot's own.</summary>
    private static void Typed(JsonObject form)
    {
        foreach (var (name, value) in form.ToArray())
        {
            if (value is JsonObject inner) Typed(inner);
            else if (name is not ("postback" or "text") && value is JsonValue leaf && leaf.TryGetValue(out string? text)
                && Text(text) is var clean && !ReferenceEquals(clean, text)) form[name] = clean;
        }
    }

    /// <returns>False: it costs too much.</returns>
    private static bool TryCut(string text, out string cut)
    {
        var scan = new Scan(text);
        StringBuilder? kept = null;
        var copied = 0;
        cut = text;
        for (var at = text.IndexOf('<', StringComparison.Ordinal); at >= 0; at = text.IndexOf('<', at + 1))
        {
            if (at < copied) continue;
            foreach (var (from, to) in scan.ActiveParts(at))
            {
                (kept ??= new(text.Length)).Append(text, copied, from - copied);
                copied = to;
            }

            if (scan.Looks > (long)(text.Length + 100) * MostLooks) return false;
        }

        if (kept is not null) cut = kept.Append(text, copied, text.Length - copied).ToString();
        return true;
    }

    /// <summary>Reads tags as the HTML standard's tokenizer does; null characters are passed over, as old browsers did.</summary>
    private sealed class Scan(string text)
    {
        /// <summary>How many characters were looked at.</summary>
        public long Looks { get; private set; }

        /// <summary>What is to be cut out of the tag that begins here, in order.</summary>
        public List<(int From, int To)> ActiveParts(int start)
        {
            var parts = new List<(int, int)>();
            if (Name(start, out var isEnd, out var at) is not { } name) return parts;
            var isActive = ActiveElements.Contains(name);
            var attributesAt = at;
            var isClosed = Attributes(ref at, isEnd || isActive ? null : parts);
            Looks += at - start;
            if (!isActive) return parts;
            // The words behind '<form I filled' are no attributes as long as no '>' ends them.
            var end = isClosed ? at : attributesAt;
            if (isClosed && !isEnd && name.ToUpperInvariant() is "SCRIPT" or "STYLE") end = CodeEnd(name, end) ?? end;
            parts.Add((start, end));
            return parts;
        }

        /// <returns>Null: it is no tag.</returns>
        private string? Name(int start, out bool isEnd, out int at)
        {
            at = start + 1;
            while (at < text.Length && text[at] == '\0') at++;
            isEnd = at < text.Length && text[at] == '/';
            if (isEnd) at++;
            while (at < text.Length && text[at] == '\0') at++;
            if (at == text.Length || !char.IsAsciiLetter(text[at])) return null;
            var from = at;
            while (at < text.Length && !IsSpace(text[at]) && text[at] is not ('/' or '>')) at++;
            Looks += at - start;
            return Plain(text.AsSpan(from, at - from)).ToString();
        }

        /// <summary>Reads up to behind the <c>&gt;</c>.</summary>
        /// <returns>False: there is none.</returns>
        private bool Attributes(ref int at, List<(int, int)>? active)
        {
            while (true)
            {
                var separator = at;
                while (at < text.Length && (IsSpace(text[at]) || text[at] == '/')) at++;
                if (at == text.Length) return false;
                if (text[at] == '>')
                {
                    at++;
                    return true;
                }

                var from = at++;
                while (at < text.Length && !IsSpace(text[at]) && text[at] is not ('/' or '>' or '=')) at++;
                var nameEnd = at;
                var equals = at;
                while (equals < text.Length && IsSpace(text[equals])) equals++;
                if (equals == text.Length || text[equals] != '=') continue;
                at = equals + 1;
                var value = Value(ref at);
                if (active is null || !IsActive(Plain(text.AsSpan(from, nameEnd - from)), value)) continue;
                // What stands directly behind it must not become part of what stands before.
                var apart = at == text.Length || IsSpace(text[at]) || text[at] is '/' or '>';
                active.Add((apart ? separator : from, at));
            }
        }

        private ReadOnlySpan<char> Value(ref int at)
        {
            while (at < text.Length && IsSpace(text[at])) at++;
            if (at == text.Length || text[at] == '>') return [];
            int from;
            if (text[at] is '"' or '\'' && text[at] is var quote)
            {
                from = ++at;
                at = text.IndexOf(quote, at) is >= 0 and var found ? found : text.Length;
                var quoted = text.AsSpan(from, at - from);
                if (at < text.Length) at++;
                return quoted;
            }

            from = at;
            while (at < text.Length && !IsSpace(text[at]) && text[at] != '>') at++;
            return text.AsSpan(from, at - from);
        }

        /// <summary>Behind the end tag of code, which is no text of the customer; null: it does not end.</summary>
        private int? CodeEnd(string name, int from)
        {
            for (var at = text.IndexOf("</", from, StringComparison.Ordinal); at >= 0; at = text.IndexOf("</", at + 2, StringComparison.Ordinal))
            {
                if (!string.Equals(Name(at, out _, out var end), name, StringComparison.OrdinalIgnoreCase)) continue;
                Looks += end - from;
                return Attributes(ref end, null) ? end : text.Length;
            }

            Looks += text.Length - from;
            return null;
        }

        private static bool IsActive(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
        {
            if (IsHandler(name) || name.Equals("srcdoc", StringComparison.OrdinalIgnoreCase)) return true;
            return name.Equals("style", StringComparison.OrdinalIgnoreCase) ? IsActiveStyle(value)
                : value.ContainsAny(':', '&') && HasActiveScheme(value);
        }

        /// <summary>In a style, what loads or computes something is a function, and what hides one is an escape or a comment.</summary>
        private static bool IsActiveStyle(ReadOnlySpan<char> value)
        {
            var before = ' ';
            while (!value.IsEmpty)
            {
                var c = Character(ref value);
                if (c is '(' or '\\' || (before == '/' && c == '*')) return true;
                before = c;
            }

            return false;
        }

        private static bool HasActiveScheme(ReadOnlySpan<char> value)
        {
            Span<char> said = stackalloc char[LongestScheme];
            var length = 0;
            while (!value.IsEmpty && length < said.Length)
                if (Character(ref value) is > ' ' and var c) said[length++] = c;
            foreach (var scheme in ActiveSchemes)
                if (said[..length].StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return true;
            return false;
        }

        /// <summary>
        /// Takes the next character as a browser reads it. Numbers need no semicolon; of the names that matter all do. Source: HTML
        /// standard, "Named character reference state" and "Numeric character reference state".
        /// </summary>
        private static char Character(ref ReadOnlySpan<char> value)
        {
            var c = value[0];
            value = value[1..];
            if (c != '&' || value.IsEmpty) return c;
            if (value[0] == '#') return Numbered(ref value);
            var semicolon = value[..Math.Min(LongestName + 1, value.Length)].IndexOf(';');
            if (semicolon < 0 || !Named.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(value[..semicolon], out var named)) return c;
            value = value[(semicolon + 1)..];
            return named;
        }

        private static char Numbered(ref ReadOnlySpan<char> value)
        {
            var isHex = value.Length > 1 && value[1] is 'x' or 'X';
            var start = isHex ? 2 : 1;
            var (at, code) = (start, 0);
            for (; at < value.Length && (isHex ? char.IsAsciiHexDigit(value[at]) : char.IsAsciiDigit(value[at])); at++)
                code = Math.Min(code * (isHex ? 16 : 10) + HexValue(value[at]), char.MaxValue);
            if (at == start) return '&';
            value = value[(at < value.Length && value[at] == ';' ? at + 1 : at)..];
            // What is no character, or beyond those that matter here, is some other.
            return code is 0 or >= 0x80 ? '\uFFFD' : (char)code;
        }

        /// <summary>All that browsers know have five letters at least: <c>oncut</c>, but not <c>one</c> or <c>once</c>.</summary>
        private static bool IsHandler(ReadOnlySpan<char> name) =>
            name.Length >= 5 && name.StartsWith("on", StringComparison.OrdinalIgnoreCase) && name.IndexOfAnyExcept(AsciiLetters) < 0;

        private static int HexValue(char digit) => char.IsAsciiDigit(digit) ? digit - '0' : (digit | ' ') - 'a' + 10;

        private static ReadOnlySpan<char> Plain(ReadOnlySpan<char> name) =>
            name.Contains('\0') ? name.ToString().Replace("\0", "", StringComparison.Ordinal) : name;

        private static bool IsSpace(char c) => c is ' ' or '\t' or '\n' or '\r' or '\f';
    }
}
