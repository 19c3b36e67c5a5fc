using System.Text.Json;

namespace EightByEight.Simulator;

/// <summary>
/// The part of FIQL that 8x8 shows: <c>attribute==value</c> and <c>!=</c>, joined by <c>;</c> (and) and <c>,</c>
/// (or), with parentheses. Attributes may be paths such as <c>routingOptions.id</c>.
/// </summary>
internal sealed class Fiql
{
    private readonly string _text;
    private int _at;

    private Fiql(string text) => _text = text;

    /// <summary>The test a filter stands for; null when it cannot be read.</summary>
    public static Func<JsonElement, bool>? Parse(string filter)
    {
        var parser = new Fiql(filter);
        var test = parser.Or();
        return parser._at == filter.Length ? test : null;
    }

    private Func<JsonElement, bool>? Or()
    {
        var left = And();
        while (left is not null && Take(','))
        {
            var (one, other) = (left, And());
            left = other is null ? null : item => one(item) || other(item);
        }

        return left;
    }

    private Func<JsonElement, bool>? And()
    {
        var left = Term();
        while (left is not null && Take(';'))
        {
            var (one, other) = (left, Term());
            left = other is null ? null : item => one(item) && other(item);
        }

        return left;
    }

    private Func<JsonElement, bool>? Term()
    {
        if (Take('('))
        {
            var inner = Or();
            return Take(')') ? inner : null;
        }

        var start = _at;
        while (_at < _text.Length && !";,()".Contains(_text[_at], StringComparison.Ordinal)) _at++;
        var term = _text[start.._at];
        var equals = !term.Contains("!=", StringComparison.Ordinal);
        if (term.Split(equals ? "==" : "!=") is not [{ Length: > 0 } path, var value]) return null;
        return item => (At(item, path) == value) == equals;
    }

    private bool Take(char expected)
    {
        if (_at >= _text.Length || _text[_at] != expected) return false;
        _at++;
        return true;
    }

    private static string? At(JsonElement item, string path)
    {
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            if (item.Member(name) is not { } next) return null;
            item = next;
        }

        return item.Text(names[^1]);
    }
}
