using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Files;

/// <summary>Asks the scanner that an Endpoint's settings name.</summary>
internal sealed class Scanners(IOptions<FilesOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>ClamAV's verdict, before the file is stored anywhere.</summary>
    /// <param name="atMost">Then it could not tell.</param>
    public async Task<Verdict> ScanAsync(Stream content, TimeSpan atMost, CancellationToken cancellation)
    {
        if (options.Value.ClamAvHost is not { Length: > 0 } host)
            return Verdict.Unknown($"{FilesOptions.Section}:{nameof(FilesOptions.ClamAvHost)} is not set.");
        using var limit = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            return await new Clamd(host, options.Value.ClamAvPort).ScanAsync(content, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Verdict.Unknown($"clamd at {host}:{options.Value.ClamAvPort} gave no verdict within {atMost.TotalSeconds:0} s.");
        }
    }

    /// <summary>Defender's verdict about a stored object; null: there was none in time.</summary>
    public async Task<Verdict?> WaitAsync(AzureBlobs store, string name, TimeSpan atMost, CancellationToken cancellation)
    {
        var since = time.GetTimestamp();
        while (true)
        {
            if (Read(await store.VerdictAsync(name, cancellation)) is { } verdict) return verdict;
            if (time.GetElapsedTime(since) + Poll > atMost) return null;
            await Task.Delay(Poll, time, cancellation);
        }
    }

    /// <summary>Source: Microsoft Learn, "Understand and manage malware scanning results", scan result values.</summary>
    public static Verdict? Read(string? tag) => tag switch
    {
        null => null,
        "No threats found" => Verdict.Clean,
        "Malicious" => Verdict.Infected("Microsoft Defender for Storage: Malicious"),
        _ => Verdict.Unknown($"Microsoft Defender for Storage: {tag}"),
    };
}
