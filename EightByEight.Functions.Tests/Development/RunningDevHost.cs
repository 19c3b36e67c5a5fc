using System.Diagnostics;
using System.Text.RegularExpressions;
using EightByEight.DevHost;

namespace EightByEight.Functions.Tests.Development;

/// <summary>DevHost in a process of its own, on free ports.</summary>
public sealed partial class RunningDevHost : IAsyncDisposable
{
    private readonly Process _process;
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    private RunningDevHost(Process process) => _process = process;

    public int ProcessId => _process.Id;
    public string Output => string.Join('\n', _lines);
    public string ConnectorUrl { get; private init; } = "";
    public string SimulatorUrl { get; private init; } = "";
    public string EndpointToken => Token().Match(Output).Groups[1].Value;

    public static async Task<RunningDevHost> StartAsync(string? data = null, string? flows = null)
    {
        var (connector, simulator) = ($"http://127.0.0.1:{ConnectorProcess.FreePort()}", $"http://127.0.0.1:{ConnectorProcess.FreePort()}");
        var start = new ProcessStartInfo("dotnet",
        [
            typeof(ConnectorHost).Assembly.Location, "--urls", connector, "--simulator-urls", simulator,
            "--data", data ?? Directory.CreateTempSubdirectory("devhost").FullName, .. flows is null ? [] : (string[])["--flows", flows],
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var host = new RunningDevHost(Process.Start(start)!) { ConnectorUrl = connector, SimulatorUrl = simulator };
        host._process.OutputDataReceived += (_, line) => host.Add(line.Data);
        host._process.ErrorDataReceived += (_, line) => host.Add(line.Data);
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        await Eventually.GetAsync(() => host.Output, output =>
        {
            if (host._process.HasExited) Assert.Fail($"DevHost ended:\n{output}");
            return output.Contains("Ctrl+C stops everything", StringComparison.Ordinal);
        }, "a started DevHost", TimeSpan.FromSeconds(90));
        return host;
    }

    /// <summary>Ends it as Ctrl+C does.</summary>
    public async Task StopAsync()
    {
        using var kill = Process.Start("kill", ["-INT", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])!;
        await kill.WaitForExitAsync();
        await EndedAsync();
    }

    public async Task EndedAsync()
    {
        try
        {
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(90));
        }
        catch (TimeoutException)
        {
            Assert.Fail($"DevHost does not end:\n{Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is not null) _lines.Enqueue(line);
    }

    [GeneratedRegex("/webhooks/([A-Za-z0-9]{64})")]
    private static partial Regex Token();
}
