using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace EightByEight.Connector.Content;

/// <summary>
/// Texts as all channels of 8x8 take them. Texts written for other channels may be HTML; what only looks like it, such as
/// <c>a &lt; b</c> or <c>&lt;name&gt;</c>, stays.
/// </summary>
internal static partial class PlainText
{
    private const string Tags = "a|abbr|address|article|b|big|blockquote|br|caption|center|cite|code|dd|del|div|dl|dt|em|font|footer|"
        + "h[1-6]|header|hr|i|img|ins|kbd|li|main|mark|nav|ol|p|pre|q|s|samp|script|section|small|span|strike|strong|style|sub|sup|"
        + "table|tbody|td|tfoot|th|thead|tr|u|ul";

    private static readonly HashSet<string> Blocks =
    [
        "address", "article", "blockquote", "caption", "center", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
        "header", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
    ];

    /// <summary>Blocks with an empty line around them.</summary>
    private static readonly HashSet<string> Paragraphs = ["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "p", "pre"];

    /// <summary>The text without its HTML; links keep their URL behind them.</summary>
    public static string Of(string text)
    {
        if (text.AsSpan().IndexOfAny('<', '&') < 0 || !HtmlPattern.IsMatch(text)) return text;
        var document = new HtmlParser().ParseDocument("<body>" + NoTagPattern.Replace(text, "&lt;"));
        var plain = new StringBuilder();
        foreach (var node in document.Body!.ChildNodes) Write(node, plain);
        return ManyLinesPattern.Replace(plain.ToString(), "\n\n").Trim('\n');
    }

    private static void Write(INode node, StringBuilder plain)
    {
        if (node is IText text)
        {
            plain.Append(text.Data);
            return;
        }

        if (node is not IElement element) return;
        switch (element.LocalName)
        {
            case "script" or "style":
                return;
            case "br":
                plain.Append('\n');
                return;
            case "hr":
                Break(plain, 1);
                return;
            case "img":
                plain.Append(element.GetAttribute("alt"));
                return;
        }

        var isBlock = Blocks.Contains(element.LocalName);
        var lines = Paragraphs.Contains(element.LocalName) ? 2 : 1;
        if (isBlock) Break(plain, lines);
        if (element.LocalName == "li") plain.Append(Bullet(element));
        if (element.LocalName is "td" or "th" && element.PreviousElementSibling is not null) plain.Append(" | ");
        var start = plain.Length;
        foreach (var child in element.ChildNodes) Write(child, plain);
        if (element.LocalName == "a") Link(element, plain, start);
        if (isBlock) Break(plain, lines);
    }

    private static string Bullet(IElement item) => item.ParentElement is { LocalName: "ol" } list
        ? (list.Children.Where(child => child.LocalName == "li").TakeWhile(child => child != item).Count() + 1)
            .ToString(CultureInfo.InvariantCulture) + ". "
        : "- ";

    private static void Link(IElement anchor, StringBuilder plain, int start)
    {
        var href = anchor.GetAttribute("href")?.Trim();
        if (string.IsNullOrEmpty(href) || href.StartsWith('#') || href.StartsWith("javascript:", StringComparison.OrdinalIgnoreCase)) return;
        foreach (var scheme in (string[])["mailto:", "tel:"])
            if (href.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) href = href[scheme.Length..];
        var label = plain.ToString(start, plain.Length - start).Trim();
        if (label.Length == 0) plain.Append(href);
        else if (label != href) plain.Append(" (").Append(href).Append(')');
    }

    private static void Break(StringBuilder plain, int lines)
    {
        if (plain.Length == 0) return;
        var there = 0;
        while (there < plain.Length && plain[^(there + 1)] == '\n') there++;
        if (there < lines) plain.Append('\n', lines - there);
    }

    [GeneratedRegex(@"</?(" + Tags + @")(\s[^<>]*)?/?>|&(amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9a-f]{1,6});",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex HtmlPattern { get; }

    /// <summary>A <c>&lt;</c> that begins none of the tags.</summary>
    [GeneratedRegex(@"<(?!/?(" + Tags + @")(\s[^<>]*)?/?>)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NoTagPattern { get; }

    [GeneratedRegex(@"\n{3,}")]
    private static partial Regex ManyLinesPattern { get; }
}
