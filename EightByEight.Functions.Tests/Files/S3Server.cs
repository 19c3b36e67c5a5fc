using System.Diagnostics;
using EightByEight.Functions.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(EightByEight.Functions.Tests.Files.S3Server))]

namespace EightByEight.Functions.Tests.Files;

/// <summary>A real S3 server (s3rver from npm), started when it is first asked for. It has the bucket <c>files</c>.</summary>
public sealed class S3Server : IAsyncLifetime
{
    /// <summary>The only key it knows; its id and its secret are the same.</summary>
    public const string Key = "S3RVER";
    public const string Bucket = "files";

    private readonly SemaphoreSlim _starting = new(1);
    private Process? _process;
    private string? _url;

    public async Task<string> UrlAsync()
    {
        await _starting.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_url is not null) return _url;
            _process = await NodeTools.StartAsync("s3");
            _process.ErrorDataReceived += (_, _) => { };
            _process.BeginErrorReadLine();
            var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.StartsWith("listening on ", line, StringComparison.Ordinal);
            return _url = $"http://127.0.0.1:{line!["listening on ".Length..]}";
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

        _starting.Dispose();
    }
}
