using EightByEight.Connector.Content;

namespace EightByEight.Connector.Files;

/// <summary>A file on its way: in memory while it is small, else in a temporary file that goes with it. Dispose it.</summary>
internal sealed class Spool : IAsyncDisposable
{
    private const int InMemory = 256 * 1024;
    private const int Part = 64 * 1024;

    private Spool(Stream content, FileType type) => (Content, Type) = (content, type);

    /// <summary>All its bytes, at their start; can be read again.</summary>
    public Stream Content { get; }

    /// <summary>By its first bytes.</summary>
    public FileType Type { get; }

    /// <summary>Takes a stream to its end.</summary>
    /// <exception cref="TooLargeException">It has more bytes than <paramref name="most"/>; no more of them were read.</exception>
    public static async Task<Spool> TakeAsync(Stream source, long most, CancellationToken cancellation)
    {
        Stream target = new MemoryStream();
        try
        {
            var buffer = new byte[Part];
            var head = new byte[FileType.Head];
            var known = 0;
            for (int read; (read = await source.ReadAsync(buffer, cancellation)) > 0;)
            {
                if (target.Length + read > most) throw new TooLargeException($"It has more than {most} bytes.");
                var first = Math.Min(read, head.Length - known);
                buffer.AsSpan(0, first).CopyTo(head.AsSpan(known));
                known += first;
                if (target is MemoryStream && target.Length + read > InMemory) target = await OnDiskAsync(target, cancellation);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
            }

            target.Position = 0;
            return new(target, FileType.Of(head.AsSpan(0, known)));
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Content.DisposeAsync();

    private static async Task<Stream> OnDiskAsync(Stream memory, CancellationToken cancellation)
    {
        var file = new FileStream(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose,
        });
        memory.Position = 0;
        await memory.CopyToAsync(file, cancellation);
        return file;
    }
}

/// <summary>A file has more bytes than are taken.</summary>
internal sealed class TooLargeException(string message) : Exception(message);
