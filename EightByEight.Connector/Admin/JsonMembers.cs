using System.Text.Json;

namespace EightByEight.Connector.Admin;

/// <summary>One thing that is wrong with a body.</summary>
/// <param name="Path">Where, such as <c>$.eightByEight.baseUrl</c>.</param>
/// <param name="Message">What, and what would be right.</param>
internal sealed record BodyProblem(string Path, string Message);

/// <summary>Reads the members of one JSON object and notes everything that is wrong instead of stopping at the first.</summary>
internal sealed class JsonMembers
{
    private readonly Dictionary<string, JsonElement> _members = [];
    private readonly HashSet<string> _known = [];
    private readonly List<BodyProblem> _problems;
    private readonly Dictionary<string, string?> _secrets;
    private readonly string _path;

    public JsonMembers(JsonElement json, string path, List<BodyProblem> problems) : this(json, path, problems, [])
    {
    }

    private JsonMembers(JsonElement json, string path, List<BodyProblem> problems, Dictionary<string, string?> secrets)
    {
        (_path, _problems, _secrets) = (path, problems, secrets);
        if (json.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new(path, $"Must be an object, not {Kind(json)}."));
            return;
        }

        foreach (var member in json.EnumerateObject())
            if (!_members.TryAdd(member.Name, member.Value)) Refuse(member.Name, "Is given twice.");
    }

    /// <summary>Whether the member is there, null or not.</summary>
    public bool Has(string name) => Known(name) is not null;

    /// <summary>Null when it is absent, null or wrong.</summary>
    public string? String(string name, int most, bool required = false)
    {
        if (Known(name) is not { ValueKind: not JsonValueKind.Null } value)
        {
            if (required) Refuse(name, "Is required.");
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            Refuse(name, $"Must be a string, not {Kind(value)}.");
            return null;
        }

        var text = value.GetString()!;
        if (text.Length is 0 || text.Length > most || string.IsNullOrWhiteSpace(text)) Refuse(name, $"Must have 1 to {most} characters.");
        else if (text.Any(char.IsControl)) Refuse(name, "Must not have control characters, such as a line break.");
        else return text;
        return null;
    }

    /// <summary>A text that may have line breaks; null when it is absent, null or wrong.</summary>
    public string? Text(string name, int most)
    {
        if (Known(name) is not { ValueKind: not JsonValueKind.Null } value) return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Length <= most) return text;
        Refuse(name, value.ValueKind == JsonValueKind.String
            ? $"Must have at most {most} characters." : $"Must be a string, not {Kind(value)}.");
        return null;
    }

    /// <summary>The secrets that this object and those in it give, by their path without <c>$.</c>; null: to be removed.</summary>
    public IReadOnlyDictionary<string, string?> Secrets => _secrets;

    /// <summary>A secret on one line, for <see cref="Secrets"/>; absent: it stays as it is.</summary>
    public void Secret(string name, int most)
    {
        if (Has(name)) _secrets[$"{_path}.{name}"[2..]] = String(name, most);
    }

    /// <summary>A secret that may have line breaks, such as a private key.</summary>
    public void SecretText(string name, int most)
    {
        if (Has(name)) _secrets[$"{_path}.{name}"[2..]] = Text(name, most);
    }

    /// <summary>The items of an array; none when it is absent, null or wrong.</summary>
    public IReadOnlyList<JsonElement> Items(string name, int most)
    {
        if (Known(name) is not { ValueKind: not JsonValueKind.Null } value) return [];
        if (value.ValueKind != JsonValueKind.Array) Refuse(name, $"Must be an array, not {Kind(value)}.");
        else if (value.GetArrayLength() > most) Refuse(name, $"Must have at most {most} items.");
        else return [.. value.EnumerateArray()];
        return [];
    }

    /// <summary>As it is; null when it is absent.</summary>
    public JsonElement? Value(string name) => Known(name);

    public bool Flag(string name, bool otherwise)
    {
        if (Known(name) is not { } value) return otherwise;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Refuse(name, $"Must be true or false, not {Kind(value)}.");
        return otherwise;
    }

    public int Number(string name, int least, int most, int otherwise)
    {
        if (Known(name) is not { } value) return otherwise;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most)
            return number;
        Refuse(name, $"Must be a whole number from {least} to {most}.");
        return otherwise;
    }

    /// <summary>Null when it is absent, null or wrong.</summary>
    public int? OptionalNumber(string name, int least, int most) =>
        Known(name) is null or { ValueKind: JsonValueKind.Null } ? null : Number(name, least, most, least);

    /// <summary>A number from 0 to 1; null when it is absent, null or wrong.</summary>
    public double? Share(string name)
    {
        if (Known(name) is not { ValueKind: not JsonValueKind.Null } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var share) && share is >= 0 and <= 1) return share;
        Refuse(name, "Must be a number from 0 to 1.");
        return null;
    }

    /// <summary>One of a few words.</summary>
    public string Word(string name, string otherwise, params IReadOnlyList<string> words)
    {
        if (Known(name) is not { } value) return otherwise;
        if (value.ValueKind == JsonValueKind.String && words.Contains(value.GetString()!)) return value.GetString()!;
        Refuse(name, $"Must be {string.Join(" or ", words.Select(word => $"\"{word}\""))}.");
        return otherwise;
    }

    /// <summary>An object whose members are all texts.</summary>
    /// <param name="most">How many members it may have.</param>
    /// <param name="longest">How many characters each may have.</param>
    public Dictionary<string, string> Texts(string name, int most, int longest)
    {
        var texts = new Dictionary<string, string>();
        if (Known(name) is not { } value) return texts;
        if (value.ValueKind != JsonValueKind.Object)
        {
            Refuse(name, $"Must be an object, not {Kind(value)}.");
            return texts;
        }

        foreach (var member in value.EnumerateObject())
            if (member.Value.ValueKind == JsonValueKind.String && member.Value.GetString() is { } text && text.Length <= longest)
                texts[member.Name] = text;
            else
                Refuse($"{name}.{member.Name}", $"Must be a string of at most {longest} characters.");
        if (texts.Count > most) Refuse(name, $"Must have at most {most} members.");
        return texts;
    }

    /// <summary>An object without members when it is absent.</summary>
    public JsonMembers Object(string name) => new(Known(name) ?? Empty, $"{_path}.{name}", _problems, _secrets);

    public void Refuse(string name, string message) => _problems.Add(new($"{_path}.{name}", message));

    /// <summary>Refuses all members that were not asked for.</summary>
    /// <param name="readOnly">Those that a read resource has and a body must not.</param>
    public void RefuseOthers(params string[] readOnly)
    {
        foreach (var name in _members.Keys.Where(name => !_known.Contains(name)))
            Refuse(name, readOnly.Contains(name) ? "Is read only: leave it out."
                : Nearest(name) is { } nearest ? $"Is unknown. Did you mean {nearest}?"
                : $"Is unknown. There are {string.Join(", ", _known)}.");
    }

    private static JsonElement Empty { get; } = JsonElement.Parse("{}");

    private JsonElement? Known(string name)
    {
        _known.Add(name);
        return _members.TryGetValue(name, out var value) ? value : null;
    }

    private string? Nearest(string name) =>
        _known.Select(known => (known, Distance: Distance(known.ToUpperInvariant(), name.ToUpperInvariant())))
            .Where(k => k.Distance <= Math.Max(1, k.known.Length / 3))
            .OrderBy(k => k.Distance)
            .Select(k => k.known)
            .FirstOrDefault();

    /// <summary>How many characters must be added, removed or replaced (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        if (Math.Abs(one.Length - other.Length) > 10) return int.MaxValue;
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
                (diagonal, row[j]) = (row[j],
                    Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1)));
        }

        return row[^1];
    }

    private static string Kind(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
