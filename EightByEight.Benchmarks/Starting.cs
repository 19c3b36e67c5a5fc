using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EightByEight.DevHost;

namespace EightByEight.Benchmarks;

/// <summary>From the start of a process until the first event is answered 200, the fetch of the signing key included.</summary>
internal static class Starting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task MeasureAsync(Stage stage, Report report, int starts)
    {
        var storage = stage.NewAccount();
        string path;
        await using (var connector = await stage.StartConnectorAsync(storage, withWorker: false)) path = connector.EndpointUrl.AbsolutePath;
        var took = new List<(TimeSpan Time, TimeSpan Cpu)>();
        for (var i = 0; i < starts; i++) took.Add(await StartAsync(stage, storage, path));

        report.Head($"Start to first acknowledge ({starts} starts of DevHost, tried every 10 ms)");
        report.Note("each", Seconds(took.Select(t => t.Time)));
        report.Note("CPU time of each", Seconds(took.Select(t => t.Cpu)));
        report.AtMost("median", took.Select(t => t.Time.TotalSeconds).Median(), 1.5, " s");
    }

    private static async Task<(TimeSpan Time, TimeSpan Cpu)> StartAsync(Stage stage, string storage, string path)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}{path}");
        var request = SignedEvent.Message(stage.Key, $"CV{Guid.NewGuid():N}").ToRequest(url);
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[typeof(ConnectorHost).Assembly.Location, "--no-simulator", "--storage", storage,
                     "--urls", url.GetLeftPart(UriPartial.Authority), "--data", stage.NewFolder()])
            start.ArgumentList.Add(argument);
        var since = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        try
        {
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            while (!await IsAcknowledgedAsync(url, request))
            {
                if (process.HasExited || Stopwatch.GetElapsedTime(since) > Patience)
                    throw new InvalidOperationException("DevHost did not start.");
                await Task.Delay(10);
            }

            return (Stopwatch.GetElapsedTime(since), process.TotalProcessorTime);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static async Task<bool> IsAcknowledgedAsync(Uri url, byte[] request)
    {
        try
        {
            using var wire = await Wire.ConnectAsync(url);
            return await wire.SendAsync(request) == 200;
        }
        catch (SocketException)
        {
            return false; // nobody listens yet
        }
    }

    private static string Seconds(IEnumerable<TimeSpan> times) =>
        string.Join(", ", times.Select(t => t.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture))) + " s";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
