using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace EightByEight.DevHost;

/// <summary>
/// The Flows of a folder, stored through the admin API as a user would: at the start what differs from the newest version, then each that
/// is saved. A fault leaves the version before as it is.
/// </summary>
/// <param name="admin">The admin API.</param>
/// <param name="folder">Flows lie in it, each as <c>name.yaml</c>.</param>
/// <param name="tell">Is told, in lines, what is stored and what is not.</param>
internal sealed class FlowFolder(HttpClient admin, string folder, Action<string> tell) : IDisposable
{
    // Before anything is stored, so that no change goes unseen.
    private readonly SavedFlows _saved = new(folder);

    /// <summary>Stores what differs from the newest version. Of Flows that are new nothing is told.</summary>
    public async Task StoreAsync(CancellationToken cancellation)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
            await StoreAsync(file, isStart: true, cancellation);
    }

    /// <summary>Stores whatever is saved, until it is cancelled.</summary>
    public async Task WatchAsync(CancellationToken cancellation)
    {
        while (true)
            foreach (var file in await _saved.NextAsync(cancellation))
                await StoreAsync(file, isStart: false, cancellation);
    }

    /// <summary>A file of the folder as people name it.</summary>
    public string NameOf(string file) => Path.Combine(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), Path.GetFileName(file));

    /// <summary>A Flow by its file, or by its name where it has none here.</summary>
    public string NameOfFlow(string flow) => File.Exists(Path.Combine(folder, $"{flow}.yaml")) ? NameOf($"{flow}.yaml") : $"the Flow {flow}";

    public void Dispose() => _saved.Dispose();

    private async Task StoreAsync(string file, bool isStart, CancellationToken cancellation)
    {
        var shown = NameOf(file);
        try
        {
            var source = await File.ReadAllTextAsync(file, cancellation);
            var path = $"/api/flows/{Uri.EscapeDataString(Path.GetFileNameWithoutExtension(file))}";
            var before = await ReadAsync(path, cancellation);
            if (before == source) return;
            using var content = new StringContent(source, Encoding.UTF8, "application/yaml");
            using var answer = await admin.PutAsync(path, content, cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                tell($"{await FaultsAsync(shown, answer, cancellation)}\n{shown} is not stored{(before is null ? "" : "; the version before stays")}.");
                return;
            }

            if (isStart && answer.StatusCode == HttpStatusCode.Created) return;
            var versions = await admin.GetFromJsonAsync<JsonObject>($"{path}/versions?limit=1", cancellation);
            tell($"{shown} stored as version {versions!["items"]![0]!["version"]}");
        }
        // One that is gone again.
        catch (FileNotFoundException)
        {
        }
        // Whatever it was: the next save is another chance.
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            tell($"{shown} is not stored: {fault.Message}");
        }
    }

    private async Task<string?> ReadAsync(string path, CancellationToken cancellation)
    {
        using var answer = await admin.GetAsync(path, cancellation);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancellation) : null;
    }

    /// <summary>One line a fault, as <c>flow check</c> has them.</summary>
    private static async Task<string> FaultsAsync(string shown, HttpResponseMessage answer, CancellationToken cancellation)
    {
        var problem = await answer.Content.ReadFromJsonAsync<JsonObject>(cancellation) ?? [];
        return problem["errors"] is not JsonArray { Count: > 0 } faults ? $"{shown}: {problem["detail"]}"
            : string.Join('\n', faults.Select(fault => $"{shown}({fault!["line"]},{fault["column"]}): {fault["message"]}"));
    }
}
