using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EightByEight.DevHost;

namespace EightByEight.Functions.Tests;

/// <summary>A connector in a process of its own, which can be killed at any moment.</summary>
public sealed class ConnectorProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _output = new();

    private ConnectorProcess(Process process, string url) => (_process, Url) = (process, url);

    public string Url { get; }

    public string Output => string.Join('\n', _output.TakeLast(80));

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts one and waits until it is ready.</summary>
    public static async Task<ConnectorProcess> StartAsync(
        string storage, int port, IReadOnlyDictionary<string, string?>? options = null, int? publicPort = null)
    {
        var url = $"http://127.0.0.1:{port}";
        var data = Directory.CreateTempSubdirectory("connector");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var argument in (string[])[typeof(ConnectorHost).Assembly.Location, "--no-simulator", "--storage", storage, "--urls", url, "--data", data.FullName])
            start.ArgumentList.Add(argument);
        foreach (var (key, value) in options ?? TestConnector.Quick) start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        start.Environment["Connector__AdminKey"] = TestConnector.AdminKey;
        start.Environment["Connector__PublicBaseUrl"] = $"http://127.0.0.1:{publicPort ?? port}";
        start.Environment["DOTNET_TieredPGO"] = "0";
        var connector = new ConnectorProcess(Process.Start(start)!, url);
        connector._process.OutputDataReceived += (_, line) => connector._output.Enqueue(line.Data ?? "");
        connector._process.ErrorDataReceived += (_, line) => connector._output.Enqueue(line.Data ?? "");
        connector._process.BeginOutputReadLine();
        connector._process.BeginErrorReadLine();
        using var client = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(5) };
        await Eventually.GetAsync(async () =>
        {
            if (connector._process.HasExited) Assert.Fail($"The connector ended: {connector.Output}");
            try
            {
                return (await client.GetAsync("/health/live")).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, live => live, $"a live connector at {url}");
        return connector;
    }

    /// <summary>SIGKILL: nothing is flushed, nothing is released.</summary>
    public void Kill()
    {
        if (!_process.HasExited) _process.Kill();
    }

    /// <summary>SIGTERM, as a host ends it: what is buffered is sent.</summary>
    public async Task StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])!;
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
