using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

[assembly: AssemblyFixture(typeof(EightByEight.Functions.Tests.Files.ClamdServer))]

namespace EightByEight.Functions.Tests.Files;

/// <summary>
/// A real <c>clamd</c> that knows one signature of our own, started when it is first asked for. Where none is installed the test is
/// skipped, or fails if <c>EIGHTBYEIGHT_REQUIRE_CLAMD</c> is set.
/// </summary>
public sealed class ClamdServer : IAsyncLifetime
{
    /// <summary>What the signature finds.</summary>
    public const string Marker = "this-marker-stands-for-a-virus";

    /// <summary>As clamd calls it.</summary>
    public const string Infection = "Own.Test.Marker.UNOFFICIAL";

    /// <summary>The longest stream that it scans, in bytes.</summary>
    public const int MaxLength = 1024 * 1024;

    private static readonly string[] Paths = ["/usr/sbin/clamd", "/usr/local/sbin/clamd", "/usr/bin/clamd", "/opt/homebrew/sbin/clamd"];
    private readonly SemaphoreSlim _starting = new(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("clamd").FullName;
    private Process? _process;
    private int _port;

    /// <summary>On 127.0.0.1.</summary>
    public async Task<int> PortAsync()
    {
        var path = Paths.FirstOrDefault(File.Exists);
        if (path is null)
        {
            const string missing = "No clamd was found: install it (Debian: apt-get install clamav-daemon).";
            if (Environment.GetEnvironmentVariable("EIGHTBYEIGHT_REQUIRE_CLAMD") == "1") Assert.Fail(missing);
            Assert.Skip(missing);
        }

        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_process is null) await StartAsync(path);
            return _port;
        }
        finally
        {
            _starting.Release();
        }
    }

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
            _process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
        _starting.Dispose();
    }

    private async Task StartAsync(string path)
    {
        var database = Directory.CreateDirectory(Path.Combine(_folder, "database")).FullName;
        await File.WriteAllTextAsync(Path.Combine(database, "own.ndb"),
            $"Own.Test.Marker:0:*:{Convert.ToHexStringLower(Encoding.ASCII.GetBytes(Marker))}\n");
        _port = FreePort();
        var configuration = Path.Combine(_folder, "clamd.conf");
        await File.WriteAllTextAsync(configuration, $"""
            Foreground yes
            TCPSocket {_port}
            TCPAddr 127.0.0.1
            DatabaseDirectory {database}
            StreamMaxLength {MaxLength}
            """ + "\n");
        // It ends with this process, however that ends: the shell waits for the end of its standard input.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "\"$0\" -c \"$1\" >/dev/null 2>&1 & cat >/dev/null; kill $!; wait", path, configuration])
        {
            RedirectStandardInput = true,
        };
        _process = Process.Start(start)!;
        await Eventually.GetAsync(IsListeningAsync, listening => listening, "a listening clamd", TimeSpan.FromSeconds(60));
    }

    private async Task<bool> IsListeningAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
