using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Translation;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// Translates between the customers of a bot and 8x8's agents, where the provider's settings say so: what customers say, as the input of a
/// Flow is, and what agents say, as its outputs are. Where that fails the original goes through, and the bot is told.
/// </summary>
internal sealed class Interpreter(ProviderStore providers, TurnTranslation translation)
{
    /// <summary>The provider of a handover; null: it does not translate, or is gone.</summary>
    public async ValueTask<HandoverProvider?> OfAsync(HandoverHead head, CancellationToken cancellation) =>
        await providers.FindAsync(head.ProviderId, pastCache: false, cancellation) is { Settings.Translation.Enabled: true } provider ? provider : null;

    /// <summary>What a customer wrote, for agents.</summary>
    public ValueTask<TranslatedInput> ForAgentsAsync(
        HandoverProvider provider, HandoverHead head, string text, CancellationToken cancellation) =>
        translation.InputAsync(OwnerOf(provider), provider.Settings.Translation, text, isPayload: false, head.Language, head.Spoken, cancellation);

    /// <summary>
    /// What customer and bot said before, for agents. The language of each message is detected, since nobody says which the bot spoke; the
    /// customer's first message confirms what comes of it.
    /// </summary>
    public async ValueTask<(History History, SpokenLanguage? Spoken, string? Fault)> ForAgentsAsync(
        HandoverProvider provider, HandoverHead head, History history, CancellationToken cancellation)
    {
        var settings = provider.Settings.Translation;
        var (texts, detected, fault) = await translation.TextsAsync(OwnerOf(provider), settings, new(null, settings.FlowLanguage, head.Language),
            [.. history.Messages.Select(message => message.Text ?? "")], cancellation);
        return (new([.. history.Messages.Zip(texts, (message, text) => message with { Text = text })]),
            detected is null ? head.Spoken : new SpokenLanguage { Detected = detected }, fault);
    }

    /// <summary>Puts what agents wrote into the customer's language, where that is known; the original stays beside it.</summary>
    public async ValueTask ForCustomerAsync(HandoverHead head, List<Happening> happenings, CancellationToken cancellation)
    {
        var said = happenings.FindAll(happening => happening.Type == EventTypes.AgentMessage && TextOf(happening).Length > 0);
        if (said.Count == 0 || await OfAsync(head, cancellation) is not { Settings.Translation: var settings } provider
            || TurnTranslation.UserLanguage(settings, head.Language, head.Spoken) is not { } language) return;
        var (texts, _, fault) = await translation.TextsAsync(
            OwnerOf(provider), settings, TurnTranslation.ToCustomer(settings, language), [.. said.Select(TextOf)], cancellation);
        for (var i = 0; i < said.Count; i++)
        {
            var data = said[i].Data;
            if (fault is not null) data["translationError"] = fault;
            else (data["originalText"], data["text"]) = (TextOf(said[i]), texts[i]);
        }
    }

    private static string TextOf(Happening happening) => (string?)happening.Data["text"] ?? "";

    private TranslationOwner OwnerOf(HandoverProvider provider) =>
        new(provider.Id, cancellation => providers.TranslationKeyAsync(provider, cancellation));
}
