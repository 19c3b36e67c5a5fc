using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Handover;
using EightByEight.DevHost.Rehearsals;

namespace EightByEight.DevHost.Chats;

/// <summary>What a Flow remembers of its customer, and where a handover stands.</summary>
/// <param name="Session">The session's id; null: none has begun.</param>
internal sealed record Memory(string? Session, JsonObject Values)
{
    private const int LongestValue = 200;

    public static readonly Memory Nothing = new(null, []);

    public static Memory Of(ConversationState state)
    {
        var values = new JsonObject();
        if (state.Session is { } session)
        {
            if (session.Context.Count > 0) values["context"] = session.Context.DeepClone();
            if (session.Profile.Count > 0) values["profile"] = session.Profile.DeepClone();
            if (session.Marks.State is { } name) values["state"] = name;
            if (session.Marks.Locale is { } locale) values["locale"] = locale;
        }

        if (state.Handover is { } handover)
            values["handover"] = handover is { IsActive: false, Reason: { } reason } ? $"{HandoverCase.Name(handover.Status)}: {reason}" : HandoverCase.Name(handover.Status);
        return new(state.Session?.Id is { } id ? $"{id} {state.Sessions}" : null, values);
    }

    /// <summary>What is not as it was, one line each.</summary>
    public IEnumerable<string> Since(Memory before) => Changes(before.Values, Values, "");

    private static IEnumerable<string> Changes(JsonNode? before, JsonNode? now, string path)
    {
        if (JsonNode.DeepEquals(before, now)) return [];
        if ((before ?? new JsonObject()) is JsonObject old && now is JsonObject { Count: > 0 } members)
            return old.Select(member => member.Key).Union(members.Select(member => member.Key))
                .SelectMany(name => Changes(old[name], members[name], path.Length == 0 ? name : $"{path}.{name}"));
        return [now is null ? $"{path} is gone" : $"{path}: {Short(now)}{(before is null ? "" : $" (was {Short(before)})")}"];
    }

    private static string Short(JsonNode value) =>
        value.ToJsonString(Script.Readable) is { Length: > LongestValue } text ? $"{text[..LongestValue]}… (:context shows all)" : value.ToJsonString(Script.Readable);
}
