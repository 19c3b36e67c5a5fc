using System.Globalization;
using System.Text.Json;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Handover;
using FsCheck.Xunit;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>
/// What 8x8 tells of a handover, in random orders with duplicates: the handover has to come to the same end, and must never believe that
/// nobody is there while somebody is.
/// </summary>
public sealed class HandoverProperties
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    [Property(MaxTest = 2000)]
    public void The_order_of_events_does_not_change_how_it_ends(int seed)
    {
        var random = new Random(seed);
        var story = Story(random);

        var inOrder = Told(story, Start.AddMinutes(5));
        var shuffled = Told([.. Repeated(story, random).OrderBy(_ => random.Next())], Start.AddMinutes(5));

        // Once it is over it is over: who heard of the end first never hears of what was before.
        Assert.Equal(inOrder.IsActive, shuffled.IsActive);
        if (!inOrder.IsActive) return;
        Assert.Equal((inOrder.Status, inOrder.HadAgent, inOrder.QueueId), (shuffled.Status, shuffled.HadAgent, shuffled.QueueId));
    }

    [Property(MaxTest = 2000)]
    public async Task While_an_agent_is_in_the_handover_goes_on_and_the_customer_is_not_taken_back(int seed)
    {
        var random = new Random(seed);
        var story = Story(random);
        var (facts, handover) = Begun();
        foreach (var told in Repeated(story, random))
        {
            (facts, handover) = After(facts, handover, told, Start.AddSeconds(told.At));
            if (facts.People.Agents.Values.Any(agent => agent.Present && agent.At > facts.People.EndedAt))
                Assert.True(handover is { Status: HandoverStatus.Agent, IsActive: true }, $"{handover.Status} beside an agent");
            if (facts.People.TalkAt(Start.AddSeconds(told.At), Grace) == Talk.Yes)
                Assert.False(await handover.IsCancelledByAsync(new("never mind", []), null) && handover.Status != HandoverStatus.Queued);
        }
    }

    [Property(MaxTest = 2000)]
    public void Somebody_is_always_in_charge(int seed)
    {
        var random = new Random(seed);
        var story = Story(random);

        var handover = Told([.. Repeated(story, random).OrderBy(_ => random.Next())], Start.AddSeconds(story[^1].At));

        // The bot, since it is over; the queue or an agent; or a timer that will find out.
        Assert.True(
            !handover.IsActive || handover.Status is HandoverStatus.Requested or HandoverStatus.Queued or HandoverStatus.Agent or HandoverStatus.Transferred
            || handover.DecideAt is not null, $"{handover.Status}, and nothing is due");
    }

    [Property(MaxTest = 500)]
    public void What_came_before_the_handover_does_not_concern_it(int seed)
    {
        var story = Story(new Random(seed));
        var (facts, handover) = Begun(since: Start.AddHours(1));
        foreach (var told in story) (facts, handover) = After(facts, handover, told, Start.AddHours(2));

        Assert.Equal(HandoverStatus.Requested, handover.Status);
    }

    [Fact]
    public void What_8x8_said_was_no_end_is_asked_again_later_and_not_with_each_event()
    {
        var joined = new Event(1, """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"joined","id":"a"}}""", 1);
        var left = new Event(2, """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"left","id":"a"}}""", 2);
        var says = new Event(40, """{"eventType":"MESSAGE","data":{"sender":{"type":"user"},"text":"Hello?"}}""", 3);
        var (facts, handover) = Begun();
        foreach (var told in new[] { joined, left }) (facts, handover) = After(facts, handover, told, Start.AddSeconds(3));
        Assert.Equal(HandoverStatus.Left, handover.Status);

        (_, handover) = After(facts, handover.GoesOn(facts.People.LeftAt, Start.AddSeconds(60)), says, Start.AddSeconds(41));

        Assert.Equal((HandoverStatus.Transferred, Start.AddSeconds(60).ToUnixTimeMilliseconds()), (handover.Status, handover.DecideAt));

        var queued = new Event(50, """{"eventType":"QUEUED","data":{"queueId":"2"}}""", 4);
        (_, handover) = After(facts, handover, queued, Start.AddSeconds(51));

        Assert.Equal((HandoverStatus.Queued, null), (handover.Status, handover.DecideAt));
    }

    /// <summary>Something that could have happened: queues, agents who come, transfer and leave, and perhaps an end.</summary>
    private static List<Event> Story(Random random)
    {
        var story = new List<Event>();
        var at = 1;
        void Add(string body) => story.Add(new(at += random.Next(1, 20), body, story.Count));
        void Queue(int id)
        {
            Add(Assigned("queue", id));
            Add($$$"""{"eventType":"QUEUED","data":{"queueId":"{{{id}}}","queueName":"Queue {{{id}}}"}}""");
        }

        Queue(1);
        var agents = random.Next(0, 4);
        for (var agent = 1; agent <= agents; agent++)
        {
            Add(Assigned("agent", agent));
            Add($$$"""{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"joined","id":"{{{agent}}}"}}""");
            if (random.Next(2) == 0) Add($$$"""{"eventType":"MESSAGE","data":{"sender":{"type":"agent","id":"{{{agent}}}"},"text":"x"}}""");
            if (agent == agents && random.Next(3) == 0) return story;
            var left = $$$"""{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"left","id":"{{{agent}}}"}}""";
            if (agent < agents)
            {
                var first = random.Next(2) == 0;
                if (first) Add("""{"eventType":"TRANSFER"}""");
                Add(left);
                if (!first) story.Add(new(at += 1, """{"eventType":"TRANSFER"}""", story.Count));
                Queue(agent + 1);
            }
            else
            {
                Add(left);
            }
        }

        switch (random.Next(4))
        {
            case 0: Add("""{"eventType":"CONVERSATION_UPDATE","data":{"state":"idle","assignment":{"type":"script","id":"s"}}}"""); break;
            case 1: Add("""{"eventType":"CONVERSATION_UPDATE","data":{"state":"active","assignment":{"type":"script","id":"s"}}}"""); break;
            case 2: Add("""{"eventType":"MEMBERS_CHANGED","data":{"memberType":"user","change":"left"}}"""); break;
        }

        return story;
    }

    private static string Assigned(string type, int id) =>
        $$$$"""{"eventType":"CONVERSATION_UPDATE","data":{"state":"active","assignment":{"type":"{{{{type}}}}","id":"{{{{id}}}}"}}}""";

    private static IEnumerable<Event> Repeated(IEnumerable<Event> story, Random random) =>
        story.SelectMany(one => Enumerable.Repeat(one, random.Next(3) == 0 ? 2 : 1));

    /// <summary>How it stands once all was told, and what was left open is judged at a time.</summary>
    private static HandoverCase Told(IReadOnlyList<Event> story, DateTimeOffset now)
    {
        var (facts, handover) = Begun();
        foreach (var told in story) (facts, handover) = After(facts, handover, told, now);
        return handover;
    }

    private static (ConversationFacts, HandoverCase) Begun(DateTimeOffset? since = null) =>
        (new(), HandoverCase.Begin(new HandoverRequest { QueueId = "0", CancelButton = "never mind" },
            (since ?? Start).ToUnixTimeMilliseconds(), Start));

    private static (ConversationFacts, HandoverCase) After(ConversationFacts facts, HandoverCase handover, Event told, DateTimeOffset now)
    {
        using var document = JsonDocument.Parse(told.Body);
        var stored = new StoredEvent
        {
            EventId = told.Number.ToString(CultureInfo.InvariantCulture),
            EventType = document.RootElement.GetProperty("eventType").GetString()!,
            ConversationId = "c",
            Timestamp = Start.AddSeconds(told.At).ToUnixTimeMilliseconds(),
            ReceivedAt = Start.AddSeconds(told.At).ToUnixTimeMilliseconds(),
            Body = default,
        };
        var after = facts.After(stored, document.RootElement);
        return (after, handover.After(stored, document.RootElement, after, now, Grace));
    }

    private sealed record Event(int At, string Body, int Number);
}
