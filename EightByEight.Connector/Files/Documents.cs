using System.Buffers.Binary;
using System.Text;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Files;

/// <summary>
/// Types that no first bytes tell: texts, and the documents of offices, which are archives. Sources: ECMA-376, OpenDocument 1.3 part 2,
/// APPNOTE.TXT of ZIP.
/// </summary>
internal static class Documents
{
    private const string Office = "application/vnd.openxmlformats-officedocument.";
    private const string Open = "application/vnd.oasis.opendocument.";

    /// <summary>How much of a text is looked at, in bytes.</summary>
    private const int TextHead = 64 * 1024;

    /// <summary>How much of an archive's directory is looked at, in bytes; its end record is before as many at the most.</summary>
    private const int Directory = 66 * 1024;

    private static readonly FileType Text = new("text/plain", ".txt");
    private static readonly FileType Csv = new("text/csv", ".csv");

    private static readonly (string Entry, FileType Type)[] OfOffice =
    [
        ("word/document.xml", new(Office + "wordprocessingml.document", ".docx")),
        ("xl/workbook.xml", new(Office + "spreadsheetml.sheet", ".xlsx")),
        ("ppt/presentation.xml", new(Office + "presentationml.presentation", ".pptx")),
    ];

    private static readonly FileType[] OfOpen = [new(Open + "text", ".odt"), new(Open + "spreadsheet", ".ods"), new(Open + "presentation", ".odp")];

    /// <summary>All types that a file can be found to have.</summary>
    public static IReadOnlyList<string> Types { get; } =
        [.. FileType.Known.Append(Text.ContentType).Append(Csv.ContentType).Concat(OfOffice.Select(one => one.Type.ContentType)).Concat(OfOpen.Select(one => one.ContentType))];

    /// <summary>What a file is, where its first bytes leave it open.</summary>
    /// <param name="content">All of it; it is at its start afterwards.</param>
    /// <param name="name">As its sender called it: a text that ends with .csv is one.</param>
    public static async Task<FileType> TypeAsync(Stream content, FileType byHead, string? name, CancellationToken cancellation)
    {
        try
        {
            if (byHead == FileType.Zip) return await OfArchiveAsync(content, cancellation) ?? byHead;
            if (byHead != FileType.Unknown || !await IsTextAsync(content, cancellation)) return byHead;
            return name?.EndsWith(Csv.Extension, StringComparison.OrdinalIgnoreCase) == true ? Csv : Text;
        }
        finally
        {
            content.Position = 0;
        }
    }

    /// <summary>UTF-8 without controls, and without anything that a browser could take for markup.</summary>
    private static async Task<bool> IsTextAsync(Stream content, CancellationToken cancellation)
    {
        var bytes = await ReadAsync(content, 0, TextHead, cancellation);
        // What is cut may end in the middle of a character.
        var end = bytes.Length;
        if (content.Length > end) while (end > 0 && bytes.Length - end < 3 && (bytes[end - 1] & 0x80) != 0) end--;
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, end);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        for (var at = 0; at < text.Length; at++)
            if ((char.IsControl(text[at]) && text[at] is not ('\t' or '\r' or '\n' or '\f'))
                || (text[at] == '<' && at + 1 < text.Length && (char.IsAsciiLetter(text[at + 1]) || text[at + 1] is '/' or '!' or '?'))) return false;
        return true;
    }

    /// <summary>Null: an archive of anything else, or a document with macros.</summary>
    private static async Task<FileType?> OfArchiveAsync(Stream content, CancellationToken cancellation)
    {
        // Of OpenDocument the first entry is its type, neither compressed nor followed by anything of its own.
        var first = await ReadAsync(content, 0, 200, cancellation);
        if (first.Length > 38 && first.AsSpan(30).StartsWith("mimetype"u8))
            return OfOpen.FirstOrDefault(type => first.AsSpan(38).StartsWith(Encoding.ASCII.GetBytes(type.ContentType + "PK")));
        var names = await EntriesAsync(content, cancellation);
        return names.Any(name => name.EndsWith("vbaProject.bin", StringComparison.OrdinalIgnoreCase)) ? null
            : OfOffice.FirstOrDefault(one => names.Contains(one.Entry)).Type;
    }

    /// <summary>The names in an archive's directory, as far as it is looked at; none where it is broken.</summary>
    private static async Task<HashSet<string>> EntriesAsync(Stream content, CancellationToken cancellation)
    {
        var names = new HashSet<string>();
        var tail = await ReadAsync(content, Math.Max(0, content.Length - Directory), Directory, cancellation);
        var end = tail.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (end < 0 || end + 22 > tail.Length) return names;
        var start = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 16));
        if (start >= content.Length) return names;
        var directory = await ReadAsync(content, start, Directory, cancellation);
        for (var at = 0; at + 46 <= directory.Length && directory.AsSpan(at).StartsWith("PK\x01\x02"u8);)
        {
            var entry = directory.AsSpan(at);
            var (name, extra, comment) = (
                BinaryPrimitives.ReadUInt16LittleEndian(entry[28..]), BinaryPrimitives.ReadUInt16LittleEndian(entry[30..]),
                BinaryPrimitives.ReadUInt16LittleEndian(entry[32..]));
            if (46 + name > entry.Length) break;
            names.Add(Encoding.UTF8.GetString(entry.Slice(46, name)));
            at += 46 + name + extra + comment;
        }

        return names;
    }

    private static async Task<byte[]> ReadAsync(Stream content, long at, int most, CancellationToken cancellation)
    {
        content.Position = at;
        var bytes = new byte[Math.Min(most, content.Length - at)];
        await content.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }
}
