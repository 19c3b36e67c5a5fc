using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Content;

/// <summary>What counts for how an output is shown: the channel, the Endpoint's settings and the id of the card that may be made.</summary>
/// <param name="Kind">What the channel can show.</param>
/// <param name="Settings">The Endpoint's.</param>
/// <param name="CardId">Unique in the conversation; every submit of a card carries it, so that a click tells which card it was on.</param>
internal sealed record ChannelContext(ChannelKind Kind, ContentSettings Settings, string CardId = "0")
{
    public ChannelLimits Limits => ChannelLimits.Of(Kind);

    /// <summary>The kind of a channel by 8x8's name (<c>data.channel</c> of a <c>CONVERSATION_UPDATE</c>), without regard to case and <c>_</c>.</summary>
    public static ChannelKind KindOf(string? name) => name?.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant() switch
    {
        null or "" => ChannelKind.Unknown,
        "WEBCHAT" => ChannelKind.WebChat,
        "CHATAPI" => ChannelKind.ChatApi,
        "WHATSAPP" => ChannelKind.WhatsApp,
        "RCS" => ChannelKind.Rcs,
        "VIBER" => ChannelKind.Viber,
        "SMS" => ChannelKind.Sms,
        "EMAIL" => ChannelKind.Email,
        "FACEBOOK" => ChannelKind.Facebook,
        _ => ChannelKind.Other,
    };
}

/// <summary>Channels that differ in what they can show. Source of the names: 8x8, Chat Gateway, <c>CONVERSATION_UPDATE</c>.</summary>
internal enum ChannelKind
{
    /// <summary>8x8 has not said yet: treated like web chat.</summary>
    Unknown,
    WebChat,
    ChatApi,
    WhatsApp,
    Rcs,
    Viber,
    Sms,
    Email,
    Facebook,

    /// <summary>One that is not known to this product: text only.</summary>
    Other,
}
