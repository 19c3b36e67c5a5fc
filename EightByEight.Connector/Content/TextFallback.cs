using System.Globalization;
using System.Text;

namespace EightByEight.Connector.Content;

/// <summary>An output without HTML in words, for channels that cannot show it: its choices are numbered, and the customer answers with a number or a title.</summary>
internal sealed class TextFallback
{
    private readonly StringBuilder _text = new();
    private readonly List<QuickReply> _choices = [];
    private int _first;

    /// <summary>The words, and the choices in them.</summary>
    /// <param name="first">The number of the first choice.</param>
    public static (string Text, Offer Offer) Of(Output output, int first = 1)
    {
        var words = new TextFallback { _first = first };
        words.Write(output);
        // The author's words have no numbers, but who reads them may well type a title.
        return output.FallbackText is { Length: > 0 } given
            ? (given, Offer.Of(words._choices))
            : (words._text.ToString(), Offer.Of(words._choices, first));
    }

    private void Write(Output output)
    {
        Line(output.Text);
        Write(output.QuickReplies);
        switch (output.Rich)
        {
            case Buttons buttons:
                Write(buttons.Items);
                break;
            case Gallery gallery:
                foreach (var item in gallery.Items) Write(item);
                break;
            case ItemList list:
                foreach (var item in list.Items) Write(item);
                if (list.Button is { } button) Write([button]);
                break;
            case Media media:
                Line(media.Alt ?? media.Name);
                Line(media.Url);
                break;
            case AdaptiveCard card:
                var (lines, actions) = AdaptiveCards.InWords(card.Card);
                foreach (var line in lines) Line(PlainText.Of(line));
                Write(actions);
                break;
        }
    }

    private void Write(Item item)
    {
        Line(item.Subtitle is { } subtitle ? $"{item.Title} – {subtitle}" : item.Title);
        if (item.Url is { } url) Line(url);
        else if (item.ImageUrl is { } image && item.Title.Length == 0) Line(image);
        Write(item.Buttons);
    }

    private void Write(IEnumerable<QuickReply> buttons)
    {
        foreach (var button in buttons)
        {
            if (button.Kind == ButtonKind.Postback)
            {
                _choices.Add(button);
                Line(string.Create(CultureInfo.InvariantCulture, $"{_first + _choices.Count - 1}. {button.Title}"));
            }
            else Line($"{button.Title}: {button.Payload}");
        }
    }

    private void Line(string? line)
    {
        if (string.IsNullOrEmpty(line)) return;
        if (_text.Length > 0) _text.Append('\n');
        _text.Append(line);
    }
}
