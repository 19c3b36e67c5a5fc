using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>
/// JavaScript cuts a text anywhere, also through an emoji. What is left of it is no Unicode: JSON holds it as an escape, and whoever takes
/// that text out fails. U+FFFD stands for it, as in <c>String.prototype.toWellFormed</c>.
/// </summary>
internal static partial class WellFormed
{
    /// <summary>JSON in which each text is Unicode.</summary>
    public static string Json(string json) => !json.Contains("\\ud", StringComparison.OrdinalIgnoreCase) ? json : Escape.Replace(json,
        escape => escape.Groups["half"] is { Success: true } ? "\\ufffd" : escape.Value);

    /// <summary>One escape after the other, so that an escaped backslash is none of the next; a whole pair goes together.</summary>
    [GeneratedRegex(@"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)")]
    private static partial Regex Escape { get; }
}
