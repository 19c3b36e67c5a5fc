using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Injection;

/// <summary>What somebody else says to a Flow (inject) or to a customer (notify), in Cognigy's body and with what ours adds.</summary>
internal sealed record OutsideMessage
{
    private static readonly string[] Kinds = ["image", "audio", "video", "file"];

    /// <summary>8x8's id; null: only a session is named.</summary>
    public string? ConversationId { get; private init; }

    /// <summary>The session that is meant; null: whichever runs.</summary>
    public string? SessionId { get; private init; }

    public string Text { get; private init; } = "";
    public JsonElement Data { get; private init; }
    public IReadOnlyList<Media> Attachments { get; private init; } = [];

    /// <summary>What a virtual agent says later, which its step takes; null: it is input like any other.</summary>
    public JsonElement? Agent { get; private init; }

    /// <summary>Whether it is delivered where an agent is; else it is refused.</summary>
    public bool PastAgent { get; private init; }

    /// <summary>Whether it is delivered where the session ended; else it is refused.</summary>
    public bool PastEnd { get; private init; }

    /// <summary>What a Flow gets of it.</summary>
    public IncomingContent ToContent()
    {
        var data = Data.ValueKind == JsonValueKind.Object ? (JsonObject)JsonNode.Parse(Data.GetRawText())! : [];
        if (Attachments.Count > 0)
            data["attachments"] = new JsonArray([.. Attachments.Select(a => new JsonObject
            {
                ["name"] = a.Name, ["url"] = a.Url, ["type"] = a.Kind.ToString().ToLowerInvariant(),
            })]);
        return new(Text, data);
    }

    /// <summary>What a customer gets of it.</summary>
    public IReadOnlyList<Output> ToOutputs() =>
    [
        .. Text.Length > 0 ? [new Output { Text = Text }] : Array.Empty<Output>(),
        .. Attachments.Select(a => new Output { Rich = a }),
    ];

    /// <summary>Reads a body.</summary>
    /// <param name="isCallback">Whether it is what a virtual agent says later, which has other members.</param>
    /// <param name="fault">What is wrong with it, where and what would be right; null: nothing.</param>
    public static OutsideMessage? Read(JsonElement body, bool notifies, out string? fault, bool isCallback = false)
    {
        fault = null;
        if (body.ValueKind != JsonValueKind.Object)
        {
            fault = "The body must be a JSON object.";
            return null;
        }

        var read = new OutsideMessage
        {
            ConversationId = Id(body, "conversationId", ref fault),
            SessionId = Id(body, "sessionId", ref fault),
            Text = String(body, "text", ref fault) ?? "",
            Data = body.Member("data"),
            Agent = body.Member("agent") is { ValueKind: JsonValueKind.Object } said && !notifies ? said : null,
            Attachments = AttachmentsOf(body.Member("attachments"), ref fault),
            PastAgent = Delivers(body, "whenAgent", ref fault),
            PastEnd = Delivers(body, "whenEnded", ref fault),
        };
        if (read.Data.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.Object))
            fault ??= "$.data must be an object.";
        if (read.ConversationId is null && read.SessionId is null) fault ??= "$.sessionId or $.conversationId must name whom it is for.";
        var hasData = read.Data.ValueKind == JsonValueKind.Object;
        if (read.Text.Length == 0 && read.Attachments.Count == 0 && read.Agent is null && (notifies || !hasData))
            fault ??= notifies
                ? "There is nothing to say: give $.text or $.attachments. 8x8 has no place for $.data."
                : isCallback ? "There is nothing in it: give $.outputs, $.handover, $.end or $.data; or $.AIOutput, as Cognigy does."
                : "There is nothing to say: give $.text, $.data or $.attachments.";
        return fault is null ? read : null;
    }

    private static string? Id(JsonElement body, string name, ref string? fault)
    {
        var id = String(body, name, ref fault);
        if (id is { Length: 0 or > 1024 }) fault ??= $"$.{name} must have 1 to 1024 characters.";
        return id;
    }

    private static string? String(JsonElement body, string name, ref string? fault)
    {
        var member = body.Member(name);
        if (member.ValueKind is JsonValueKind.String or JsonValueKind.Number) return body.Text(name);
        if (member.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null)) fault ??= $"$.{name} must be a string.";
        return null;
    }

    private static bool Delivers(JsonElement body, string name, ref string? fault)
    {
        var word = String(body, name, ref fault) ?? "refuse";
        if (word is not ("refuse" or "deliver")) fault ??= $"$.{name} must be \"refuse\" or \"deliver\".";
        return word == "deliver";
    }

    private static List<Media> AttachmentsOf(JsonElement attachments, ref string? fault)
    {
        var media = new List<Media>();
        if (attachments.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return media;
        if (attachments.ValueKind != JsonValueKind.Array || attachments.GetArrayLength() > 10)
        {
            fault ??= "$.attachments must be an array of at most 10 items.";
            return media;
        }

        foreach (var (index, attachment) in attachments.EnumerateArray().Index())
        {
            var kind = attachment.Text("type") ?? "file";
            var url = attachment.Text("url") ?? "";
            if (!Kinds.Contains(kind)) fault ??= $"$.attachments[{index}].type must be image, audio, video or file.";
            else if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http"))
                fault ??= $"$.attachments[{index}].url must be an absolute URL, http or https.";
            else media.Add(new Media(Enum.Parse<MediaKind>(kind, ignoreCase: true), url, Name: attachment.Text("name")));
        }

        return media;
    }
}
