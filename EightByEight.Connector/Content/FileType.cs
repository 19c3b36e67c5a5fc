namespace EightByEight.Connector.Content;

/// <summary>The type of a file by its first bytes: what a server says of it may be wrong. Source: IANA media types, the formats' own signatures.</summary>
/// <param name="ContentType">Such as <c>image/png</c>.</param>
/// <param name="Extension">With its dot.</param>
internal sealed record FileType(string ContentType, string Extension)
{
    /// <summary>How many bytes are enough.</summary>
    public const int Head = 512;

    public static readonly FileType Unknown = new("application/octet-stream", ".bin");

    public static readonly FileType Zip = new("application/zip", ".zip");

    private static readonly (int At, byte[] Bytes, FileType Type)[] Signatures =
    [
        (0, [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10], new("image/png", ".png")),
        (0, [0xFF, 0xD8, 0xFF], new("image/jpeg", ".jpg")),
        (0, "GIF8"u8.ToArray(), new("image/gif", ".gif")),
        (8, "WEBP"u8.ToArray(), new("image/webp", ".webp")),
        (0, "BM"u8.ToArray(), new("image/bmp", ".bmp")),
        (0, "%PDF-"u8.ToArray(), new("application/pdf", ".pdf")),
        (4, "ftypM4A"u8.ToArray(), new("audio/mp4", ".m4a")),
        (4, "ftypqt"u8.ToArray(), new("video/quicktime", ".mov")),
        (4, "ftyp3g"u8.ToArray(), new("video/3gpp", ".3gp")),
        (4, "ftyp"u8.ToArray(), new("video/mp4", ".mp4")),
        (0, [0x1A, 0x45, 0xDF, 0xA3], new("video/webm", ".webm")),
        (0, "OggS"u8.ToArray(), new("audio/ogg", ".ogg")),
        (8, "WAVE"u8.ToArray(), new("audio/wav", ".wav")),
        (0, "ID3"u8.ToArray(), new("audio/mpeg", ".mp3")),
        (0, "#!AMR"u8.ToArray(), new("audio/amr", ".amr")),
        (0, "PK\x03\x04"u8.ToArray(), Zip),
    ];

    /// <summary>The types that first bytes tell.</summary>
    public static IEnumerable<string> Known => Signatures.Select(signature => signature.Type.ContentType).Append(Unknown.ContentType).Distinct();

    /// <summary>Never what a browser would run: HTML and SVG are taken for what is unknown.</summary>
    public static FileType Of(ReadOnlySpan<byte> head)
    {
        foreach (var (at, bytes, type) in Signatures)
            if (head.Length >= at + bytes.Length && head.Slice(at, bytes.Length).SequenceEqual(bytes)) return type;
        // MPEG audio without a tag begins with eleven bits of one.
        return head.Length > 1 && head[0] == 0xFF && (head[1] & 0xE6) is 0xE2 ? new("audio/mpeg", ".mp3") : Unknown;
    }

    /// <summary>Whether a file of this type is what the Flow said it is.</summary>
    public bool Is(string kind) => kind switch
    {
        nameof(MediaKind.Image) => ContentType.StartsWith("image/", StringComparison.Ordinal),
        nameof(MediaKind.Audio) => ContentType.StartsWith("audio/", StringComparison.Ordinal) || ContentType is "video/mp4" or "video/webm",
        nameof(MediaKind.Video) => ContentType.StartsWith("video/", StringComparison.Ordinal) || ContentType == "audio/ogg",
        _ => true,
    };

    /// <summary>
    /// The name with an extension that fits. Archives, texts, and what is unknown, keep the one they have.
    /// </summary>
    public string Name(string? name)
    {
        name = string.IsNullOrWhiteSpace(name) ? "file" : name;
        var extension = Path.GetExtension(name);
        if (this == Unknown || Extension is ".zip" or ".txt") return extension.Length > 1 ? name : name + Extension;
        var same = extension.Equals(Extension, StringComparison.OrdinalIgnoreCase)
            || (Extension == ".jpg" && extension.Equals(".jpeg", StringComparison.OrdinalIgnoreCase))
            || (Extension == ".ogg" && extension.ToUpperInvariant() is ".OGA" or ".OGV" or ".OPUS");
        return same ? name : name + Extension;
    }
}
