using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using EightByEight.Functions.Tests.Infrastructure;

namespace EightByEight.Functions.Tests.Simulator.Contract;

/// <summary>
/// Prism between a client and a simulator: it passes everything on, and names what an OpenAPI file does not allow, in
/// requests as in answers. Installed from <c>tools/contract</c> on first use.
/// </summary>
internal sealed partial class PrismProxy : IAsyncDisposable
{
    /// <summary>Prism's header that lists, as JSON, what is wrong.</summary>
    public const string ViolationsHeader = "sl-violations";

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _printed = new();
    private readonly TaskCompletionSource<string> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PrismProxy(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => { if (line.Data is not null) Read(line.Data); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Url { get; private set; } = null!;

    /// <summary>What was wrong so far, such as <c>request.body.authorType …</c>.</summary>
    public IReadOnlyList<string> Violations =>
        [.. _printed.Select(line => Violation().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];

    /// <summary>What came through, such as <c>post /chat-gateway/v1/webhooks</c>.</summary>
    public IReadOnlyList<string> Requests =>
        [.. _printed.Select(line => Request().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];

    public static async Task<PrismProxy> StartAsync(string openApi, string upstream)
    {
        var proxy = new PrismProxy(await NodeTools.StartAsync("contract", "proxy", openApi, upstream, "--host", "127.0.0.1", "--port", "0"));
        proxy.Url = new Uri(await proxy._listening.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close(); // start.mjs ends then
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            _listening.TrySetException(new InvalidOperationException($"Prism ended. It printed:\n{string.Join('\n', _printed)}"));
            return;
        }

        _printed.Enqueue(line);
        if (Listening().Match(line) is { Success: true } match) _listening.TrySetResult(match.Groups[1].Value);
    }

    [GeneratedRegex("Prism is listening on (http://[^ ]+)")]
    private static partial Regex Listening();

    [GeneratedRegex(@"\[HTTP SERVER\] (.+?) \S+ +info +Request received")]
    private static partial Regex Request();

    [GeneratedRegex("Violation: (.+)")]
    private static partial Regex Violation();
}
