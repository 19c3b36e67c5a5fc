using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Translation;

/// <summary>What a session knows of its customer's language.</summary>
internal sealed record SpokenLanguage
{
    /// <summary>As it was detected last; null: not yet.</summary>
    public string? Detected { get; set; }

    /// <summary>On how many inputs it was looked for.</summary>
    public int Inputs { get; set; }
}

/// <summary>What became of an input.</summary>
/// <param name="Text">For the Flow.</param>
/// <param name="From">The language it came in; null: not known, or nothing was translated.</param>
/// <param name="Fault">Why the original went through; null: it did not.</param>
internal sealed record TranslatedInput(string Text, SpokenLanguage? Language, string? From = null, string? Fault = null);

/// <summary>Translation in a turn. Where it is off, nothing is done but what <c>alwaysRemoveMarkers</c> asks for.</summary>
internal sealed partial class TurnTranslation(Translator translator, ILogger<TurnTranslation> logger)
{
    private const string Place = "translation";

    /// <summary>What a turn tells of texts that went through as they were. It is the connector's own words, and never holds a text.</summary>
    public static FlowFailure Warning(string fault) => new(Place, 0, fault);

    /// <summary>Whether a turn's warning is one of these: those of steps have a line.</summary>
    public static bool IsWarning(FlowFailure warning) => warning is { Step: Place, Line: 0 };

    /// <summary>What the customer said, in the Flow's language.</summary>
    /// <param name="settings">The Endpoint's, as the session changed them.</param>
    /// <param name="hint">The language that the channel says; null: it does not.</param>
    /// <param name="isPayload">Whether the text came with a click.</param>
    public ValueTask<TranslatedInput> InputAsync(
        Endpoint endpoint, TranslationSettings settings, string text, bool isPayload, string? hint, SpokenLanguage? known, CancellationToken cancellation) =>
        InputAsync(translator.OwnerOf(endpoint), settings, text, isPayload, hint, known, cancellation);

    /// <inheritdoc cref="InputAsync(Endpoint, TranslationSettings, string, bool, string?, SpokenLanguage?, CancellationToken)"/>
    public async ValueTask<TranslatedInput> InputAsync(
        TranslationOwner owner, TranslationSettings settings, string text, bool isPayload, string? hint, SpokenLanguage? known, CancellationToken cancellation)
    {
        if (!settings.Enabled || (isPayload && settings.SkipPayloads)
            || !NoTranslation.Pieces(text, settings.NoTranslationMarker).Exists(piece => piece.IsTranslated))
            return new(text, known);
        var detects = settings.UserLanguage == TranslationSettings.Auto
            // The words of a button are the Flow's, and tell nothing about the customer.
            && !isPayload && (known?.Detected is null || known.Inputs < settings.DetectOnInputs);
        var from = detects ? null : UserLanguage(settings, hint, known);
        try
        {
            var (texts, detected) = await translator.TranslateAsync(owner, settings,
                new(from, settings.FlowLanguage, hint, settings.UserLanguage == TranslationSettings.Auto ? null : settings.GlossaryInput),
                [text], cancellation);
            var language = detects ? new SpokenLanguage { Detected = detected ?? known?.Detected, Inputs = (known?.Inputs ?? 0) + 1 } : known;
            return new(texts[0], language, detected ?? from);
        }
        catch (TranslationException failed)
        {
            Failed(owner.Id, failed.Message);
            return new(text, known, from, failed.Message);
        }
    }

    /// <summary>What the Flow says, in the customer's language, and why the originals go through; null: they do not.</summary>
    public async ValueTask<(IReadOnlyList<Output> Outputs, string? Fault)> OutputsAsync(
        Endpoint endpoint, TranslationSettings settings, IReadOnlyList<Output> outputs, string? hint, SpokenLanguage? known, CancellationToken cancellation)
    {
        var off = !settings.Enabled;
        if (outputs.Count == 0 || (off && !settings.AlwaysRemoveMarkers)) return (outputs, null);
        if (off || UserLanguage(settings, hint, known) is not { } language) return (Unmarked(outputs, settings), null);
        var texts = new List<string>();
        foreach (var output in outputs)
            OutputTexts.Map(output, text =>
            {
                texts.Add(text);
                return text;
            });
        var (translated, _, fault) = await TextsAsync(translator.OwnerOf(endpoint), settings, ToCustomer(settings, language), texts, cancellation);
        if (fault is not null) return (Unmarked(outputs, settings), fault);
        var next = 0;
        return ([.. outputs.Select(output => OutputTexts.Map(output, _ => translated[next++]))], null);
    }

    /// <summary>What is said to a customer in their language.</summary>
    public static Wish ToCustomer(TranslationSettings settings, string language) =>
        new(settings.FlowLanguage, language, Glossary: settings.GlossaryOutput);

    /// <summary>Texts as they are wished, the language that was detected, and why the originals go through; null: they do not.</summary>
    public async ValueTask<(IReadOnlyList<string> Texts, string? Detected, string? Fault)> TextsAsync(
        TranslationOwner owner, TranslationSettings settings, Wish wish, IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        try
        {
            var (translated, detected) = await translator.TranslateAsync(owner, settings, wish, texts, cancellation);
            return (translated, detected, null);
        }
        catch (TranslationException failed)
        {
            Failed(owner.Id, failed.Message);
            return (texts, null, failed.Message);
        }
    }

    /// <summary>The customer's language; null: it is not known.</summary>
    public static string? UserLanguage(TranslationSettings settings, string? hint, SpokenLanguage? known) =>
        settings.UserLanguage == TranslationSettings.Auto ? known?.Detected ?? hint : settings.UserLanguage;

    private static Output[] Unmarked(IReadOnlyList<Output> outputs, TranslationSettings settings) =>
        [.. outputs.Select(output => OutputTexts.Map(output, text => NoTranslation.Unmarked(text, settings.NoTranslationMarker)))];

    [LoggerMessage(Level = LogLevel.Warning, Message = "Translation of {Owner}: the original text goes through. {Reason}")]
    private partial void Failed(string owner, string reason);
}
