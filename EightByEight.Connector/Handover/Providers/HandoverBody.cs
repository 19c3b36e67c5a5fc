using System.Globalization;
using System.Text.Json;
using EightByEight.Connector.Admin;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>What a bot asks for, as it comes in a body: either all of it is right, or all faults are known.</summary>
internal static class HandoverBody
{
    public const int MostText = 10_000;
    private const int MostAttachments = 20;

    /// <summary>Members of the user that 8x8 knows beside those of <see cref="User"/>.</summary>
    private static readonly string[] MoreOfUser = ["customerId", "ipaddress", "timezoneOffset"];

    /// <summary>Reads what begins a handover.</summary>
    /// <param name="id">Of the handover: it marks 8x8's conversation.</param>
    /// <exception cref="BodyException">All its faults.</exception>
    public static (string? Reference, NewConversation Conversation) ReadHandover(JsonElement body, string id, ProviderSettings settings)
    {
        var problems = new List<BodyProblem>();
        var all = new JsonMembers(body, "$", problems);
        var reference = all.String("reference", 200);
        var channel = all.String("channelId", 255) ?? settings.ChannelId;
        if (channel is null && problems.Count == 0) all.Refuse("channelId", "Is required, since the handover provider has none.");
        var queue = all.String("queueId", 255) ?? settings.QueueId;
        var user = ReadUser(all, problems);
        var history = all.Items("history", History.MostMessages).Select((item, i) => ReadPast(item, $"$.history[{i}]", problems)).ToList();
        all.RefuseOthers();
        if (problems.Count > 0) throw new BodyException(problems);
        return (reference, new NewConversation(
            channel!, Marked(user, id), queue is null ? null : new Assignment("queue", queue), new History(history)));
    }

    /// <summary>Reads what the customer wrote.</summary>
    /// <exception cref="BodyException">All its faults.</exception>
    public static (string Id, string Text) ReadMessage(JsonElement body)
    {
        var problems = new List<BodyProblem>();
        var all = new JsonMembers(body, "$", problems);
        var id = all.String("id", 200, required: true) ?? "";
        var text = ReadText(all, "$", problems);
        all.RefuseOthers();
        return problems.Count == 0 ? (id, text) : throw new BodyException(problems);
    }

    /// <summary>The same text for the same JSON, however it is spaced.</summary>
    public static string Plain(JsonElement body) => JsonSerializer.Serialize(body, AdminJson.Default.JsonElement);

    private static User ReadUser(JsonMembers all, List<BodyProblem> problems)
    {
        var members = new JsonMembers(
            all.Value("user") is { ValueKind: not JsonValueKind.Null } given ? given : JsonElement.Parse("{}"), "$.user", problems);
        var user = new User(
            members.String("name", 255), members.String("userId", 255), members.String("email", 255), members.String("phone", 255),
            members.String("company", 255), members.String("caseId", 255), Languages.Of(members.String("language", 35)));
        foreach (var name in MoreOfUser)
            if (members.Value(name) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } value)
                (user.More ??= new Dictionary<string, JsonElement>())[name] = value;
        var properties = new List<UserProperty>();
        foreach (var (item, path) in members.Items("additionalProperties", 1_000).Select((item, i) => (item, $"$.user.additionalProperties[{i}]")))
        {
            var property = new JsonMembers(item, path, problems);
            if (property.String("key", 255, required: true) is { } key) Add(properties, property, "key", key, property.Value("value"));
            property.RefuseOthers();
        }

        members.RefuseOthers();
        if (all.Value("properties") is { ValueKind: JsonValueKind.Object } custom)
            foreach (var member in custom.EnumerateObject()) Add(properties, all, "properties", member.Name, member.Value);
        else if (all.Value("properties") is { ValueKind: not JsonValueKind.Null }) all.Refuse("properties", "Must be an object.");
        if (properties.Count > User.MostAdditionalProperties)
            all.Refuse("properties",
                $"With user.additionalProperties there are {properties.Count}, of which 8x8 takes at most {User.MostAdditionalProperties}.");
        return properties.Count == 0 ? user : user with { AdditionalProperties = properties };
    }

    /// <summary>8x8 takes strings: other JSON goes as its text, and null as nothing.</summary>
    private static void Add(List<UserProperty> properties, JsonMembers of, string member, string key, JsonElement? value)
    {
        if (key == HandoverRun.Marker)
        {
            of.Refuse(member, $"'{key}' is the connector's own: by it a conversation is known to be this handover's. Give yours another name.");
            return;
        }

        if (value is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } given) return;
        properties.Add(new(key, given.ValueKind == JsonValueKind.String ? given.GetString() : given.GetRawText()));
    }

    /// <summary>The mark takes a place of the 30, where one is left.</summary>
    private static User Marked(User user, string id) => user.AdditionalProperties?.Count >= User.MostAdditionalProperties
        ? user
        : user with { AdditionalProperties = [.. user.AdditionalProperties ?? [], new(HandoverRun.Marker, id)] };

    private static OutgoingMessage ReadPast(JsonElement item, string path, List<BodyProblem> problems)
    {
        var members = new JsonMembers(item, path, problems);
        var author = members.String("author", 10, required: true);
        if (author is not (null or AuthorTypes.User or AuthorTypes.Bot)) members.Refuse("author", "Must be user or bot.");
        var text = ReadText(members, path, problems);
        members.RefuseOthers();
        return new OutgoingMessage(author ?? AuthorTypes.Bot, text);
    }

    /// <summary>The text; attachments follow it as links, since 8x8 takes files only into a conversation that exists.</summary>
    private static string ReadText(JsonMembers members, string path, List<BodyProblem> problems)
    {
        var text = members.Text("text", MostText) ?? "";
        var lines = new List<string>();
        if (!string.IsNullOrWhiteSpace(text)) lines.Add(text);
        foreach (var (item, at) in members.Items("attachments", MostAttachments).Select((item, i) => (item, $"{path}.attachments[{i}]")))
        {
            var attachment = new JsonMembers(item, at, problems);
            var url = attachment.String("url", 2000, required: true);
            var name = attachment.String("name", 255);
            if (url is not null && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
                attachment.Refuse("url", "Must be an absolute http or https URL: the agent opens it.");
            attachment.RefuseOthers();
            lines.Add(name is null ? $"{url}" : string.Create(CultureInfo.InvariantCulture, $"{name}: {url}"));
        }

        if (lines.Count == 0) members.Refuse("text", "Is required, unless there are attachments.");
        return string.Join('\n', lines);
    }
}
