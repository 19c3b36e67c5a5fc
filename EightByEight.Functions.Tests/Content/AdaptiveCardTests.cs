using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Functions.Tests.Content;

/// <summary>Adaptive Cards of authors, for clients that know less than they do.</summary>
public class AdaptiveCardTests
{
    [Theory]
    [InlineData("1.0", "1.3", "1.0")]
    [InlineData("1.5", "1.3", "1.3")]
    [InlineData("1.5", "1.5", "1.5")]
    [InlineData(null, "1.3", "1.3")]
    public void A_card_declares_no_more_than_is_shown(string? declared, string target, string version)
    {
        var card = new JsonObject { ["body"] = new JsonArray() };
        if (declared is not null) card["version"] = declared;

        Assert.Equal(version, (string)AdaptiveCards.Lower(card, target)!["version"]!);
        Assert.Equal("AdaptiveCard", (string)AdaptiveCards.Lower(card, target)!["type"]!);
    }

    [Theory]
    [InlineData("""{"type":"Action.Execute","title":"Go","verb":"go","data":{"a":1}}""", """{"type":"Action.Submit","title":"Go","data":{"a":1,"verb":"go"}}""")]
    [InlineData("""{"type":"Action.Execute","title":"Go","verb":"go"}""", """{"type":"Action.Submit","title":"Go","data":{"verb":"go"}}""")]
    [InlineData("""{"type":"Action.Submit","title":"Go","tooltip":"x","mode":"secondary","isEnabled":true}""", """{"type":"Action.Submit","title":"Go"}""")]
    [InlineData("""{"type":"TextBlock","text":"a","style":"heading"}""", """{"type":"TextBlock","text":"a"}""")]
    [InlineData("""{"type":"TextBlock","text":5}""", """{"type":"TextBlock","text":"5"}""")]
    [InlineData("""{"type":"Input.ChoiceSet","id":"a","style":"filtered","choices":[{"title":"x","value":"y"}]}""",
        """{"type":"Input.ChoiceSet","id":"a","style":"compact","choices":[{"title":"x","value":"y"}]}""")]
    [InlineData("""{"type":"Input.ChoiceSet","id":"a","choices":[{"title":"x","value":"y"}],"choices.data":{"type":"Data.Query","dataset":"d"}}""",
        """{"type":"Input.ChoiceSet","id":"a","choices":[{"title":"x","value":"y"}]}""")]
    [InlineData("""{"type":"Badge","text":"new","fallback":{"type":"TextBlock","text":"new"}}""", """{"type":"Badge","text":"new","fallback":{"type":"TextBlock","text":"new"}}""")]
    [InlineData("""{"type":"Input.Toggle","id":"t","title":"Yes","isVisible":true}""", """{"type":"Input.Toggle","id":"t","title":"Yes","isVisible":true}""")]
    [InlineData("""{"type":"Action.Submit","title":"Go","data":{"text":5,"type":"Table","mode":"x"}}""", """{"type":"Action.Submit","title":"Go","data":{"text":5,"type":"Table","mode":"x"}}""")]
    public void What_a_client_of_1_3_lacks_is_said_with_what_it_has(string element, string lowered) =>
        Assert.Equal(lowered, Lower(element)!["body"]![0]!.ToJsonString());

    [Fact]
    public void A_deep_card_is_lowered_in_no_time()
    {
        var element = """{"type":"TextBlock","text":"deep"}""";
        for (var i = 0; i < 25; i++) element = $$"""{"type":"Container","items":[{{element}}]}""";

        Assert.NotNull(Lower(element));
    }

    [Fact]
    public void A_submit_whose_data_is_a_text_carries_the_id_too()
    {
        var card = (JsonObject)JsonNode.Parse("""{"actions":[{"type":"Action.Submit","title":"Go","data":"go"}]}""")!;

        AdaptiveCards.Mark(card, "1-7");

        Assert.Equal("""{"postback":"go","_card":"1-7"}""", card["actions"]![0]!["data"]!.ToJsonString());
    }

    [Fact]
    public void A_disabled_action_is_left_out_rather_than_enabled() =>
        Assert.Empty(Lower("""{"type":"ActionSet","actions":[{"type":"Action.Submit","title":"Go","isEnabled":false}]}""")!["body"]![0]!["actions"]!.AsArray());

    [Theory]
    [InlineData("""{"type":"Badge","text":"new"}""")]
    [InlineData("""{"type":"Container","items":[{"type":"Carousel","pages":[]}]}""")]
    [InlineData("""{"type":"Input.Rating","id":"r"}""")]
    [InlineData("""{"type":"Input.ChoiceSet","id":"a","choices.data":{"type":"Data.Query","dataset":"d"}}""")]
    public void A_card_that_would_lose_its_meaning_is_not_lowered(string element) => Assert.Null(Lower(element));

    [Fact]
    public void Such_a_card_is_said_in_words()
    {
        var card = (JsonObject)JsonNode.Parse("""{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"Rate us"},{"type":"Input.Rating","id":"r"}]}""")!;

        var message = Assert.Single(Samples.Convert(new Output { Rich = new AdaptiveCard(card) }, ChannelKind.WebChat).Messages);

        Assert.Equal(("Rate us", null), (message.Text, message.Cards));
    }

    [Fact]
    public void A_table_stays_where_clients_know_it()
    {
        var card = (JsonObject)JsonNode.Parse("""{"version":"1.5","body":[{"type":"Table","columns":[{"width":1}],"rows":[{"type":"TableRow","cells":[{"type":"TableCell","items":[]}]}]}]}""")!;

        Assert.Equal("Table", (string)AdaptiveCards.Lower(card, "1.5")!["body"]![0]!["type"]!);
    }

    [Fact]
    public void Every_submit_carries_the_cards_id_and_nothing_else_does()
    {
        var card = (JsonObject)JsonNode.Parse("""
            {"body":[{"type":"Input.Text","id":"a","inlineAction":{"type":"Action.Submit","title":"x"}}],
             "actions":[{"type":"Action.Submit","title":"y","data":{"k":1}},{"type":"Action.Submit","data":"text"},{"type":"Action.OpenUrl","url":"u"},
               {"type":"Action.ShowCard","card":{"type":"AdaptiveCard","actions":[{"type":"Action.Execute"}]}}]}
            """)!;

        AdaptiveCards.Mark(card, "2-7");

        Assert.Equal("""
            {"body":[{"type":"Input.Text","id":"a","inlineAction":{"type":"Action.Submit","title":"x","data":{"_card":"2-7"}}}],"actions":[{"type":"Action.Submit","title":"y","data":{"k":1,"_card":"2-7"}},{"type":"Action.Submit","data":{"postback":"text","_card":"2-7"}},{"type":"Action.OpenUrl","url":"u"},{"type":"Action.ShowCard","card":{"type":"AdaptiveCard","actions":[{"type":"Action.Execute","data":{"_card":"2-7"}}]}}]}
            """, card.ToJsonString());
    }

    [Fact]
    public void Choices_that_the_bot_looks_up_stay_where_clients_know_them()
    {
        const string card = """{"body":[{"type":"Input.ChoiceSet","id":"a","choices.data":{"type":"Data.Query","dataset":"d"}}],"type":"AdaptiveCard","version":"1.6"}""";

        Assert.Equal(card, AdaptiveCards.Lower((JsonObject)JsonNode.Parse(card)!, "1.6")!.ToJsonString());
    }

    private static JsonObject? Lower(string element) =>
        AdaptiveCards.Lower(new JsonObject { ["version"] = "1.6", ["body"] = new JsonArray(JsonNode.Parse(element)) }, "1.3");
}
