using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace EightByEight.Connector.Files;

/// <summary>What a scanner found. A name is an infection's; neither clean nor infected: it could not tell, and why.</summary>
internal sealed record Verdict(bool IsClean, string? Infection = null, string? Reason = null)
{
    public static readonly Verdict Clean = new(true);
    public static Verdict Infected(string name) => new(false, Infection: name);
    public static Verdict Unknown(string reason) => new(false, Reason: reason);
}

/// <summary>
/// ClamAV's daemon over TCP. Source: clamd(8), "INSTREAM": a command that ends in NUL, chunks of a length in four bytes, most significant
/// first, and the bytes, a length of zero at the end. It knows neither passwords nor TLS, so it belongs into the same network.
/// </summary>
internal sealed class Clamd(string host, int port)
{
    private const int Chunk = 64 * 1024;
    private const int LongestAnswer = 4096;

    /// <summary>Never fails but by cancellation: a scanner that is down is a verdict, too.</summary>
    /// <param name="content">Read from its start to its end.</param>
    public async Task<Verdict> ScanAsync(Stream content, CancellationToken cancellation)
    {
        try
        {
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(host, port, cancellation);
            await using var stream = client.GetStream();
            content.Position = 0;
            try
            {
                await SendAsync(content, stream, cancellation);
            }
            catch (IOException)
            {
                // It hangs up on what is longer than its StreamMaxLength, and has said so before.
            }

            return Read(await AnswerAsync(stream, cancellation));
        }
        catch (Exception down) when (down is SocketException or IOException)
        {
            return Verdict.Unknown($"clamd at {host}:{port} does not answer: {down.Message}");
        }
    }

    private static async Task SendAsync(Stream content, NetworkStream stream, CancellationToken cancellation)
    {
        await stream.WriteAsync("zINSTREAM\0"u8.ToArray(), cancellation);
        var chunk = new byte[4 + Chunk];
        int read;
        do
        {
            read = await content.ReadAsync(chunk.AsMemory(4), cancellation);
            BinaryPrimitives.WriteInt32BigEndian(chunk, read);
            await stream.WriteAsync(chunk.AsMemory(0, 4 + read), cancellation);
        }
        while (read > 0);
    }

    private static async Task<string> AnswerAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var answer = new byte[LongestAnswer];
        var length = 0;
        for (int read; length < answer.Length && (read = await stream.ReadAsync(answer.AsMemory(length), cancellation)) > 0;) length += read;
        return Encoding.UTF8.GetString(answer, 0, length).TrimEnd('\0', '\n');
    }

    /// <summary>Such as <c>stream: OK</c>, <c>stream: Win.Test.EICAR_HDB-1 FOUND</c>, <c>INSTREAM size limit exceeded. ERROR</c>.</summary>
    private static Verdict Read(string answer)
    {
        const string start = "stream: ";
        const string found = " FOUND";
        if (answer == start + "OK") return Verdict.Clean;
        return answer.StartsWith(start, StringComparison.Ordinal) && answer.EndsWith(found, StringComparison.Ordinal)
            ? Verdict.Infected(answer[start.Length..^found.Length])
            : Verdict.Unknown(answer.Length > 0 ? $"clamd answered: {answer}" : "clamd answered nothing.");
    }
}
