using System.Collections.Concurrent;
using Azure.Data.Tables;
using EightByEight.DevHost;
using EightByEight.Functions.Tests.Infrastructure;

namespace EightByEight.Functions.Tests.Development;

/// <summary>What DevHost does on its first run, in a folder where nothing is installed yet.</summary>
public sealed class AzuriteInstallationTests
{
    private readonly ConcurrentQueue<string> _told = new();

    [Fact]
    public async Task On_the_first_run_Azurite_is_installed_and_that_is_told()
    {
        var tools = new AzuriteTools(NewFolder());
        await using (var azurite = await StartAsync(tools))
            await new TableServiceClient(azurite.ConnectionString()).CreateTableAsync("Works", TestContext.Current.CancellationToken);
        Assert.StartsWith("Installing Azurite", _told.First(), StringComparison.Ordinal);

        _told.Clear();
        await using var again = await StartAsync(tools);

        Assert.Empty(_told);
    }

    [Fact]
    public async Task When_npm_fails_its_own_words_are_told()
    {
        var folder = NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), "no JSON", TestContext.Current.CancellationToken);

        var failed = await Assert.ThrowsAsync<DevHostException>(() => StartAsync(new AzuriteTools(folder)));

        Assert.StartsWith($"'npm ci' failed in {folder}. It printed:", failed.Message, StringComparison.Ordinal);
        Assert.Contains("EJSONPARSE", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_installation_that_does_not_end_is_ended()
    {
        var folder = NewFolder();

        var failed = await Assert.ThrowsAsync<DevHostException>(() =>
            StartAsync(new AzuriteTools(folder) { Patience = TimeSpan.FromMilliseconds(1) }));

        Assert.Contains("did not end within", failed.Message, StringComparison.Ordinal);
        Assert.Contains("registry", failed.Message, StringComparison.Ordinal);
    }

    private Task<Azurite> StartAsync(AzuriteTools tools) =>
        Azurite.StartAsync(folder: null, progress: _told.Enqueue, cancellation: TestContext.Current.CancellationToken, tools: tools);

    private static string NewFolder()
    {
        var folder = Directory.CreateTempSubdirectory("azurite").FullName;
        foreach (var file in (string[])["package.json", "package-lock.json", "start.mjs"])
            File.Copy(Path.Combine(Repository.Root, "tools", "azurite", file), Path.Combine(folder, file));
        return folder;
    }
}
