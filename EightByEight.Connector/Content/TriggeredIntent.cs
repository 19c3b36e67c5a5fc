namespace EightByEight.Connector.Content;

/// <summary>An intent that a click, or whoever speaks for the customer, names outright: <c>cIntent:Name|text</c>. Source: Cognigy.</summary>
internal static class TriggeredIntent
{
    public const string Prefix = "cIntent:";

    /// <summary>Its name; null: the text names none.</summary>
    public static string? In(string text) =>
        text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..].Split('|', 2)[0].Trim() : null;

    /// <summary>The text behind its name, in which slots may be; empty: there is none.</summary>
    public static string TextIn(string text) => text.IndexOf('|', StringComparison.Ordinal) is var bar and >= 0 ? text[(bar + 1)..] : "";
}
