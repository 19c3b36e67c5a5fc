using System.Threading.Channels;

namespace EightByEight.DevHost;

/// <summary>Tells which Flows of a folder were saved, once their editor is done with them.</summary>
internal sealed class SavedFlows : IDisposable
{
    /// <summary>An editor that saves writes several times, or writes another file and renames it.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    private readonly Channel<string> _saved = Channel.CreateUnbounded<string>();
    private readonly FileSystemWatcher _watcher;

    public SavedFlows(string folder)
    {
        _watcher = new FileSystemWatcher(folder, "*.yaml") { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite };
        _watcher.Created += Tell;
        _watcher.Changed += Tell;
        _watcher.Renamed += Tell;
        // More happened at once than it could tell of.
        _watcher.Error += (_, _) =>
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*.yaml")) _saved.Writer.TryWrite(file);
        };
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>The files that are saved next, with their paths.</summary>
    public async Task<IReadOnlyCollection<string>> NextAsync(CancellationToken cancellation)
    {
        var saved = new HashSet<string> { await _saved.Reader.ReadAsync(cancellation) };
        bool isMore;
        do
        {
            await Task.Delay(Quiet, cancellation);
            for (isMore = false; _saved.Reader.TryRead(out var file); isMore = true) saved.Add(file);
        }
        while (isMore);
        return saved;
    }

    public void Dispose() => _watcher.Dispose();

    private void Tell(object sender, FileSystemEventArgs what)
    {
        // One that is renamed to something else tells its new name.
        if (what.FullPath.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)) _saved.Writer.TryWrite(what.FullPath);
    }
}
