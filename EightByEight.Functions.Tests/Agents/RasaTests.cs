using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Content;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>The REST channel of Rasa.</summary>
public class RasaTests
{
    [Fact]
    public async Task An_input_is_told_with_its_session_as_the_sender()
    {
        await using var rasa = await AgentServer.StartAsync(_ => (200, """[{"recipient_id":"c1-1","text":"Hi!"}]"""));

        var answer = await Ask.Async(Ask.Request(new(AgentKind.Rasa, new Uri(rasa.Url)), "hello", new JsonObject { ["order"] = 7 }));

        Assert.Equal("Hi!", Assert.Single(answer.Outputs).Text);
        var call = Assert.Single(rasa.Calls);
        Assert.Equal(("POST", "/webhooks/rest/webhook"), (call.Method, call.Path));
        Assert.Equal(("c1-1", "hello"), ((string?)call.Json["sender"], (string?)call.Json["message"]));
        Assert.Equal(7, (int)call.Json["metadata"]!["data"]!["order"]!);
    }

    [Fact]
    public async Task Buttons_images_attachments_and_custom_payloads_are_shown()
    {
        await using var rasa = await AgentServer.StartAsync(_ => (200, """
            [
              {"recipient_id":"u","text":"Which?","buttons":[{"title":"Red","payload":"/choose{\"colour\":\"red\"}"},{"title":"Blue","payload":"/blue"}]},
              {"recipient_id":"u","image":"https://example.com/red.png"},
              {"recipient_id":"u","attachment":{"type":"video","payload":{"src":"https://example.com/film.mp4","title":"A film"}}},
              {"recipient_id":"u","custom":{"gallery":[{"title":"Shoes","image":"https://example.com/s.png","buttons":[{"title":"Buy","url":"https://example.com"}]}]}}
            ]
            """));

        var answer = await Ask.Async(AgentKind.Rasa, rasa.Url);

        Assert.Equal([new("Red", "/choose{\"colour\":\"red\"}"), new("Blue", "/blue")], answer.Outputs[0].QuickReplies);
        Assert.Equal(new Media(MediaKind.Image, "https://example.com/red.png"), answer.Outputs[1].Rich);
        Assert.Equal(new Media(MediaKind.Video, "https://example.com/film.mp4", "A film"), answer.Outputs[2].Rich);
        var shoes = Assert.Single(Assert.IsType<Gallery>(answer.Outputs[3].Rich).Items);
        Assert.Equal(("Shoes", new QuickReply("Buy", "https://example.com", ButtonKind.WebUrl)), (shoes.Title, Assert.Single(shoes.Buttons)));
        Assert.Equal(4, answer.Outputs.Count);
    }

    [Fact]
    public async Task A_custom_payload_asks_for_a_person_or_ends_and_says_nothing()
    {
        await using var rasa = await AgentServer.StartAsync(_ => (200, """[{"custom":{"handover":{"queueId":"101","summary":"Angry"},"end":true}}]"""));

        var answer = await Ask.Async(AgentKind.Rasa, rasa.Url);

        Assert.Equal(("101", "Angry"), ((string?)answer.Handover!["queueId"], (string?)answer.Handover["summary"]));
        Assert.True(answer.Ends);
        Assert.Empty(answer.Outputs);
    }

    [Fact]
    public async Task A_custom_payload_may_be_a_whole_answer_in_our_own_JSON()
    {
        await using var rasa = await AgentServer.StartAsync(_ => (200, """
            [{"text":"Hi."},{"custom":{"outputs":["x",{"image":"https://example.com/i.png"}],"data":{"topic":"shoes"},"handover":true}}]
            """));

        var answer = await Ask.Async(AgentKind.Rasa, rasa.Url);

        Assert.Equal(["Hi.", "x", ""], answer.Outputs.Select(output => output.Text));
        Assert.IsType<Media>(answer.Outputs[2].Rich);
        Assert.Equal("shoes", (string?)answer.Data!["topic"]);
        Assert.NotNull(answer.Handover);
        Assert.Empty(answer.Faults);
    }

    [Theory]
    [InlineData("""{"custom":{"nonsense":1}}""", "'nonsense'")]
    [InlineData("""{"custom":{"outputs":["x"],"text":"A secret"}}""", "'text'")]
    [InlineData("""{"custom":5}""", "'custom'")]
    [InlineData("""{"text":"Hi","elements":[1]}""", "'elements'")]
    public async Task What_cannot_be_shown_is_named(string said, string named)
    {
        await using var rasa = await AgentServer.StartAsync(_ => (200, $"[{said}]"));

        var fault = Assert.Single((await Ask.Async(AgentKind.Rasa, rasa.Url)).Faults);

        Assert.Contains(named, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_answer_may_be_an_error_and_is_noted()
    {
        await using var rasa = await AgentServer.StartAsync(_ => (200, "[]"));

        var answer = await Ask.Async(AgentKind.Rasa, rasa.Url);

        Assert.Empty(answer.Outputs);
        Assert.Contains("look at its log", Assert.Single(answer.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_list_of_messages_is_said_to_be_the_wrong_URL()
    {
        await using var rasa = await AgentServer.StartAsync(_ => (200, """{"version":"3.6"}"""));

        Assert.Contains("URL", (await Ask.AnyAsync(Ask.Request(new(AgentKind.Rasa, new Uri(rasa.Url + "/version"))))).Error, StringComparison.Ordinal);
    }
}
