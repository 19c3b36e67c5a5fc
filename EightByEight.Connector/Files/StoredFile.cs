using Azure.Data.Tables;

namespace EightByEight.Connector.Files;

/// <summary>What became of a file, as Flows read it.</summary>
internal static class FileStatus
{
    /// <summary>In the storage; the Flow has its URL.</summary>
    public const string Stored = "stored";

    /// <summary>Not copied: the URL is 8x8's.</summary>
    public const string Linked = "linked";

    /// <summary>It is longer than the Endpoint takes.</summary>
    public const string TooLarge = "tooLarge";

    /// <summary>Its type is none that the Endpoint takes.</summary>
    public const string Refused = "refused";

    /// <summary>The scanner found something: it is in quarantine.</summary>
    public const string Infected = "infected";

    /// <summary>The scanner could not tell: it is withheld.</summary>
    public const string Unscanned = "unscanned";

    /// <summary>The scanner has not said anything yet: it is withheld, and the verdict comes as an input of its own.</summary>
    public const string Scanning = "scanning";

    /// <summary>It could not be fetched or stored.</summary>
    public const string Failed = "failed";

    /// <summary>Being written: never seen by a Flow.</summary>
    public const string Writing = "writing";
}

/// <summary>A file's row: what the connector knows of it.</summary>
internal sealed record StoredFile
{
    public required FileId Id { get; init; }
    public required string ConversationId { get; init; }
    public required string EventId { get; init; }

    /// <summary>8x8's id of the attachment.</summary>
    public string? AttachmentId { get; init; }

    /// <summary>As it was sent, made safe; customers choose it.</summary>
    public required string Name { get; init; }

    public required string MimeType { get; init; }
    public long Size { get; init; }
    public required string Status { get; init; }

    /// <summary>In which store it lies, see <see cref="FileStores.PlaceOf"/>; null: an earlier version did not say.</summary>
    public string? Place { get; init; }

    /// <summary>Why it has this status; null: there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>How often Defender was asked for its verdict since the turn went on without it; null: the Flow awaits none.</summary>
    public int? Looks { get; init; }

    /// <summary>Resized copies, as objects beside it.</summary>
    public IReadOnlyList<string> Variants { get; init; } = [];

    /// <summary>What is not cleared lies where no URL leads.</summary>
    public string Object => Status == FileStatus.Stored ? Id.Object : Id.Quarantine;

    /// <summary>All that may lie in the store of it.</summary>
    public IEnumerable<string> Objects => [Id.Object, Id.Quarantine, .. Variants.Select(variant => ImageCopies.ObjectOf(this, variant))];

    /// <summary><c>image</c>, <c>video</c>, <c>audio</c> or <c>file</c>.</summary>
    public string Type => KindOf(MimeType);

    public FileHeaders Headers => new(MimeType, Name);

    public static string KindOf(string mimeType) => mimeType.Split('/')[0] is var kind and ("image" or "video" or "audio") ? kind : "file";

    /// <summary>The row, but for its name.</summary>
    public TableEntity ToEntity() => new(Id.Partition, Id.Key)
    {
        ["Conversation"] = ConversationId,
        ["EventId"] = EventId,
        ["AttachmentId"] = AttachmentId,
        ["MimeType"] = MimeType,
        ["Size"] = Size,
        ["Status"] = Status,
        ["Place"] = Place,
        ["Reason"] = Reason,
        ["Looks"] = Looks,
        ["Variants"] = string.Join('\n', Variants),
    };

    /// <param name="name">Null: nobody can read it any more.</param>
    public static StoredFile From(TableEntity row, string? name) => new()
    {
        Id = FileId.Of(row),
        ConversationId = row.GetString("Conversation"),
        EventId = row.GetString("EventId"),
        AttachmentId = row.GetString("AttachmentId"),
        Name = name ?? row.GetString("Name") ?? "",
        MimeType = row.GetString("MimeType"),
        Size = row.GetInt64("Size") ?? 0,
        Status = row.GetString("Status"),
        Place = row.GetString("Place"),
        Reason = row.GetString("Reason"),
        Looks = row.GetInt32("Looks"),
        Variants = (row.GetString("Variants") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries),
    };
}

/// <summary>A file's place: in the table, in the store and in its URL.</summary>
/// <param name="Day">As <c>yyyyMMdd</c>: when its event was accepted.</param>
/// <param name="Key">40 hexadecimal digits that nobody can guess.</param>
internal readonly record struct FileId(string EndpointId, string Day, string Key)
{
    public const int KeyBytes = 20;

    public string Partition => PartitionOf(EndpointId, Day);
    public string Object => $"{EndpointId}/{Day}/{Key}";
    public string Quarantine => $"quarantine/{Object}";

    public static string PartitionOf(string endpointId, string day) => $"{endpointId}|d|{day}";

    public static FileId Of(TableEntity row)
    {
        var parts = row.PartitionKey.Split('|');
        return new(parts[0], parts[2], row.RowKey);
    }
}
