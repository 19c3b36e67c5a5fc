using System.Text.Json;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Functions.Tests.ChatGateway;

/// <summary>A message rests as JSON between commit and send.</summary>
public sealed class OutboxJsonTests
{
    [Fact]
    public void A_message_that_rested_as_JSON_is_the_same_message()
    {
        const string Stored =
            """{"authorType":"user","text":"Hi","attachments":[{"id":"a"}],"cards":[{"contentType":"Template","content":{"x":[1]},"id":"c"}],"externalProvider":{"name":"X","externalMessageId":"1"},"new":{"y":2}}""";

        Assert.Equal(Stored, JsonSerializer.Serialize(Read(Stored), ChatGatewayJson.Default.OutgoingMessage));
    }

    [Fact]
    public void A_message_that_names_no_author_is_the_bots() => Assert.Equal("bot", Read("""{"text":"Hi"}""").AuthorType);

    private static OutgoingMessage Read(string json) => JsonSerializer.Deserialize(json, ChatGatewayJson.Default.OutgoingMessage)!;
}
