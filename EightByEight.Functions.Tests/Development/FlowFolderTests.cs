using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using EightByEight.DevHost;

namespace EightByEight.Functions.Tests.Development;

/// <summary>DevHost stores the Flows of a folder: at the start, and whenever one is saved.</summary>
public sealed class FlowFolderTests(AzuriteFixture azurite) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flows");
    private readonly ConcurrentQueue<string> _told = new();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task What_is_saved_is_stored_at_once_and_customers_get_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Greeting("Hello!"));
        Save("greeting", Greeting("Hello!"));
        await using var folder = await WatchAsync(connector);
        await connector.BotSaysAsync(connector.Start("Hi"), 1);

        Save("greeting", Greeting("Good day!"));
        await ToldAsync("greeting.yaml stored as version 2");

        Assert.Equal(["Good day!"], await connector.BotSaysAsync(connector.Start("Hi"), 1));
    }

    [Fact]
    public async Task A_file_that_is_as_it_is_stored_makes_no_version_neither_at_the_start_nor_when_it_is_saved()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Greeting("Hello!"));
        Save("greeting", Greeting("Hello!"));
        await using var folder = await WatchAsync(connector);

        Save("greeting", Greeting("Hello!"));
        // What is told of the next one is told after whatever there was to tell of this one.
        Save("other", Greeting("Hello!", "other"));
        await ToldAsync("other.yaml stored as version 1");

        Assert.Single(_told);
        Assert.Single(await VersionsAsync(connector, "greeting"));
    }

    [Fact]
    public async Task What_was_changed_while_nobody_watched_is_stored_at_the_start()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Greeting("Hello!"));
        Save("greeting", Greeting("Good day!"));
        Save("other", Greeting("Hello!", "other"));

        await using var folder = await WatchAsync(connector);

        Assert.Equal([$"{_folder.Name}/greeting.yaml stored as version 2"], _told.Select(told => told.Replace('\\', '/')));
        Assert.Single(await VersionsAsync(connector, "other"));
    }

    [Fact]
    public async Task A_fault_is_told_with_its_place_and_the_version_before_stays()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Greeting("Hello!"));
        await using var folder = await WatchAsync(connector);

        Save("greeting", "name: greeting\nstart:\n  - sey: Good day!\n");
        var told = await ToldAsync("greeting.yaml is not stored; the version before stays.");

        Assert.Contains("greeting.yaml(3,5): 'sey' is not a step. Did you mean 'say'?", told, StringComparison.Ordinal);
        Assert.Single(await VersionsAsync(connector, "greeting"));
        Save("greeting", Greeting("Good day!"));
        await ToldAsync("greeting.yaml stored as version 2");
    }

    [Fact]
    public async Task A_file_whose_Flow_has_another_name_is_told()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Greeting("Hello!"));
        await using var folder = await WatchAsync(connector);

        Save("welcome", Greeting("Hello!"));

        Assert.Contains("welcome.yaml: The document's name is greeting.", await ToldAsync("welcome.yaml is not stored."), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Editors_that_save_by_renaming_are_understood()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Greeting("Hello!"));
        Save("greeting", Greeting("Hello!"));
        await using var folder = await WatchAsync(connector);

        // One writes beside it and renames; another renames the old one and writes anew.
        var file = Path.Combine(_folder.FullName, "greeting.yaml");
        await File.WriteAllTextAsync(file + ".tmp", Greeting("Good day!"), TestContext.Current.CancellationToken);
        File.Move(file + ".tmp", file, overwrite: true);
        await ToldAsync("greeting.yaml stored as version 2");
        File.Move(file, file + "~");
        Save("greeting", Greeting("Good evening!"));
        await ToldAsync("greeting.yaml stored as version 3");

        Assert.Equal(2, _told.Count);
    }

    [Fact]
    public async Task DevHost_stores_what_is_saved_while_it_runs()
    {
        Save("welcome", Greeting("Hello!", "welcome"));
        await using var host = await RunningDevHost.StartAsync(flows: _folder.FullName);

        Save("welcome", Greeting("Good day!", "welcome"));

        await Eventually.GetAsync(() => host.Output, output => output.Contains("welcome.yaml stored as version 2", StringComparison.Ordinal),
            "a stored Flow", TimeSpan.FromSeconds(90));
    }

    private static string Greeting(string text, string name = "greeting") => $"name: {name}\nstart:\n  - say: {text}\n";

    private void Save(string name, string source) => File.WriteAllText(Path.Combine(_folder.FullName, name + ".yaml"), source);

    private Task<string?> ToldAsync(string what) => Eventually.GetAsync(
        () => _told.FirstOrDefault(told => told.Contains(what, StringComparison.Ordinal)), told => told is not null, what, TimeSpan.FromSeconds(60));

    private static async Task<JsonArray> VersionsAsync(TestConnector connector, string flow) =>
        JsonNode.Parse(await connector.Admin.GetStringAsync($"/api/flows/{flow}/versions", TestContext.Current.CancellationToken))!["items"]!.AsArray();

    /// <summary>As DevHost does: stores what there is, then watches.</summary>
    private async Task<Watching> WatchAsync(TestConnector connector)
    {
        var folder = new FlowFolder(connector.Admin, _folder.FullName, _told.Enqueue);
        await folder.StoreAsync(TestContext.Current.CancellationToken);
        var stopping = new CancellationTokenSource();
        return new Watching(folder, stopping, folder.WatchAsync(stopping.Token));
    }

    private sealed record Watching(FlowFolder Folder, CancellationTokenSource Stopping, Task Task) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Stopping.CancelAsync();
            await Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.True(Task.IsCanceled);
            Folder.Dispose();
            Stopping.Dispose();
        }
    }
}
