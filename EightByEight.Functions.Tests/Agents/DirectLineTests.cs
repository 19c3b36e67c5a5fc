using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Content;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>Bot Framework Direct Line 3.0.</summary>
public class DirectLineTests
{
    [Fact]
    public async Task An_input_is_posted_and_what_the_agent_says_is_fetched_until_it_is_silent()
    {
        await using var line = await StartAsync(["""{"type":"typing","from":{"id":"bot"}}""", Message("One"), Message("Two")]);

        var answer = await Ask.Async(AgentKind.DirectLine, line.Url);

        Assert.Equal(["One", "Two"], answer.Outputs.Select(output => output.Text));
        var posted = line.Calls.Single(call => call.Path.EndsWith("/activities", StringComparison.Ordinal) && call.Method == "POST").Json;
        Assert.Equal(("message", "hello", "dl_user-1"), ((string?)posted["type"], (string?)posted["text"], (string?)posted["from"]!["id"]));
        Assert.Equal("event-1/bot/start/0/0", (string?)posted["channelData"]!["clientActivityID"]);
        Assert.False(answer.Ends);
    }

    [Fact]
    public async Task The_next_input_goes_on_in_the_same_conversation_behind_what_was_heard()
    {
        await using var line = await StartAsync([Message("One")]);
        var first = await Ask.Async(AgentKind.DirectLine, line.Url);

        var second = await Ask.Async(Ask.Request(new(AgentKind.DirectLine, new Uri(line.Url)), "again", memory: first.Memory));

        Assert.Equal("One", Assert.Single(second.Outputs).Text);
        Assert.Single(line.Calls, call => call.Path.EndsWith("/conversations", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_conversation_that_Direct_Line_forgot_begins_anew()
    {
        await using var line = await StartAsync([Message("One")]);
        var memory = new JsonObject { ["conversation"] = "forgotten", ["watermark"] = "7" };

        var answer = await Ask.Async(Ask.Request(new(AgentKind.DirectLine, new Uri(line.Url)), memory: memory));

        Assert.Equal("One", Assert.Single(answer.Outputs).Text);
        Assert.Equal("conv", (string?)answer.Memory!["conversation"]);
    }

    [Fact]
    public async Task Suggested_actions_cards_and_files_are_shown()
    {
        await using var line = await StartAsync(["""
            {"type":"message","from":{"id":"bot"},"text":"Choose","attachmentLayout":"carousel",
             "suggestedActions":{"actions":[{"type":"imBack","title":"Yes","value":"yes"},{"type":"openUrl","title":"Site","value":"https://example.com"},{"type":"call","title":"Ring","value":"tel:+491"}]},
             "attachments":[
               {"contentType":"application/vnd.microsoft.card.hero","content":{"title":"Hero","subtitle":"S","images":[{"url":"https://example.com/h.png","alt":"h"}],"buttons":[{"type":"postBack","title":"Buy","value":"buy"}]}},
               {"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","body":[]}},
               {"contentType":"image/png","contentUrl":"https://example.com/i.png","name":"i.png"}]}
            """]);

        var outputs = (await Ask.Async(AgentKind.DirectLine, line.Url)).Outputs;

        Assert.Equal([new("Yes", "yes"), new("Site", "https://example.com", ButtonKind.WebUrl), new("Ring", "+491", ButtonKind.PhoneNumber)], outputs[0].QuickReplies);
        var hero = Assert.Single(Assert.IsType<Gallery>(outputs[1].Rich).Items);
        Assert.Equal(("Hero", "https://example.com/h.png", new QuickReply("Buy", "buy")), (hero.Title, hero.ImageUrl, Assert.Single(hero.Buttons)));
        Assert.IsType<AdaptiveCard>(outputs[2].Rich);
        Assert.Equal(new Media(MediaKind.Image, "https://example.com/i.png", null, "i.png"), outputs[3].Rich);
    }

    [Fact]
    public async Task Its_end_ends_and_what_was_kept_is_forgotten()
    {
        await using var line = await StartAsync([Message("Bye"), """{"type":"endOfConversation","from":{"id":"bot"}}"""]);

        var answer = await Ask.Async(AgentKind.DirectLine, line.Url);

        Assert.Equal((true, null), (answer.Ends, answer.Memory));
    }

    [Fact]
    public async Task A_handoff_event_asks_for_a_person()
    {
        await using var line = await StartAsync([Message("One moment."), """{"type":"event","name":"handoff.initiate","from":{"id":"bot"},"value":{"queueId":"101"}}"""]);

        Assert.Equal("101", (string?)(await Ask.Async(AgentKind.DirectLine, line.Url)).Handover!["queueId"]);
    }

    private static string Message(string text) => $$"""{"type":"message","from":{"id":"bot"},"text":"{{text}}"}""";

    /// <summary>A Direct Line whose bot says that to each input, one activity a look, behind the customer's own.</summary>
    private static Task<AgentServer> StartAsync(string[] says)
    {
        var activities = new List<string>();
        var pending = new Queue<string>();
        return AgentServer.StartAsync(call =>
        {
            lock (activities)
            {
                if (call.Path.EndsWith("/conversations", StringComparison.Ordinal)) return (201, """{"conversationId":"conv"}""");
                if (!call.Path.StartsWith("/v3/directline/conversations/conv/activities", StringComparison.Ordinal)) return (404, "{}");
                if (call.Method == "POST")
                {
                    activities.Add(call.Body);
                    foreach (var one in says) pending.Enqueue(one);
                    return (200, """{"id":"1"}""");
                }

                var from = call.Path.Contains("watermark=", StringComparison.Ordinal) ? int.Parse(call.Path[(call.Path.IndexOf('=', StringComparison.Ordinal) + 1)..], System.Globalization.CultureInfo.InvariantCulture) : 0;
                if (pending.TryDequeue(out var next)) activities.Add(next);
                return (200, $$"""{"activities":[{{string.Join(',', activities.Skip(from))}}],"watermark":"{{activities.Count}}"}""");
            }
        });
    }
}
