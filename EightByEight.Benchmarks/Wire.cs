using System.Net.Sockets;
using System.Text;

namespace EightByEight.Benchmarks;

/// <summary>
/// One HTTP/1.1 connection that sends ready bytes and reads the status: a client that costs next to nothing, so that what is
/// measured is the server.
/// </summary>
internal sealed class Wire : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _received = new byte[4096];

    private Wire(Socket socket) => _socket = socket;

    public static async Task<Wire> ConnectAsync(Uri url)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(url.Host, url.Port);
            return new Wire(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a request and reads the answer, which has to have an empty body or to fit into 4 KiB.</summary>
    /// <returns>The status; the connection is of no further use unless it is 200.</returns>
    public async ValueTask<int> SendAsync(ReadOnlyMemory<byte> request)
    {
        for (var sent = 0; sent < request.Length;)
            sent += await _socket.SendAsync(request[sent..], SocketFlags.None);
        var length = 0;
        do
        {
            var read = await _socket.ReceiveAsync(_received.AsMemory(length), SocketFlags.None);
            if (read == 0) throw new IOException("The server closed the connection.");
            length += read;
        }
        while (_received.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0);
        return ((_received[9] - '0') * 100) + ((_received[10] - '0') * 10) + _received[11] - '0';
    }

    /// <summary>What was received last, for a message.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_received).TrimEnd('\0');

    public void Dispose() => _socket.Dispose();
}
