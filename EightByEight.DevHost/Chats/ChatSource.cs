using EightByEight.Connector.Flows;
using EightByEight.DevHost.Rehearsals;

namespace EightByEight.DevHost.Chats;

/// <summary>The file of a Flow and of those that it calls, read again when they change.</summary>
internal sealed class ChatSource
{
    private readonly string _file;
    private Dictionary<string, string?> _texts = [];

    private ChatSource(string file) => _file = Path.GetFullPath(file);

    /// <summary>It first, then those that it calls.</summary>
    public IReadOnlyList<Flow> Flows { get; private set; } = [];

    /// <summary>Its name.</summary>
    public string Name => Flows[0].Name;

    /// <summary>Where all of them lie.</summary>
    public string Folder => Path.GetDirectoryName(_file)!;

    /// <summary>Its file as people name it.</summary>
    public string Shown => FlowFiles.Shown(_file);

    /// <exception cref="BrokenFlowException">One is not right.</exception>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static async Task<ChatSource> OpenAsync(string file, CancellationToken cancellation)
    {
        var source = new ChatSource(file);
        await source.ReadAsync(cancellation);
        return source;
    }

    /// <summary>Reads what was changed.</summary>
    /// <returns>Whether anything was.</returns>
    /// <exception cref="BrokenFlowException">One is not right: all stay as they were, and the same is not told again.</exception>
    public async Task<bool> ReloadAsync(CancellationToken cancellation)
    {
        var texts = await TextsAsync(_texts.Keys, cancellation);
        // An editor may take a file away before it puts the new one there.
        if (texts[_file] is null || texts.All(text => text.Value == _texts[text.Key])) return false;
        _texts = texts;
        await ReadAsync(cancellation);
        return true;
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        var flows = await FlowFiles.ReadAsync(_file, cancellation);
        // One that is missing may come.
        var called = flows.SelectMany(flow => flow.Value.Calls.Select(name => FlowFiles.Beside(flow.Key, name)));
        _texts = await TextsAsync(flows.Keys.Union(called), cancellation);
        Flows = [.. flows.Values];
    }

    private static async Task<Dictionary<string, string?>> TextsAsync(IEnumerable<string> files, CancellationToken cancellation)
    {
        var texts = new Dictionary<string, string?>();
        foreach (var file in files)
            try
            {
                texts[file] = await File.ReadAllTextAsync(file, cancellation);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                texts[file] = null;
            }

        return texts;
    }
}
