using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Functions.Tests.Content;

/// <summary>Messages of 8x8 that an author wrote.</summary>
public class RawMessageTests
{
    [Theory]
    [InlineData("""{"authorType":"customer","text":"a"}""")]
    [InlineData("""{"authorType":"user","text":"a"}""")]
    [InlineData("""{"text":"a"}""")]
    public void Whoever_it_names_the_bot_speaks(string json) => Assert.Equal("bot", Read(json, out _)!.AuthorType);

    [Fact]
    public void A_text_beside_an_external_provider_is_dropped()
    {
        var message = Read("""{"text":"a","externalProvider":{"name":"X","externalMessageId":"1"}}""", out _)!;

        Assert.Null(message.Text);
        Assert.Equal("1", message.ExternalProvider!.ExternalMessageId);
    }

    [Fact]
    public void What_is_unknown_passes_through() =>
        Assert.Equal(1, Read("""{"text":"a","later":1}""", out _)!.More!["later"].GetInt32());

    [Theory]
    [InlineData("{}", "neither text")]
    [InlineData("""{"text":""}""", "neither text")]
    [InlineData("""{"text":5}""", "'text' is not a text")]
    [InlineData("""{"attachments":["a"]}""", "'attachments'")]
    [InlineData("""{"cards":[{"contentType":"x"}]}""", "'cards'")]
    [InlineData("""{"cards":[{"contentType":"Interactive","content":[]}]}""", "'cards'")]
    [InlineData("""{"externalProvider":"X"}""", "'externalProvider'")]
    public void What_8x8_would_refuse_is_refused_with_its_reason(string json, string reason)
    {
        Assert.Null(Read(json, out var problem));
        Assert.Contains(reason, problem);
    }

    private static Connector.ChatGateway.OutgoingMessage? Read(string json, out string? problem) =>
        RawMessages.Read((JsonObject)JsonNode.Parse(json)!, out problem);

    [Fact]
    public void An_adaptive_card_in_it_carries_its_id_like_any_other()
    {
        var raw = Read("""
            {"cards":[{"contentType":"application/vnd.microsoft.card.adaptive","content":
              {"type":"AdaptiveCard","version":"1.3","actions":[{"type":"Action.Submit","title":"Go","data":{"a":1}}]}}]}
            """, out _)!;

        var converted = Samples.Convert(new Output { Rich = new RawMessage(raw) }, ChannelKind.WebChat);

        var id = converted.Messages[0].Cards![0].Content.GetProperty("actions")[0].GetProperty("data").GetProperty("_card").GetString()!;
        Assert.Equal([id], converted.Offer.Cards);
        Assert.False(converted.Offer.IsOpen);
    }

    [Fact]
    public void A_card_without_a_content_type_is_an_adaptive_one_as_8x8_takes_it()
    {
        var raw = Read("""
            {"cards":[{"kept":1,"content":{"type":"AdaptiveCard","body":[],"actions":[{"type":"Action.Submit","title":"Go","data":"gone"}]}}]}
            """, out _)!;

        var converted = Samples.Convert(new Output { Rich = new RawMessage(raw) }, ChannelKind.WebChat);

        var card = converted.Messages[0].Cards![0];
        Assert.Equal((ChannelCards.Adaptive, 1), (card.ContentType, card.More!["kept"].GetInt32()));
        Assert.Single(converted.Offer.Cards);
        Assert.Equal("gone", converted.Offer.PayloadOf("go"));
    }

    [Fact]
    public void Suggestions_of_RCS_are_a_list() =>
        Assert.NotNull(Read("""{"text":"a","cards":[{"contentType":"Suggestions","content":[{"reply":{"text":"A","postbackData":"a"}}]}]}""", out _));
}
