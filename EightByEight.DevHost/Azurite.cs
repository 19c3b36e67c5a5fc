using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace EightByEight.DevHost;

/// <summary>
/// The storage emulator from <c>tools/azurite</c>, installed on the first use from its lock file. It ends with this
/// process, also when this process is killed: it watches its standard input.
/// </summary>
public sealed partial class Azurite : IAsyncDisposable
{
    /// <summary>The account that Azurite has unless others are named.</summary>
    public const string DefaultAccount = "devstoreaccount1";

    /// <summary>Azurite's published key: it protects nothing.</summary>
    private const string Key =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private const int OldestNode = 20;

    private const string Remedy =
        "The storage emulator (Azurite) needs Node.js 20 or newer: install it from https://nodejs.org (or your package manager) " +
        "and run this again. Or name a storage account of your own: --storage <connection string>.";

    private readonly Process _process;

    private Azurite(Process process, int blobPort, int queuePort, int tablePort)
    {
        _process = process;
        (BlobPort, QueuePort, TablePort) = (blobPort, queuePort, tablePort);
    }

    /// <summary>Ports on 127.0.0.1.</summary>
    public int BlobPort { get; }

    /// <inheritdoc cref="BlobPort"/>
    public int QueuePort { get; }

    /// <inheritdoc cref="BlobPort"/>
    public int TablePort { get; }

    /// <summary>The connection string of one of its accounts.</summary>
    public string ConnectionString(string account = DefaultAccount) => ConnectionString(account, BlobPort, QueuePort, TablePort);

    /// <summary>A connection string for an account behind other ports, such as those of a proxy.</summary>
    public static string ConnectionString(string account, int blobPort, int queuePort, int tablePort) =>
        $"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={Key};" +
        $"BlobEndpoint=http://127.0.0.1:{blobPort}/{account};QueueEndpoint=http://127.0.0.1:{queuePort}/{account};" +
        $"TableEndpoint=http://127.0.0.1:{tablePort}/{account};";

    /// <summary>Starts Azurite on free ports and waits until all three services listen.</summary>
    /// <param name="folder">Where data is kept; null keeps it in memory.</param>
    /// <param name="accounts">Names of accounts to offer instead of the default one.</param>
    /// <param name="progress">Told, in a sentence, what takes long.</param>
    /// <param name="tools">Where it is installed; null: in this clone.</param>
    /// <exception cref="DevHostException">Node is missing, the installation failed, or Azurite did not start.</exception>
    public static async Task<Azurite> StartAsync(
        string? folder, IEnumerable<string>? accounts = null, Action<string>? progress = null, AzuriteTools? tools = null,
        CancellationToken cancellation = default)
    {
        tools ??= new AzuriteTools(ToolsFolder());
        await RequireNodeAsync(cancellation);
        await InstallAsync(tools, progress, cancellation);
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = tools.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["start.mjs", "--silent", "--skipApiVersionCheck", "--disableTelemetry",
                     "--blobPort", "0", "--queuePort", "0", "--tablePort", "0"])
            start.ArgumentList.Add(argument);
        if (folder is null) start.ArgumentList.Add("--inMemoryPersistence");
        else
        {
            start.ArgumentList.Add("--location");
            start.ArgumentList.Add(Path.GetFullPath(folder));
        }

        if (accounts is not null) start.Environment["AZURITE_ACCOUNTS"] = string.Join(';', accounts.Select(a => $"{a}:{Key}"));
        return await ListeningAsync(Run(start), cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    private static async Task<Azurite> ListeningAsync(Process process, CancellationToken cancellation)
    {
        var ports = new Dictionary<string, int>();
        var printed = new List<string>();
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Read(string? line)
        {
            if (line is null)
            {
                listening.TrySetException(new DevHostException($"Azurite ended at once. It printed:\n{string.Join('\n', printed)}"));
                return;
            }

            lock (ports)
            {
                if (printed.Count < 50) printed.Add(line);
                if (Listening().Match(line) is not { Success: true } match) return;
                ports[match.Groups[1].Value] = int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
                if (ports.Count == 3) listening.TrySetResult();
            }
        }

        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => { if (line.Data is not null) Read(line.Data); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await listening.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellation);
        return new Azurite(process, ports["Blob"], ports["Queue"], ports["Table"]);
    }

    private static async Task RequireNodeAsync(CancellationToken cancellation)
    {
        using var node = Run(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true });
        var version = (await node.StandardOutput.ReadToEndAsync(cancellation)).Trim();
        if (int.TryParse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture, out var major) && major < OldestNode)
            throw new DevHostException($"Node.js {version} is too old. {Remedy}");
    }

    private static async Task InstallAsync(AzuriteTools tools, Action<string>? progress, CancellationToken cancellation)
    {
        // npm writes this file last, so its date says whether what is installed is what the lock file asks for.
        var installed = new FileInfo(Path.Combine(tools.Folder, "node_modules", ".package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(tools.Folder, "package-lock.json"))) return;
        progress?.Invoke("Installing Azurite, the storage emulator, from tools/azurite (the first time only; about a minute) ...");
        using var npm = Run(new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", "ci --no-audit --no-fund --ignore-scripts --loglevel=error")
        {
            WorkingDirectory = tools.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        var output = npm.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = npm.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await EndedAsync(npm, tools, progress, cancellation);
        }
        finally
        {
            if (!npm.HasExited) npm.Kill(entireProcessTree: true);
        }

        if (npm.ExitCode != 0)
            throw new DevHostException($"'npm ci' failed in {tools.Folder}. It printed:\n{await output}\n{await errors}");
        File.SetLastWriteTimeUtc(installed.FullName, DateTime.UtcNow);
    }

    private static async Task EndedAsync(Process npm, AzuriteTools tools, Action<string>? progress, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(tools.Patience);
        var ended = npm.WaitForExitAsync(patience.Token);
        var since = Stopwatch.StartNew();
        try
        {
            while (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(5), patience.Token)) is var first && first != ended)
            {
                await first;
                progress?.Invoke($"  ... still installing ({since.Elapsed.TotalSeconds:0} s)");
            }

            await ended;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new DevHostException(
                $"'npm ci' in {tools.Folder} did not end within {tools.Patience}. See whether npm reaches its registry " +
                "(npm ping; npm config get registry proxy https-proxy), then run this again.");
        }
    }

    private static Process Run(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new DevHostException($"Node.js was not found. {Remedy}");
        }
    }

    private static string ToolsFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "tools", "azurite") is var tools && Directory.Exists(tools)) return tools;
        throw new DevHostException("The folder tools/azurite was not found above this program: run it from a clone of the repository.");
    }

    [GeneratedRegex(@"Azurite (Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(\d+)")]
    private static partial Regex Listening();
}

/// <summary>Where npm installs Azurite from its lock file.</summary>
/// <param name="Folder">Holds <c>package.json</c>, <c>package-lock.json</c> and <c>start.mjs</c>.</param>
public sealed record AzuriteTools(string Folder)
{
    /// <summary>How long the installation may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Something that the person at the keyboard has to do; the message says what.</summary>
public class DevHostException(string message) : Exception(message);
