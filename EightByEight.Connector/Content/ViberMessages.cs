using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>What Viber shows: one button that opens a URL. The same in words stands beside it.</summary>
internal static class ViberMessages
{
    public static Converted? Of(Output output, ChannelContext channel)
    {
        if (output is not { Rich: Buttons { Items: [{ Kind: ButtonKind.WebUrl } link] }, Text.Length: > 0 }) return null;
        var (words, offer) = TextFallback.Of(output);
        var content = new JsonObject
        {
            ["text"] = TextSplitter.Shorten(output.Text, channel.Limits.Text),
            ["button"] = new JsonObject { ["caption"] = TextSplitter.Shorten(link.Title, ViberLimits.Caption), ["action"] = link.Payload },
        };
        var card = ChannelCards.Of(ChannelCards.Buttons, content, channel);
        return new(OutgoingContent.With(words, channel, new OutgoingMessage { Cards = [card] }), offer);
    }
}
