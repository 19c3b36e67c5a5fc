using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// What an event of 8x8 makes of a handover, and what the bot is told of it. 8x8 promises no order: a status that is older than
/// the one that is known changes nothing, while what an agent wrote is always passed on.
/// </summary>
internal static class AgentSide
{
    /// <summary>The handover after an event.</summary>
    /// <param name="happenings">Gets what the bot is told.</param>
    /// <param name="leaves">Whether the customer is leaving: the answer of 8x8 to that may have been lost.</param>
    public static HandoverHead After(
        HandoverHead head, StoredEvent stored, JsonElement body, List<Happening> happenings, bool leaves = false)
    {
        var (at, data) = (stored.Timestamp, body.Member("data"));
        if (stored.EventType == "MESSAGE" && Speaker.Of(body) == Speaker.Agent) return Said(head, stored, body, data, happenings);
        if (head.HasEnded) return head;
        head = Learned(head, stored, body);
        var facts = head.Facts;
        if (facts.State.Value == "IDLE")
            return Ended(head, HandoverStatus.Completed, leaves ? "customer" : head.HadAgent ? "agent" : "contactCenter", at, happenings);
        return stored.EventType switch
        {
            "ACTIVITY" when data.Text("name") == "typing" => Typed(head, at, data, happenings),
            "MEMBERS_CHANGED" when Is(data.Text("memberType"), "user") && Is(data.Text("change"), "left") =>
                Ended(head, HandoverStatus.Completed, leaves ? "customer" : "contactCenter", at, happenings),
            _ when at < head.StatusAt => head,
            "QUEUED" => Queued(head, at, data, happenings),
            "TRANSFER" => Tell(head with { Status = HandoverStatus.Queued, StatusAt = at, AgentId = null, QueueId = null, QueueName = null },
                EventTypes.Transferred, at, [], happenings),
            "MEMBERS_CHANGED" when Is(data.Text("memberType"), "agent") && Is(data.Text("change"), "joined") =>
                Joined(head, data.Text("id"), at, happenings),
            "MEMBERS_CHANGED" when Is(data.Text("memberType"), "agent") && Is(data.Text("change"), "left") =>
                Left(head, data.Text("id"), at, happenings),
            _ => head,
        };
    }

    /// <summary>The handover is over.</summary>
    /// <param name="reason">Who ended it, or why it failed.</param>
    public static HandoverHead Ended(HandoverHead head, string status, string reason, long at, List<Happening> happenings)
    {
        var failed = status == HandoverStatus.Failed;
        return Tell(
            head with
            {
                Status = status,
                StatusAt = at,
                EndedAt = at,
                Reason = reason,
                AgentId = null,
                AgentTyping = false,
                Asking = null,
                RetryAt = null,
            },
            failed ? EventTypes.Failed : EventTypes.Completed, at, new() { [failed ? "reason" : "by"] = reason }, happenings);
    }

    private static HandoverHead Said(
        HandoverHead head, StoredEvent stored, JsonElement body, JsonElement data, List<Happening> happenings)
    {
        var agent = data.Member("sender").Text("id");
        if (!head.HasEnded)
        {
            head = Learned(head, stored, body) with { AgentTyping = false };
            // A message before the agent's joining is the joining.
            if (stored.Timestamp >= head.StatusAt) head = Joined(head, agent, stored.Timestamp, happenings);
        }

        var message = new JsonObject { ["messageId"] = stored.EventId, ["agentId"] = agent, ["text"] = data.Text("text") ?? "" };
        if (IncomingContent.Attachments(data) is { Count: > 0 } attachments) message["attachments"] = attachments;
        if (data.Member("cards") is { ValueKind: JsonValueKind.Array } cards && cards.GetArrayLength() > 0)
            message["cards"] = JsonNode.Parse(cards.GetRawText());
        return Tell(head, EventTypes.AgentMessage, stored.Timestamp, message, happenings);
    }

    /// <summary>The customer is not kept: only the bot needs to know them, and a head has little room.</summary>
    private static HandoverHead Learned(HandoverHead head, StoredEvent stored, JsonElement body) =>
        head with { Facts = head.Facts.After(stored, body) with { User = default } };

    private static HandoverHead Queued(HandoverHead head, long at, JsonElement data, List<Happening> happenings)
    {
        var (id, name) = (data.Text("queueId"), data.Text("queueName"));
        return Tell(head with { Status = HandoverStatus.Queued, StatusAt = at, QueueId = id, QueueName = name, AgentId = null },
            EventTypes.Queued, at, new() { ["queueId"] = id, ["queueName"] = name }, happenings);
    }

    private static HandoverHead Joined(HandoverHead head, string? agent, long at, List<Happening> happenings) =>
        head.Status == HandoverStatus.Active && head.AgentId == agent
            ? head
            : Tell(head with { Status = HandoverStatus.Active, StatusAt = at, AgentId = agent }, EventTypes.AgentJoined, at,
                new() { ["agentId"] = agent }, happenings);

    /// <summary>Not yet the end: a transfer may come, or have come.</summary>
    private static HandoverHead Left(HandoverHead head, string? agent, long at, List<Happening> happenings)
    {
        var other = head.Facts.People.Agents.Where(a => a.Value.Present).Select(a => a.Key).FirstOrDefault();
        return Tell(head with { StatusAt = at, AgentId = other, AgentTyping = false }, EventTypes.AgentLeft, at,
            new() { ["agentId"] = agent }, happenings);
    }

    private static HandoverHead Typed(HandoverHead head, long at, JsonElement data, List<Happening> happenings)
    {
        var users = data.Member("value").Member("users");
        var typing = users.ValueKind == JsonValueKind.Array && users.EnumerateArray().Any(user => Is(user.Text("type"), "agent"));
        return typing == head.AgentTyping
            ? head
            : Tell(head with { AgentTyping = typing }, EventTypes.AgentTyping, at, new() { ["typing"] = typing }, happenings);
    }

    private static HandoverHead Tell(HandoverHead head, string type, long at, JsonObject data, List<Happening> happenings)
    {
        happenings.Add(new(type, at, data));
        return head;
    }

    private static bool Is(string? text, string word) => string.Equals(text, word, StringComparison.OrdinalIgnoreCase);
}
