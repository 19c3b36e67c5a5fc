using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json.Nodes;
using EightByEight.Connector.Files;
using EightByEight.Functions.Tests.Files;
using EightByEight.Functions.Tests.Translation;

namespace EightByEight.Functions.Tests.Admin;

/// <summary>What the test of an Endpoint tells of its file storage, its scanner and its translation.</summary>
public sealed class EndpointTestTests(AzuriteFixture azurite, ClamdServer clamd)
{
    private static readonly JsonObject Scans = new() { ["provider"] = "azure", ["scan"] = "clamav" };

    [Fact]
    public async Task A_scan_by_a_ClamAV_that_is_not_configured_is_told()
    {
        var (ok, message) = await CheckAsync("fileStorage", Scans);

        Assert.False(ok);
        Assert.Equal("fileStorage.scan is clamav, but no file can be scanned, so all are withheld: Connector:Files:ClamAvHost is not set.", message);
    }

    [Fact]
    public async Task A_ClamAV_that_does_not_answer_is_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var (ok, message) = await CheckAsync("fileStorage", Scans, ("Connector:Files:ClamAvHost", "127.0.0.1"), ("Connector:Files:ClamAvPort", $"{port}"));

        Assert.False(ok);
        Assert.Contains($"all are withheld: clamd at 127.0.0.1:{port} does not answer: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ClamAV_that_scans_is_well()
    {
        var port = await clamd.PortAsync();

        var (ok, _) = await CheckAsync("fileStorage", Scans, ("Connector:Files:ClamAvHost", "127.0.0.1"), ("Connector:Files:ClamAvPort", $"{port}"));

        Assert.True(ok);
    }

    [Fact]
    public async Task A_storage_without_its_secret_is_told_in_plain_words()
    {
        var (ok, message) = await CheckAsync("fileStorage", new()
        {
            ["provider"] = "s3",
            ["s3"] = new JsonObject { ["bucket"] = "files", ["region"] = "eu-central-1", ["accessKeyId"] = "a" },
        });

        Assert.False(ok);
        Assert.Equal("fileStorage.s3.secretAccessKey is not set.", message);
    }

    [Fact]
    public void Of_a_connection_that_fails_the_cause_is_told()
    {
        const string cause = "The remote certificate is invalid because of errors in the certificate chain: UntrustedRoot";
        var failed = new AggregateException("Retry failed after 4 tries.", new HttpRequestException(
            "The SSL connection could not be established, see inner exception.", new AuthenticationException(cause)));

        Assert.Equal(cause, StoredFiles.Told(failed));
    }

    [Fact]
    public async Task Translation_without_a_key_is_told_and_nobody_is_asked()
    {
        var (ok, message) = await CheckAsync("translation", new() { ["enabled"] = true, ["provider"] = "deepl" });

        Assert.False(ok);
        Assert.Equal("translation.apiKey is not set: without it deepl translates nothing. Set it, or translation.enabled to false.", message);
    }

    [Theory]
    [InlineData("deepl", 403, "deepl answered 403: check translation.apiKey.")]
    [InlineData("microsoft", 401, "microsoft answered 401: check translation.apiKey and translation.region.")]
    [InlineData("google", 400, "google answered 400: check translation.apiKey and the languages.")]
    [InlineData("google", 404, "google answered 404: check translation.baseUrl.")]
    public async Task A_provider_that_refuses_is_told_by_settings_of_its_own(string provider, int status, string expected)
    {
        await using var fake = await FakeProvider.StartAsync();
        fake.Statuses.Enqueue(status);

        var (ok, message) = await CheckAsync("translation", new()
        {
            ["enabled"] = true,
            ["provider"] = provider,
            ["apiKey"] = "k",
            ["baseUrl"] = fake.Url,
        });

        Assert.Equal((false, expected), (ok, message));
    }

    [Fact]
    public async Task A_server_of_ones_own_that_needs_no_key_is_well()
    {
        await using var fake = await FakeProvider.StartAsync();

        var (ok, message) = await CheckAsync("translation", new() { ["enabled"] = true, ["provider"] = "deepl", ["baseUrl"] = fake.Url });

        Assert.Equal((true, "deepl translates."), (ok, message));
    }

    /// <summary>A check of an Endpoint with these settings of the same name; the whole test is well only where it is.</summary>
    private async Task<(bool Ok, string Message)> CheckAsync(string name, JsonObject settings, params (string Key, string Value)[] options)
    {
        var all = new Dictionary<string, string?>(TestConnector.Quick);
        foreach (var (key, value) in options) all[key] = value;
        await using var connector = await TestConnector.StartAsync(azurite, settings: new JsonObject { [name] = settings.DeepClone() }, options: all);
        using var tested = await connector.Admin.PostAsync($"/api/endpoints/{connector.EndpointId}/test", null, TestContext.Current.CancellationToken);
        var answer = (await tested.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!;
        var check = answer["checks"]!.AsArray().Single(check => (string)check!["name"]! == name)!;
        Assert.Equal((bool)check["ok"]!, (bool)answer["ok"]!);
        return ((bool)check["ok"]!, (string)check["message"]!);
    }
}
