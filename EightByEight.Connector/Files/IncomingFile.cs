using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Files;

/// <summary>A file that a customer sent, as a Flow reads it in <c>input.data.attachments</c>.</summary>
internal sealed record IncomingFile
{
    /// <summary>8x8's id; null: 8x8 gave none.</summary>
    public string? Id { get; init; }

    public string? Name { get; init; }

    /// <summary>Null: it is withheld, or there is none.</summary>
    public string? Url { get; init; }

    /// <summary><c>image</c>, <c>video</c>, <c>audio</c> or <c>file</c>: by its bytes where they are known, else as 8x8 says.</summary>
    public required string Type { get; init; }

    /// <summary>By its bytes; null: they were not looked at.</summary>
    public string? MimeType { get; init; }

    /// <summary>In bytes; null: it is not known.</summary>
    public long? Size { get; init; }

    /// <summary>One of <see cref="FileStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>The attachments of a customer's message, before anything became of them.</summary>
    public static IReadOnlyList<IncomingFile> Of(JsonElement body)
    {
        if (body.Member("data").Member("attachments") is not { ValueKind: JsonValueKind.Array } attachments) return [];
        return [.. attachments.EnumerateArray().Select(attachment => new IncomingFile
        {
            Id = attachment.Text("id"),
            Name = attachment.Text("fileName") ?? attachment.Text("filename"),
            Url = attachment.Text("preSignedUrl"),
            Type = attachment.Text("type") ?? "file",
            Status = FileStatus.Linked,
        })];
    }

    /// <summary>A file of the storage.</summary>
    /// <param name="url">Null: it is withheld.</param>
    public static IncomingFile Of(StoredFile file, string? url) => new()
    {
        Id = file.AttachmentId,
        Name = file.Name,
        Url = url,
        Type = file.Type,
        MimeType = file.MimeType,
        Size = file.Size,
        Status = file.Status,
    };

    /// <summary>As a Flow reads it.</summary>
    public JsonNode ToJson() => new JsonObject
    {
        ["id"] = Id,
        ["name"] = Name,
        ["url"] = Url,
        ["type"] = Type,
        ["mimeType"] = MimeType,
        ["size"] = Size,
        ["status"] = Status,
    };

    /// <summary>Puts the files into what the Flow reads. 8x8's own URL stays in the event's body only where the file is linked.</summary>
    public static void Show(IReadOnlyList<IncomingFile> files, JsonObject data)
    {
        if (files.Count == 0) return;
        data["attachments"] = new JsonArray([.. files.Select(file => file.ToJson())]);
        if (data["request"]?["data"]?["attachments"] is not JsonArray raw) return;
        for (var number = 0; number < files.Count; number++)
            if (files[number].Status != FileStatus.Linked && raw[number] is JsonObject attachment) attachment.Remove("preSignedUrl");
    }
}
