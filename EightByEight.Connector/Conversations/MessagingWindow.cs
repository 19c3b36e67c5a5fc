using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// WhatsApp takes anything but templates only for 24 hours after the customer's last message. Looked at when a message is about to be
/// sent, since it may have rested: what is too late is parked, and can be retried once the customer has written again.
/// </summary>
internal static class MessagingWindow
{
    /// <summary>Why a message cannot be sent now; null: it can.</summary>
    public static string? FaultIn(OutgoingMessage message, ConversationFacts facts, DateTimeOffset now)
    {
        if (ChannelContext.KindOf(facts.Channel.Value) != ChannelKind.WhatsApp || facts.CustomerAt == 0) return null;
        var silence = now - DateTimeOffset.FromUnixTimeMilliseconds(facts.CustomerAt);
        if (silence <= WhatsAppLimits.Window || message.Cards?.Any(card => card.ContentType == ChannelCards.Template) == true) return null;
        return $"The customer's last message came {(int)silence.TotalHours} hours ago, and WhatsApp takes only templates after 24 hours. " +
            "Say a channelCard of type Template, or retry this once the customer has written again.";
    }
}
