using System.Globalization;
using System.Text.Json;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>
/// What the customer was offered last. It tells what a typed "2", or a title, stands for, and whether a click still is an answer to
/// what was asked.
/// </summary>
internal sealed record Offer
{
    /// <summary>More than these are not remembered: the offer then is <see cref="IsOpen"/>.</summary>
    private const int MostChoices = 60;

    private const int LongestText = 2_048;

    /// <summary>Nothing was offered.</summary>
    public static Offer Nothing { get; } = new();

    public IReadOnlyList<OfferedChoice> Choices { get; set; } = [];

    /// <summary>The ids of the cards that can be submitted.</summary>
    public IReadOnlyList<string> Cards { get; set; } = [];

    /// <summary>Whether there may be more than is known here, as in a raw message: then any click may be an answer.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Choices as they were shown.</summary>
    /// <param name="first">The number shown before the first; null: none were.</param>
    public static Offer Of(IEnumerable<QuickReply> choices, int? first = null)
    {
        var number = (first ?? 0) - 1;
        var offered = choices.Where(choice => choice.Kind == ButtonKind.Postback)
            .Select(choice => new OfferedChoice(choice.Title, choice.Payload, first is null ? 0 : ++number)).ToArray();
        return new Offer
        {
            Choices = [.. offered.Where(c => c.Title.Length <= LongestText && c.Payload.Length <= LongestText).Take(MostChoices)],
            IsOpen = offered.Length > MostChoices || offered.Any(c => c.Title.Length > LongestText || c.Payload.Length > LongestText),
        };
    }

    /// <summary>
    /// What can be chosen when the same is asked again: what was shown before is still on the screen. What the later offers as well is
    /// held once.
    /// </summary>
    public Offer AskedAgain(Offer later)
    {
        var others = Choices.Where(choice => !later.Choices.Any(again => again.Title == choice.Title && again.Payload == choice.Payload));
        var both = (this with { Choices = [.. others] }).And(later);
        return both with
        {
            Choices = [.. both.Choices.TakeLast(MostChoices)],
            Cards = [.. both.Cards.TakeLast(MostChoices)],
            IsOpen = both.IsOpen || both.Choices.Count > MostChoices,
        };
    }

    /// <summary>What both offer. Numbers belong to the later one if it offers choices at all.</summary>
    public Offer And(Offer later) => new()
    {
        Choices = later.Choices.Count == 0 ? Choices : [.. Choices.Select(choice => choice with { Number = 0 }), .. later.Choices],
        Cards = [.. Cards, .. later.Cards],
        IsOpen = IsOpen || later.IsOpen,
    };

    /// <summary>The same, known also by the titles that the Flow gave it, where others were shown.</summary>
    /// <param name="original">What would have been offered without translation.</param>
    public Offer With(Offer original) => this with
    {
        Choices = [.. Choices.Select(choice => choice with
        {
            Original = original.Choices.FirstOrDefault(one => one.Payload == choice.Payload)?.Title is { } title && title != choice.Title ? title : null,
        })],
    };

    /// <summary>The payload of what the customer typed: a title without regard to case, or a number that was shown; null: none of them.</summary>
    public string? PayloadOf(string typed)
    {
        typed = typed.Trim();
        var chosen = Titled(typed);
        if (chosen is null && int.TryParse(typed.TrimEnd('.', ')'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            chosen = Choices.LastOrDefault(choice => choice.Number == number);
        return chosen?.Payload;
    }

    /// <summary>What is left after a click: a card is submitted once, and so is a row of choices.</summary>
    public Offer After(Click? click) =>
        click is null ? this
        : click.CardId is { } card ? this with { Cards = [.. Cards.Where(one => one != card)] }
        : this with { Choices = [] };

    /// <summary>
    /// The payload of what was clicked, which is the bot's own; null: it was not offered. Some channels tell the title alone, which then
    /// stands for it.
    /// </summary>
    public string? PayloadOf(Click click) =>
        Choices.Any(choice => choice.Payload == click.Payload) ? click.Payload
        : click.IsTitleOnly && Titled(click.Payload.Trim()) is { } chosen ? chosen.Payload
        : IsOpen && click.Form.ValueKind == JsonValueKind.Undefined ? click.Payload
        : null;

    /// <summary>The last with a title, as it was shown rather than as the Flow gave it.</summary>
    private OfferedChoice? Titled(string title)
    {
        bool Is(string? one) => title.Length > 0 && string.Equals(one?.Trim(), title, StringComparison.OrdinalIgnoreCase);
        return Choices.LastOrDefault(choice => Is(choice.Title)) ?? Choices.LastOrDefault(choice => Is(choice.Original));
    }
}

/// <summary>One choice that was shown.</summary>
/// <param name="Number">Shown before the title; 0: none was.</param>
internal sealed record OfferedChoice(string Title, string Payload, int Number = 0)
{
    /// <summary>The Flow's own title, where a translated one was shown; null: it is the same.</summary>
    public string? Original { get; set; }
}

/// <summary>What an output became.</summary>
/// <param name="Messages">In the order of sending; none when there was nothing to show.</param>
/// <param name="Offer">What the customer can choose from now.</param>
internal sealed record Converted(IReadOnlyList<OutgoingMessage> Messages, Offer Offer);
