using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Content;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>REST Endpoints of Cognigy.AI, and all that their Flows can show.</summary>
public class CognigyTests
{
    [Fact]
    public async Task An_input_is_told_and_the_stack_is_said_not_its_concatenation()
    {
        await using var cognigy = await AgentServer.StartAsync(_ => (200, """
            {"text":"a b","data":{},"outputStack":[{"text":"a","data":{},"source":"bot"},{"text":"b","data":{"more":1},"source":"bot"}],"userId":"u","sessionId":"s"}
            """));

        var answer = await Ask.Async(Ask.Request(new(AgentKind.Cognigy, new Uri(cognigy.Url + "/urltoken")), "hi", new JsonObject { ["x"] = 1 }));

        Assert.Equal(["a", "b"], answer.Outputs.Select(output => output.Text));
        Assert.Equal(1, (int)answer.Outputs[1].Data!["more"]!);
        var call = Assert.Single(cognigy.Calls);
        Assert.Equal("/urltoken", call.Path);
        Assert.Equal("""{"userId":"user-1","sessionId":"c1-1","text":"hi","data":{"x":1}}""", call.Body);
    }

    [Fact]
    public async Task Data_handover_asks_for_a_person()
    {
        await using var cognigy = await AgentServer.StartAsync(_ => (200, """{"outputStack":[{"text":"One moment.","data":{"handover":{"queueId":"5"}}}]}"""));

        var answer = await Ask.Async(AgentKind.Cognigy, cognigy.Url);

        Assert.Equal("5", (string?)answer.Handover!["queueId"]);
        Assert.Equal("One moment.", Assert.Single(answer.Outputs).Text);
    }

    [Fact]
    public void Quick_replies_of_every_kind()
    {
        var output = One("""
            {"type":"quickReplies","_cognigy":{"_default":{"_quickReplies":{"type":"quick_replies","text":"T","fallbackText":"F","quickReplies":[
              {"id":1,"contentType":"postback","payload":"p","title":"A"},
              {"contentType":"phone_number","payload":"+49 1","title":"Call"},
              {"contentType":"trigger_intent","payload":"","intentName":"Order","title":"Do"}]}}}}
            """);

        Assert.Equal(("T", "F"), (output.Text, output.FallbackText));
        Assert.Equal([new("A", "p"), new("Call", "+49 1", ButtonKind.PhoneNumber), new("Do", "cIntent:Order")], output.QuickReplies);
        Assert.Null(output.Data);
    }

    [Fact]
    public void Buttons_gallery_and_list()
    {
        Assert.Equal([new("Site", "https://example.com", ButtonKind.WebUrl)], Assert.IsType<Buttons>(One("""
            {"_cognigy":{"_default":{"_buttons":{"type":"buttons","text":"T","buttons":[{"type":"web_url","title":"Site","url":"https://example.com"}]}}}}
            """).Rich).Items);
        var item = Assert.Single(Assert.IsType<Gallery>(One("""
            {"_cognigy":{"_default":{"_gallery":{"type":"carousel","items":[{"title":"Red","subtitle":"Shoe","imageUrl":"https://example.com/r.png",
              "buttons":[{"type":"postback","title":"Buy","payload":"buy"}]}],"fallbackText":""}}}}
            """).Rich).Items);
        Assert.Equal(("Red", "Shoe", "https://example.com/r.png", new QuickReply("Buy", "buy")), (item.Title, item.Subtitle, item.ImageUrl, Assert.Single(item.Buttons)));
        var list = Assert.IsType<ItemList>(One("""
            {"_cognigy":{"_default":{"_list":{"type":"list","items":[{"title":"One","defaultActionUrl":"https://example.com/1","imageAltText":"1"}],
              "button":{"type":"postback","title":"More","payload":"more"}}}}}
            """).Rich);
        Assert.Equal(("One", "https://example.com/1", new QuickReply("More", "more")), (list.Items[0].Title, list.Items[0].Url, list.Button));
    }

    [Theory]
    [InlineData("""{"_image":{"type":"image","imageUrl":"https://example.com/f"}}""", nameof(MediaKind.Image))]
    [InlineData("""{"_audio":{"type":"audio","audioUrl":"https://example.com/f"}}""", nameof(MediaKind.Audio))]
    [InlineData("""{"_video":{"type":"video","videoUrl":"https://example.com/f"}}""", nameof(MediaKind.Video))]
    public void Media(string shown, string kind) =>
        Assert.Equal(new Media(Enum.Parse<MediaKind>(kind), "https://example.com/f"), One("""{"_cognigy":{"_default":$}}""".Replace("$", shown, StringComparison.Ordinal)).Rich);

    [Fact]
    public void An_adaptive_card_and_a_date_picker()
    {
        Assert.Equal("AdaptiveCard", (string?)Assert.IsType<AdaptiveCard>(One("""
            {"_cognigy":{"_default":{"_adaptiveCard":{"type":"adaptiveCard","adaptiveCard":{"type":"AdaptiveCard","body":[]}}}}}
            """).Rich).Card["type"]);
        Assert.Equal("AdaptiveCard", (string?)Assert.IsType<AdaptiveCard>(One("""
            {"_cognigy":{"_webchat":{"adaptiveCard":{"type":"AdaptiveCard","body":[]}}}}
            """).Rich).Card["type"]);
        Assert.Equal(new DatePicker("OK", "2026-01-01"), One("""{"_plugin":{"type":"date-picker","data":{"minDate":"2026-01-01"}}}""").Rich);
    }

    [Fact]
    public void Messages_in_the_form_of_Messenger()
    {
        var quick = One("""{"_cognigy":{"_webchat":{"message":{"text":"Q","quick_replies":[{"content_type":"text","title":"A","payload":"a"}]}}}}""");
        Assert.Equal(("Q", new QuickReply("A", "a")), (quick.Text, Assert.Single(quick.QuickReplies)));
        var buttons = One("""
            {"_cognigy":{"_facebook":{"message":{"attachment":{"type":"template","payload":{"template_type":"button","text":"B",
              "buttons":[{"type":"web_url","title":"Go","url":"https://example.com"}]}}}}}}
            """);
        Assert.Equal(("B", new QuickReply("Go", "https://example.com", ButtonKind.WebUrl)), (buttons.Text, Assert.Single(Assert.IsType<Buttons>(buttons.Rich).Items)));
        var generic = One("""
            {"_cognigy":{"_default":{"message":{"attachment":{"type":"template","payload":{"template_type":"generic",
              "elements":[{"title":"E","image_url":"https://example.com/e.png","default_action":{"type":"web_url","url":"https://example.com/e"}}]}}}}}}
            """);
        Assert.Equal("https://example.com/e", Assert.Single(Assert.IsType<Gallery>(generic.Rich).Items).Url);
        Assert.IsType<Media>(One("""{"_cognigy":{"_webchat":{"message":{"attachment":{"type":"image","payload":{"url":"https://example.com/i.png"}}}}}}""").Rich);
    }

    [Fact]
    public void A_message_of_8x8_goes_as_it_is_before_what_is_for_all_channels()
    {
        var output = One("""
            {"_cognigy":{"_default":{"_text":{"type":"text","text":"T"}},
              "_eightByEight":{"text":"Choose","cards":[{"contentType":"adaptive","content":{"type":"AdaptiveCard"}}]}},"more":1}
            """);

        var message = Assert.IsType<RawMessage>(output.Rich).Message;
        Assert.Equal(("Choose", "adaptive"), (message.Text, Assert.Single(message.Cards!).ContentType));
        Assert.Equal(("", 1), (output.Text, (int)output.Data!["more"]!));
        Assert.Equal("Hi", One("""{"_cognigy":{"_default":{"_text":{"text":"T"}},"_eightByEight":{"text":"Hi"}}}""").Text);
    }

    [Fact]
    public void A_text_beside_a_message_of_8x8_is_not_said_twice()
    {
        var output = Assert.Single(CognigyOutputs.Read("Beside", JsonElement.Parse("""
            {"_cognigy":{"_eightByEight":{"attachments":[{"id":"a1"}]}}}
            """), []));

        Assert.Equal("", output.Text);
        Assert.Equal("a1", Assert.Single(Assert.IsType<RawMessage>(output.Rich).Message.Attachments!).Id);
    }

    [Fact]
    public void What_is_no_message_of_8x8_is_told_and_what_is_for_all_channels_is_shown()
    {
        var faults = new List<string>();
        var output = CognigyOutputs.Read(null, JsonElement.Parse("""
            {"_cognigy":{"_default":{"_text":{"text":"T"}},"_eightByEight":{"cards":"none"}}}
            """), faults).Single();

        Assert.Equal("T", output.Text);
        Assert.Contains("cards", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null", """{"_cognigy":{"_default":{"_foo":{"text":"A secret"}}}}""", "'_default._foo'")]
    [InlineData("\"Beside\"", """{"_cognigy":{"_default":{"_foo":{"text":"A secret"}}}}""", "'_default._foo'")]
    [InlineData("null", """{"_cognigy":{"_default":{"_quickReplies":{"type":"quick_replies"}}}}""", "'_default._quickReplies'")]
    [InlineData("null", """{"_cognigy":{"_slack":{"blocks":[1]}}}""", "'_slack'")]
    [InlineData("null", """{"_plugin":{"type":"map"}}""", "'_plugin'")]
    [InlineData("null", """{"more":1}""", "'more'")]
    public void What_cannot_be_shown_is_named_without_its_texts(string text, string data, string named)
    {
        var answer = CognigyAgent.Of([JsonElement.Parse($$"""{"text":{{text}},"data":{{data}}}""")]);

        var fault = Assert.Single(answer.Faults);
        Assert.Contains(named, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"_cognigy":{"_default":{"_text":{"type":"text","text":"Hi"}},"_slack":{"blocks":[1]}},"more":1}""")]
    [InlineData("""{"_cognigy":{"_default":{"_text":{"type":"text","text":""}}}}""")]
    [InlineData("""{"_cognigy":{"_default":{}},"handover":true,"end":true}""")]
    [InlineData("{}")]
    public void What_is_shown_steers_or_is_empty_is_no_matter(string data) =>
        Assert.Empty(CognigyAgent.Of([JsonElement.Parse($$"""{"text":null,"data":{{data}}}""")]).Faults);

    [Fact]
    public void A_preview_is_shown_where_there_is_nothing_else() =>
        Assert.Equal("P", One("""{"_cognigy":{"_default":{},"_defaultPreview":{"_text":{"type":"text","text":"P"}}}}""").Text);

    [Fact]
    public void A_list_in_the_form_of_Messenger()
    {
        var list = Assert.IsType<ItemList>(One("""
            {"_cognigy":{"_facebook":{"message":{"attachment":{"type":"template","payload":{"template_type":"list","top_element_style":"compact",
              "elements":[{"title":"One","subtitle":"1"},{"title":"Two","buttons":[{"type":"postback","title":"Take","payload":"t"}]}],
              "buttons":[{"type":"postback","title":"More","payload":"more"}]}}}}}}
            """).Rich);

        Assert.Equal(["One", "Two"], list.Items.Select(item => item.Title));
        Assert.Equal((new QuickReply("Take", "t"), new QuickReply("More", "more")), (Assert.Single(list.Items[1].Buttons), list.Button));
    }

    [Theory]
    [InlineData("audio", nameof(MediaKind.Audio))]
    [InlineData("video", nameof(MediaKind.Video))]
    [InlineData("file", nameof(MediaKind.File))]
    public void A_file_in_the_form_of_Messenger(string type, string kind) =>
        Assert.Equal(new Media(Enum.Parse<MediaKind>(kind), "https://example.com/f", "What it is"), One("""
            {"_cognigy":{"_webchat":{"message":{"attachment":{"type":"$","payload":{"url":"https://example.com/f","altText":"What it is"}}}}}}
            """.Replace("$", type, StringComparison.Ordinal)).Rich);

    [Fact]
    public void The_older_form_is_wrapped_once_more() =>
        Assert.Single(One("""{"_data":{"_cognigy":{"_default":{"_quickReplies":{"text":"T","quickReplies":[{"title":"A","payload":"a"}]}}}}}""").QuickReplies);

    [Fact]
    public void Files_come_after_the_text()
    {
        var outputs = CognigyOutputs.Read("See", JsonElement.Parse("""{"attachments":[{"name":"a.pdf","url":"https://example.com/a.pdf","type":"file"}]}"""), []).ToList();

        Assert.Equal("See", outputs[0].Text);
        Assert.Equal(new Media(MediaKind.File, "https://example.com/a.pdf", null, "a.pdf"), outputs[1].Rich);
    }

    [Fact]
    public void A_malformed_URL_is_left_out_with_a_word_about_it()
    {
        var faults = new List<string>();
        var output = CognigyOutputs.Read(null, JsonElement.Parse("""
            {"_cognigy":{"_default":{"_buttons":{"text":"T","buttons":[{"type":"web_url","title":"Go","url":"https:\\\\example.com"}]}}}}
            """), faults).Single();

        Assert.Equal(new QuickReply("Go", "Go"), Assert.Single(Assert.IsType<Buttons>(output.Rich).Items));
        Assert.Contains("Go", Assert.Single(faults), StringComparison.Ordinal);
    }

    private static Output One(string data)
    {
        var faults = new List<string>();
        var output = Assert.Single(CognigyOutputs.Read(null, JsonElement.Parse(data), faults));
        Assert.Empty(faults);
        return output;
    }
}
