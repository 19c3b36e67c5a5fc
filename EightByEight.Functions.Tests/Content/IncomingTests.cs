using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Functions.Tests.Content;

/// <summary>What events say to a Flow: one shape, whatever the channel.</summary>
public class IncomingTests
{
    [Theory]
    [InlineData("quickReply/action", """{"type":"postback","data":{"title":"Track order","payload":"track"}}""", "track", "Track order")]
    [InlineData("quickReply/action", """{"type":"postback","data":{"title":"Track order"}}""", "Track order", "Track order")]
    [InlineData("interactive/reply", """{"type":"button_reply","button_reply":{"id":"track","title":"Track order"}}""", "track", "Track order")]
    [InlineData("interactive/reply", """{"type":"list_reply","list_reply":{"id":"track","title":"Track order","description":"x"}}""", "track", "Track order")]
    [InlineData("interactive/reply", """{"interactive":{"type":"list_reply","list_reply":{"id":"track","title":"Track order"}}}""", "track", "Track order")]
    [InlineData("suggestion/reply", """{"postbackData":"track","text":"Track order"}""", "track", "Track order")]
    [InlineData("suggestion/reply", """{"suggestionResponse":{"postbackData":"track","text":"Track order","type":"REPLY"}}""", "track", "Track order")]
    [InlineData("something/new", """{"reply":{"postbackData":"track","text":"Track order"}}""", "track", "Track order")]
    public void A_reply_is_text_and_a_choice(string name, string value, string text, string title)
    {
        var content = Activity(name, value);

        Assert.Equal(text, content.Text);
        Assert.Equal($$"""{"title":"{{title}}","payload":"{{text}}"}""", content.Data["choice"]!.ToJsonString());
        Assert.Equal(name, (string)content.Data["request"]!["data"]!["name"]!);
    }

    [Theory]
    [InlineData("Action.Submit")]
    [InlineData("Action.Execute")]
    public void A_submitted_card_is_data_under_every_name_that_flows_look_for_it(string type)
    {
        var content = Activity("adaptiveCard/action", $$"""{"type":"{{type}}","data":{"size":"L","_card":"1-2"} }""");

        Assert.Equal("", content.Text);
        Assert.Equal("""{"size":"L"}""", content.Data["adaptivecards"]!.ToJsonString());
        Assert.Equal("""{"size":"L"}""", content.Data["request"]!["value"]!.ToJsonString());
        Assert.Equal("L", (string)content.Data["request"]!["data"]!["value"]!["data"]!["size"]!);
    }

    [Theory]
    [InlineData("""{"postback":"yes","_card":"1-2"}""", "yes")]
    [InlineData("""{"text":"2026-04-30","_card":"1-2"}""", "2026-04-30")]
    [InlineData("\"plain\"", "plain")]
    [InlineData("null", "")]
    public void What_a_card_gives_back_is_text_where_it_is_one(string data, string text) =>
        Assert.Equal(text, Activity("adaptiveCard/action", $$"""{"type":"Action.Submit","data":{{data}} }""").Text);

    [Theory]
    [InlineData("""{"type":"nfm_reply","nfm_reply":{"name":"flow","response_json":"{\"size\":\"L\"}"}}""")]
    [InlineData("""{"type":"nfmReply","nfmReply":{"responseJson":"{\"size\":\"L\"}"}}""")]
    [InlineData("""{"interactive":{"nfmReply":{"responseJson":"{\"size\":\"L\"}"}}}""")]
    public void A_whatsapp_form_looks_like_a_submitted_card(string value)
    {
        var content = Activity("interactive/reply", value);

        Assert.Equal("""{"size":"L"}""", content.Data["adaptivecards"]!.ToJsonString());
        Assert.Equal("""{"size":"L"}""", content.Data["request"]!["value"]!.ToJsonString());
    }

    [Fact]
    public void A_form_that_is_no_json_is_still_an_input()
    {
        Assert.True(IncomingContent.IsReply(Body("interactive/reply", """{"nfmReply":{"responseJson":"{"}}""")));
        Assert.Equal("{", Activity("interactive/reply", """{"nfmReply":{"name":"flow","responseJson":"{"}}""").Text);
    }

    [Fact]
    public void A_location_is_text_and_data()
    {
        var content = Activity("interactive/reply", """{"location":{"latitude":51.5,"longitude":"-0.12","name":"London"}}""");

        Assert.Equal("51.5,-0.12", content.Text);
        Assert.Equal("London", (string)content.Data["location"]!["name"]!);
    }

    [Theory]
    [InlineData("typing", """{"users":[{"type":"user","id":"u1"}]}""")]
    [InlineData("read-receipts", """[{"timestamp":1,"users":[]}]""")]
    [InlineData("something/new", "{}")]
    [InlineData("suggestion/reply", """{"postbackData":"_opened","text":"Our page"}""")]
    public void What_says_nothing_is_no_reply(string name, string value) => Assert.False(IncomingContent.IsReply(Body(name, value)));

    [Fact]
    public void Attachments_have_a_name_a_url_and_a_type()
    {
        var content = IncomingContent.Of(JsonElement.Parse("""
            {"eventType":"MESSAGE","data":{"text":null,"attachments":[
              {"id":"a1","type":"image","preSignedUrl":"https://files/1","fileName":"cat.png"}, {"id":"a2"}]}}
            """));

        Assert.Equal("", content.Text);
        Assert.Equal("""[{"id":"a1","name":"cat.png","url":"https://files/1","type":"image"},{"id":"a2","name":null,"url":null,"type":"file"}]""",
            content.Data["attachments"]!.ToJsonString());
    }

    private static IncomingContent Activity(string name, string value) => IncomingContent.Of(Body(name, value));

    private static JsonElement Body(string name, string value) => JsonElement.Parse(new JsonObject
    {
        ["eventType"] = "ACTIVITY",
        ["data"] = new JsonObject { ["name"] = name, ["value"] = JsonNode.Parse(value) },
    }.ToJsonString());

    [Theory]
    [InlineData("Hi", """{"request":{}}""", "TextOnly")]
    [InlineData("m", """{"request":{},"choice":{"payload":"m"}}""", "TextOnly")]
    [InlineData("Hi", """{"request":{},"attachments":[]}""", "TextOnly")]
    [InlineData("Hi", """{"order":7}""", "TextData")]
    [InlineData("Hi", """{"attachments":[{"name":"a.pdf"}]}""", "TextData")]
    [InlineData("", """{"request":{}}""", "TextData")]
    public void Text_with_data_is_told_from_text_alone(string text, string data, string mode) =>
        Assert.Equal(mode, new IncomingContent(text, (System.Text.Json.Nodes.JsonObject)System.Text.Json.Nodes.JsonNode.Parse(data)!).Mode);
}
