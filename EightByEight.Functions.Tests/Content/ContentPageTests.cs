using System.Globalization;
using System.Text;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Functions.Tests.Flows;

namespace EightByEight.Functions.Tests.Content;

/// <summary><c>docs/content.md</c> says what the code does: it is made from it.</summary>
public class ContentPageTests
{
    [Fact]
    public void The_page_about_content_is_up_to_date() => Golden.Check(Path.Combine(SampleFlowTests.Root, "docs", "content.md"), Page());

    private static string Page()
    {
        var page = new StringBuilder(Beginning.ReplaceLineEndings("\n"));
        page.Append("| output | ").AppendJoin(" | ", Samples.Channels.Select(channel => Heading(channel.Name))).Append(" |\n");
        page.Append("| --- |").Insert(page.Length, " --- |", Samples.Channels.Count).Append('\n');
        foreach (var (name, title, _) in Samples.Outputs)
        {
            var output = Samples.Output(name);
            page.Append(CultureInfo.InvariantCulture, $"| [{title}](#{Anchor(title)}) | ");
            page.AppendJoin(" | ", Samples.Channels.Select(channel => Shown(Samples.Convert(output, channel.Kind).Messages))).Append(" |\n");
        }

        page.Append(AfterTable.ReplaceLineEndings("\n"));
        page.Append(Limits());
        page.Append("\n## Examples\n\nEach output of the table, as a Flow says it, and as it reads where it goes out as text.\n");
        foreach (var (name, title, step) in Samples.Outputs)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {title}\n\n```yaml\n- {step.ReplaceLineEndings("\n  ")}\n```\n");
            var words = Samples.Convert(Samples.Output(name), ChannelKind.Sms).Messages;
            if (words is [{ Text: { } text }]) page.Append(CultureInfo.InvariantCulture, $"\n```text\n{text}\n```\n");
        }

        return page.ToString();
    }

    private static string Heading(string channel) => channel switch
    {
        "WebChat" => "WebChat, ChatAPI, not known yet",
        "Email" => "Email, Facebook, others",
        _ => channel,
    };

    private static string Anchor(string title) =>
        new([.. title.ToLowerInvariant().Where(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '-').Select(c => c == ' ' ? '-' : c)]);

    private static string Shown(IReadOnlyList<OutgoingMessage> messages) =>
        string.Join(", then ", messages.Select(Shown).Aggregate(new List<(string What, int Count)>(), (all, what) =>
        {
            if (all.Count > 0 && all[^1].What == what) all[^1] = (what, all[^1].Count + 1);
            else all.Add((what, 1));
            return all;
        }).Select(one => one.Count == 1 ? one.What : $"{one.Count} × {one.What}"));

    private static string Shown(OutgoingMessage message)
    {
        var parts = new List<string>();
        if (message.Text is not null) parts.Add("text");
        if (message.Media is not null) parts.Add("attachment");
        foreach (var card in message.Cards ?? [])
            parts.Add(card.ContentType switch
            {
                ChannelCards.Adaptive => "Adaptive Card",
                ChannelCards.QuickReplies => "quick replies",
                ChannelCards.Interactive => $"`Interactive` ({card.Content.GetProperty("interactive").GetProperty("type")})",
                _ => $"`{card.ContentType}`",
            });
        return string.Join(" + ", parts);
    }

    private static string Limits()
    {
        var rows = new StringBuilder("| channel | text | beside an attachment | image | audio | video | file |\n| --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (var kind in Enum.GetValues<ChannelKind>())
        {
            var limits = ChannelLimits.Of(kind);
            var caption = limits.Caption == int.MaxValue ? "as a text" : Number(limits.Caption);
            rows.Append(CultureInfo.InvariantCulture, $"| {kind} | {Number(limits.Text)} | {(limits.TakesFiles ? caption : "–")} | ");
            rows.AppendJoin(" | ", new[] { MediaKind.Image, MediaKind.Audio, MediaKind.Video, MediaKind.File }.Select(media =>
                !(media == MediaKind.File ? limits.TakesFiles : limits.TakesMedia) ? "URL"
                : limits.Types.TryGetValue(media, out var types)
                    ? string.Join(", ", types.GroupBy(type => type.Value).Select(size =>
                        $"{string.Join(", ", size.Select(type => type.Key[(type.Key.IndexOf('/', StringComparison.Ordinal) + 1)..]))}: {size.Key / 1024 / 1024} MB"))
                : limits.Bytes.TryGetValue(media, out var bytes) ? $"{bytes / 1024 / 1024} MB" : "any"));
            rows.Append(" |\n");
        }

        rows.Append(string.Create(CultureInfo.InvariantCulture, $"""

            - **WhatsApp**: {WhatsAppLimits.Buttons} buttons of {WhatsAppLimits.ButtonTitle} characters; lists of {WhatsAppLimits.Rows} rows of {WhatsAppLimits.RowTitle} and
              {WhatsAppLimits.RowDescription} characters; ids of {WhatsAppLimits.Id}; bodies of {Number(WhatsAppLimits.Body)}.
            - **RCS**: {RcsLimits.Suggestions} suggestions of {RcsLimits.SuggestionText} characters; carousels of {RcsLimits.LeastCards} to {RcsLimits.MostCards} cards with {RcsLimits.CardSuggestions} suggestions,
              {RcsLimits.CardTitle} characters of title and {Number(RcsLimits.CardDescription)} of description; postback data of {Number(RcsLimits.PostbackData)}; URLs of {Number(RcsLimits.Url)}.
            - **Viber**: one button of {ViberLimits.Caption} characters, which opens a URL.

            """).ReplaceLineEndings("\n"));
        return rows.ToString();
    }

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private const string Beginning = """
        # Content

        What a Flow says becomes the best that the conversation's channel shows. This page is made from the code: to change it, change
        the code or `ContentPageTests`, and run the tests with `EIGHTBYEIGHT_WRITE_GOLDEN=1`. What exactly 8x8 gets is in
        `EightByEight.Functions.Tests/Content/Golden`, one file a cell.

        The channel is the one that 8x8 named last in a `CONVERSATION_UPDATE`. Before it did, a conversation is treated like web chat.


        """;

    private const string AfterTable = """

        *text* alone is the output in words. `Interactive`, `Suggestions`, `Carousel`, `Buttons`, `Template` and `Location` are cards of one
        channel each; 8x8 does not document what becomes of one that a channel does not take, so the output in words stands beside each.

        ## In words

        - `fallbackText`, where it is given, word for word.
        - Else the text, then one line a choice with its number, `1. Track my order`, and one line a link or phone number, `Opening hours: https://…`.
        - Items of galleries and lists are `Title – Subtitle`. Files are their description and URL. Of an Adaptive Card the texts, facts and
          action titles are left; its inputs cannot be filled in. Where nothing is left, nothing is sent, and the turn has a warning.

        The customer answers with the number or the title. Either stands for the choice as long as it belongs to the last turn that said
        something, and only numbers that were shown count: on the web chat a typed `2` is a `2`. While a question waits, that holds for type
        `choice` only: any other type decides by itself what is an answer, so that a question for a number gets the number.

        ## Clicks

        Whatever the channel calls it, a click is input: `input.text` is its payload, `input.data.choice` is `{ title, payload }`, and
        `input.data.request` is the whole event. Where the channel tells the title alone, it stands for the choice
        with it that was offered last. A form (an Adaptive Card, or a WhatsApp flow) has its values in `input.data.adaptivecards` and
        `input.data.request.value`; its `postback` or `text` is `input.text`. A location is text, `51.5,-0.12`, and `input.data.location`.

        Every submit of an Adaptive Card carries the card's id in its data, as `_card`; Flows do not see it there. **While something waits**, a
        click counts only if it is about what was offered in the last turn that said something: a second click, or one on an older card or
        choice, makes no turn, and stands in the history. Where the same question is asked again, what was shown before still counts. **While nothing
        waits**, a click on anything older is input like any other. What has no id, such as a card of a channel within a raw message, always counts; Adaptive Cards
        have one wherever they stand.

        A click on a quick reply and a message with its title within 5 seconds are one input, and so are two equal clicks within one second (both by
        8x8's timestamps). A click on a link or a phone number is none.

        ## Adaptive Cards

        Cards are lowered to `content.cardVersion`, 1.3 by default. For 1.3, `Action.Execute` becomes `Action.Submit` with its `verb` in the data, a
        `Table` becomes rows of columns, `filtered` choices become `compact`, and `refresh`, `authentication`, `mode`, `tooltip`, `rtl`,
        `metadata`, `captionSources` and the `style` of a text are dropped. An action with `isEnabled: false` is left out. A card with an
        element that 1.3 does not know and that has no `fallback`, or with choices that are only in `choices.data`, goes out in words.

        `content.cardWrappers` says for each channel's card whether its content is `wrapped`, `{"interactive": {…}}`, as in 8x8's messaging API and
        by default, or `bare`, `{…}`: 8x8 does not document it for the Chat Gateway.

        ## Raw messages

        `eightByEight` is sent as it is, with these corrections: `authorType` is always `bot`, a text beside `externalProvider` is dropped, the submits
        of an Adaptive Card (`contentType` may be left out, as with 8x8) get the card's id, and a message that 8x8 would refuse is not sent, but told
        to the operator as a warning.

        ## Media

        With `content.media: upload` (default), a file is fetched when its message is sent and uploaded to 8x8, once in a conversation: what comes from the
        same URL is taken to be the same, and so are the same content and name under another URL. With `link`, or where the channel does not take
        it, its URL is sent; so it is when the file is too large, is of no type that the channel takes or not what the Flow says it is
        (by its first bytes, not by its name), cannot be fetched in time, or is refused by 8x8. Files are fetched over http and https, from public
        addresses only: names and redirects that lead to loopback, private, link-local or metadata addresses are refused when the connection is made.
        An upload in doubt is done again: 8x8 does not show an attachment that no message names. A text leaves room for the URL: what does not fit
        beside both goes ahead.

        | option | default | means |
        | --- | --- | --- |
        | `Connector:Media:MaxBytes` | 20 MiB | the largest file that is fetched |
        | `Connector:Media:Timeout` | 20 s | for fetching and uploading one message's files; at most half a lease |
        | `Connector:Media:AllowPrivateAddresses` | `false` | for development |
        | `Connector:Indicators:After` | 1 s | how long a turn takes until typing and thinking show; 0: never, and no read receipts |
        | `Connector:Indicators:Again` | 8 s | how often typing is shown again |
        | `Connector:Indicators:ThinkingAgain` | 50 s | how often thinking is shown again; 8x8 ends it after 60 s |
        | `Connector:Indicators:Timeout` | 2 s | how long an indicator is tried; nothing waits for it |

        Read receipts go to ChatAPI channels, the only ones that have them.

        ## Limits

        A text that is too long is split at the end of a paragraph, line or sentence, else at a space; never inside a link, an emoji or a combining
        sequence. A title that is too long is shortened; where two would look alike, or an id is too long, the output goes out in words. HTML in texts,
        titles and descriptions becomes plain text, with the URL of a link behind it.

        More than 24 hours after the customer's last message WhatsApp takes only a `channelCard` of type `Template`. Anything else is parked with that
        reason, and can be retried once the customer has written again.

        8x8 documents no limits for the Chat Gateway. These are those of its messaging API, of the channels, or cautious; lengths count UTF-16 units.


        """;
}
