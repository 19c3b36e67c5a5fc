using System.Text;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>A text with <c>{{ expressions }}</c> in it, compiled once; or one such text for each of several locales.</summary>
internal sealed class Template
{
    private readonly IReadOnlyList<(string Text, Expression? Expression)> _parts = [];
    private readonly string? _plain;
    private readonly string[]? _locales;
    private readonly Template[] _texts = [];

    public Template(IReadOnlyList<(string Text, Expression? Expression)> parts)
    {
        _parts = parts;
        if (parts.All(part => part.Expression is null)) _plain = string.Concat(parts.Select(part => part.Text));
    }

    /// <param name="texts">By locale; the first is meant for all others.</param>
    public Template(IReadOnlyList<(string Locale, Template Text)> texts)
    {
        _locales = [.. texts.Select(text => text.Locale)];
        _texts = [.. texts.Select(text => text.Text)];
    }

    /// <summary>The text when there is no expression in it, and when it is the same in all languages.</summary>
    public string? Plain => _plain;

    /// <summary>Whether no expression is in it, in any language.</summary>
    public bool IsConstant => _locales is null ? _plain is not null : _texts.All(text => text.IsConstant);

    /// <summary>The expression when there is nothing else: its value then keeps its type.</summary>
    public Expression? Single => _parts is [{ Expression: { } expression }] ? expression : null;

    /// <summary>What the author wrote before the first expression; null: nothing, or it depends on the locale.</summary>
    public string? Beginning => _parts is [{ Expression: null, Text: var text }, ..] ? text : null;

    /// <summary>The text for the customer. An expression that throws renders nothing and leaves a warning.</summary>
    public string Render(Turn turn, Steps.Step step)
    {
        if (_plain is not null) return _plain;
        if (_locales is not null) return In(turn).Render(turn, step);
        if (Single is { } single) return RenderOne(single, turn, step);
        var text = new StringBuilder();
        foreach (var (literal, expression) in _parts)
            text.Append(expression is null ? literal : RenderOne(expression, turn, step));
        return text.ToString();
    }

    /// <summary>The text where an empty place would be a wrong value.</summary>
    /// <exception cref="ScriptException">An expression threw.</exception>
    public string Require(Turn turn) => _locales is not null ? In(turn).Require(turn)
        : _plain ?? string.Concat(_parts.Select(part => part.Expression?.Text(turn) ?? part.Text));

    /// <summary>As a URL: what stands behind a beginning is escaped, so that no value leads elsewhere than the author meant.</summary>
    /// <exception cref="ScriptException">An expression threw.</exception>
    /// <param name="fault">Of a value that would lead up the path; empty: there is none.</param>
    public string Url(Turn turn, out string fault)
    {
        if (_locales is not null) return In(turn).Url(turn, out fault);
        fault = "";
        var url = new StringBuilder();
        foreach (var (literal, expression) in _parts)
        {
            var text = expression?.Text(turn) ?? literal;
            if (expression is not null && url.Length > 0)
            {
                if (text is "." or "..") fault = $"{{{{ {expression.Source} }}}} is '{text}', which cannot stand in a URL.";
                text = Uri.EscapeDataString(text);
            }

            url.Append(text);
        }

        return url.ToString();
    }

    private Template In(Turn turn) => _texts[Locales.Choose(_locales!, turn.Locale, turn.EndpointLocale)];

    private static string RenderOne(Expression expression, Turn turn, Steps.Step step)
    {
        try
        {
            return expression.Text(turn);
        }
        catch (ScriptException fault)
        {
            turn.Warn(step.Path, step.Line, $"{{{{ {expression.Source} }}}} rendered nothing: {fault.Message}");
            return "";
        }
    }
}
