using System.Text;
using System.Text.Json;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>8x8 promises no order of events and may deliver each of them several times.</summary>
public sealed class AgentSideTests(AzuriteFixture azurite)
{
    private static readonly (string Type, string Data)[] Transfer =
    [
        ("QUEUED", """{"queueId":"101","queueName":"Support"}"""),
        ("MEMBERS_CHANGED", """{"memberType":"agent","change":"joined","id":"a1"}"""),
        ("MESSAGE", """{"sender":{"type":"agent","id":"a1"},"text":"Hello"}"""),
        ("MEMBERS_CHANGED", """{"memberType":"agent","change":"left","id":"a1"}"""),
        ("TRANSFER", "null"),
        ("QUEUED", """{"queueId":"102","queueName":"Sales"}"""),
    ];

    [Fact]
    public void In_whatever_order_a_transfer_is_told_it_is_not_the_end_and_no_text_is_lost()
    {
        foreach (var order in Permutations([.. Enumerable.Range(0, Transfer.Length)]))
        {
            var happenings = new List<Happening>();
            var head = new HandoverHead { Id = "ho1" };
            foreach (var i in order) head = After(head, i, Transfer[i].Type, Transfer[i].Data, happenings);

            var story = string.Join(' ', order);
            Assert.False(head.HasEnded, story);
            Assert.Equal(("queued", "102"), (head.Status, head.QueueId));
            Assert.Equal(Talk.Yes, head.Facts.People.TalkAt(DateTimeOffset.UtcNow, TimeSpan.FromSeconds(10)));
            Assert.Single(happenings, h => h.Type == EventTypes.AgentMessage);
            Assert.Equal(EventTypes.Queued, happenings.Last(h => h.Type.StartsWith("handover.", StringComparison.Ordinal)).Type);
        }
    }

    [Fact]
    public void What_an_agent_wrote_before_the_end_is_passed_on_after_it()
    {
        var happenings = new List<Happening>();
        var head = After(new HandoverHead { Id = "ho1" }, 5, "CONVERSATION_UPDATE", """{"state":"idle"}""", happenings);

        head = After(head, 3, "MESSAGE", """{"sender":{"type":"agent","id":"a1"},"text":"Late"}""", happenings);
        head = After(head, 4, "MEMBERS_CHANGED", """{"memberType":"agent","change":"joined","id":"a1"}""", happenings);

        Assert.Equal([EventTypes.Completed, EventTypes.AgentMessage], happenings.Select(h => h.Type));
        Assert.Equal("completed", head.Status);
    }

    [Fact]
    public void An_idle_that_is_older_than_active_ends_nothing()
    {
        var happenings = new List<Happening>();
        var head = After(new HandoverHead { Id = "ho1" }, 5, "CONVERSATION_UPDATE", """{"state":"active"}""", happenings);

        Assert.False(After(head, 4, "CONVERSATION_UPDATE", """{"state":"idle"}""", happenings).HasEnded);
    }

    [Fact]
    public void The_customers_own_typing_tells_the_bot_nothing()
    {
        var happenings = new List<Happening>();
        var head = new HandoverHead { Id = "ho1" };

        head = After(head, 1, "ACTIVITY", """{"name":"typing","value":{"users":[{"type":"user","id":"u"}]}}""", happenings);
        Assert.Empty(happenings);
        head = After(head, 2, "ACTIVITY", """{"name":"typing","value":{"users":[{"type":"agent","id":"a"}]}}""", happenings);
        head = After(head, 3, "ACTIVITY", """{"name":"typing","value":{"users":[{"type":"agent","id":"a"},{"type":"user","id":"u"}]}}""", happenings);
        After(head, 4, "ACTIVITY", """{"name":"typing","value":{"users":[]}}""", happenings);

        Assert.Equal([true, false], happenings.Select(h => (bool)h.Data["typing"]!));
    }

    [Theory]
    [InlineData(false, DeliveryOrder.InOrder)]
    [InlineData(true, DeliveryOrder.InOrder)]
    [InlineData(false, DeliveryOrder.Shuffled)]
    [InlineData(true, DeliveryOrder.Shuffled)]
    public async Task A_transferred_customer_goes_on_and_each_text_comes_once(bool transferFirst, DeliveryOrder order)
    {
        await using var test = await TestHandover.StartAsync(azurite, simulated: o =>
        {
            o.TransferBeforeLeft = transferFirst;
            o.DeliveryOrder = order;
        });
        test.Gateway.Faults.Add(Fault.Duplicate(10, times: 1000));
        var begun = await test.BeginAsync();
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        await test.HasStatusAsync(id, "queued");
        test.Gateway.AgentAccepts(conversation, "a1");
        test.Gateway.AgentSays(conversation, "One");
        await test.HasStatusAsync(id, "active");

        test.Gateway.AgentTransfers(conversation, "102");
        await Eventually.GetAsync(() => test.GetAsync(id), h => (string?)h["queueId"] == "102", "the second queue", null, test.Logs);
        test.Gateway.AgentAccepts(conversation, "a2");
        test.Gateway.AgentSays(conversation, "Two");
        await Eventually.GetAsync(() => test.GetAsync(id), h => (string?)h["agentId"] == "a2", "the second agent", null, test.Logs);
        await test.Gateway.SettledAsync();
        await using var events = await test.ReadAsync(id);
        test.Gateway.AgentLeaves(conversation);

        var types = await events.TypesUntilAsync("handover.completed");
        Assert.Equal(2, types.Count(t => t == "agent.message"));
        Assert.Single(types, t => t == "handover.completed");
        Assert.Equal("handover.completed", types[^1]);
    }

    [Fact]
    public async Task Where_the_transfer_is_not_told_in_time_8x8s_conversation_decides()
    {
        await using var gate = await WebhookGate.StartAsync();
        await using var test = await TestHandover.StartAsync(azurite, gate: gate);
        var begun = await test.BeginAsync();
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        await test.HasStatusAsync(id, "queued");
        test.Gateway.AgentAccepts(conversation, "a1");
        await test.HasStatusAsync(id, "active");
        gate.KeepsBack = body => !body.Contains("\"left\"", StringComparison.Ordinal);

        test.Gateway.AgentTransfers(conversation, "102");

        await Eventually.GetAsync(() => test.GetAsync(id), h => (string?)h["queueId"] == "102", "the look at the conversation", null, test.Logs);
        Assert.True(test.Gateway.Requests[Operations.GetConversation] > 0);
        gate.KeepsBack = _ => false;
        test.Gateway.AgentAccepts(conversation, "a2");
        await test.HasStatusAsync(id, "active");
    }

    private static HandoverHead After(HandoverHead head, int at, string type, string data, List<Happening> happenings)
    {
        var json = JsonElement.Parse($$"""{"eventType":"{{type}}","conversationId":"c","timestamp":{{at}},"data":{{data}}}""");
        var stored = new StoredEvent
        {
            EventId = $"e{at}",
            EventType = type,
            ConversationId = "c",
            Timestamp = at,
            ReceivedAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            Body = new Body(Encoding.UTF8.GetBytes(json.GetRawText()), null),
        };
        return AgentSide.After(head, stored, json, happenings);
    }

    private static IEnumerable<int[]> Permutations(int[] items)
    {
        if (items.Length <= 1)
        {
            yield return items;
            yield break;
        }

        for (var i = 0; i < items.Length; i++)
            foreach (var rest in Permutations([.. items.Where((_, j) => j != i)]))
                yield return [items[i], .. rest];
    }
}
