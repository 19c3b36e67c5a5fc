using System.Text.Json;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Endpoints;

public sealed class EndpointDirectoryTests(AzuriteFixture azurite)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_look_up_costs_two_requests_cold_and_none_warm()
    {
        var account = azurite.NewAccount();
        await using var writer = new EndpointsOf(account);
        var (endpoint, token) = await writer.CreateAsync();
        await using var reader = new EndpointsOf(account);

        Assert.Equal(endpoint.Id, (await reader.Directory.FindByTokenAsync(token, None))!.Id);
        Assert.Equal(2, reader.Requests.Count);
        Assert.Equal(endpoint.Id, (await reader.Directory.FindByTokenAsync(token, None))!.Id);
        Assert.Equal(2, reader.Requests.Count);
    }

    [Fact]
    public async Task However_many_ask_at_once_storage_is_asked_once()
    {
        var account = azurite.NewAccount();
        await using var writer = new EndpointsOf(account);
        var (_, token) = await writer.CreateAsync();
        await using var reader = new EndpointsOf(account);

        var found = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => reader.Directory.FindByTokenAsync(token, None).AsTask()));

        Assert.All(found, Assert.NotNull);
        Assert.Equal(2, reader.Requests.Count);
    }

    [Fact]
    public async Task A_change_by_another_process_is_seen_after_30_seconds()
    {
        var account = azurite.NewAccount();
        await using var writer = new EndpointsOf(account);
        var (endpoint, token) = await writer.CreateAsync();
        await using var reader = new EndpointsOf(account);
        await reader.Directory.FindByTokenAsync(token, None);
        await writer.Store.ChangeAsync(endpoint.Id, _ => true, Renamed("Other"), None);

        reader.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal("Acme", (await reader.Directory.FindByTokenAsync(token, None))!.Settings.Name);
        reader.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Other", (await reader.Directory.FindByTokenAsync(token, None))!.Settings.Name);
    }

    [Fact]
    public async Task A_change_in_this_process_is_seen_at_once()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        var (endpoint, token) = await endpoints.CreateAsync();
        await endpoints.Directory.FindByTokenAsync(token, None);
        await endpoints.Directory.FindAsync(endpoint.Id, pastCache: false, None);

        await endpoints.Store.ChangeAsync(endpoint.Id, _ => true, Renamed("Other"), None);

        Assert.Equal("Other", (await endpoints.Directory.FindByTokenAsync(token, None))!.Settings.Name);
        Assert.Equal("Other", (await endpoints.Directory.FindAsync(endpoint.Id, pastCache: false, None))!.Settings.Name);
    }

    [Fact]
    public async Task What_does_not_exist_is_looked_for_again_after_2_seconds()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        Assert.Null(await endpoints.Directory.FindAsync("ep1", pastCache: false, None));
        var asked = endpoints.Requests.Count;

        Assert.Null(await endpoints.Directory.FindAsync("ep1", pastCache: false, None));
        Assert.Equal(asked, endpoints.Requests.Count);
        endpoints.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(await endpoints.Directory.FindAsync("ep1", pastCache: false, None));
        Assert.Equal(asked + 1, endpoints.Requests.Count);
    }

    [Fact]
    public async Task Past_the_cache_it_is_read_from_storage()
    {
        var account = azurite.NewAccount();
        await using var writer = new EndpointsOf(account);
        var (endpoint, _) = await writer.CreateAsync();
        await using var reader = new EndpointsOf(account);
        await reader.Directory.FindAsync(endpoint.Id, pastCache: false, None);
        await writer.Store.ChangeAsync(endpoint.Id, _ => true, Renamed("Other"), None);

        Assert.Equal("Other", (await reader.Directory.FindAsync(endpoint.Id, pastCache: true, None))!.Settings.Name);
    }

    [Fact]
    public async Task A_replaced_token_works_until_its_grace_is_over()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        var (endpoint, old) = await endpoints.CreateAsync();
        await endpoints.Directory.FindByTokenAsync(old, None);
        var changed = await endpoints.Store.NewUrlTokenAsync(endpoint.Id, _ => true, revokeNow: false, None);
        var fresh = await endpoints.Store.UrlTokenAsync(changed!.After, None);

        Assert.NotNull(await endpoints.Directory.FindByTokenAsync(fresh, None));
        endpoints.Time.Advance(TimeSpan.FromMinutes(59.9));
        Assert.NotNull(await endpoints.Directory.FindByTokenAsync(old, None));
        endpoints.Time.Advance(TimeSpan.FromMinutes(0.1));
        Assert.Null(await endpoints.Directory.FindByTokenAsync(old, None));
        Assert.NotNull(await endpoints.Directory.FindByTokenAsync(fresh, None));
    }

    [Fact]
    public async Task Revoked_tokens_stop_at_once_also_those_in_their_grace()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        var (endpoint, first) = await endpoints.CreateAsync();
        var second = await endpoints.Store.UrlTokenAsync(
            (await endpoints.Store.NewUrlTokenAsync(endpoint.Id, _ => true, revokeNow: false, None))!.After, None);
        Assert.NotNull(await endpoints.Directory.FindByTokenAsync(first, None));

        await endpoints.Store.NewUrlTokenAsync(endpoint.Id, _ => true, revokeNow: true, None);

        Assert.Null(await endpoints.Directory.FindByTokenAsync(first, None));
        Assert.Null(await endpoints.Directory.FindByTokenAsync(second, None));
    }

    [Fact]
    public async Task A_deleted_endpoint_is_found_by_neither_id_nor_token()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        var (endpoint, token) = await endpoints.CreateAsync();
        await endpoints.Directory.FindByTokenAsync(token, None);

        await endpoints.Store.DeleteAsync(endpoint.Id, _ => true, None);

        Assert.Null(await endpoints.Directory.FindByTokenAsync(token, None));
        Assert.Null(await endpoints.Directory.FindAsync(endpoint.Id, pastCache: false, None));
    }

    [Fact]
    public async Task A_pause_is_seen_changes_no_version_and_ends_with_the_next_change()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        var (endpoint, _) = await endpoints.CreateAsync();
        var pause = new EndpointPause(endpoints.Time.GetUtcNow().AddMinutes(5), "8x8 answered 401");

        await endpoints.Directory.PauseAsync(endpoint.Id, pause, None);
        var paused = await endpoints.Directory.FindAsync(endpoint.Id, pastCache: false, None);
        Assert.Equal((pause, endpoint.Version), (paused!.Pause, paused.Version));

        await endpoints.Store.ChangeAsync(endpoint.Id, version => version == endpoint.Version, Renamed("Other"), None);
        Assert.Null((await endpoints.Directory.FindAsync(endpoint.Id, pastCache: false, None))!.Pause);
    }

    [Fact]
    public async Task The_api_key_rests_protected_and_is_read_in_another_process()
    {
        var account = azurite.NewAccount();
        await using var writer = new EndpointsOf(account);
        var (endpoint, token) = await writer.CreateAsync("secret-api-key");
        await using var reader = new EndpointsOf(account);

        var found = await reader.Directory.FindByTokenAsync(token, None);
        Assert.DoesNotContain("secret-api-key", found!.ProtectedSecrets[EndpointSecrets.ApiKey]);
        Assert.Equal("secret-api-key", await reader.Directory.ApiKeyAsync(found, None));
        var stored = await writer.Storage.Endpoints.QueryAsync<Azure.Data.Tables.TableEntity>().ToArrayAsync();
        Assert.DoesNotContain(stored.SelectMany(row => row).Select(column => column.Value), v => v is string s && (s.Contains(token) || s.Contains("secret-api-key")));
        Assert.Equal(endpoint.Id, found.Id);
    }

    [Fact]
    public async Task The_secret_of_one_endpoint_cannot_be_read_as_that_of_another()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        var (one, _) = await endpoints.CreateAsync("secret-api-key");
        var (other, _) = await endpoints.CreateAsync();

        await Assert.ThrowsAsync<EndpointSecretException>(
            async () => await endpoints.Directory.ApiKeyAsync(other with { ProtectedSecrets = one.ProtectedSecrets }, None));
    }

    [Fact]
    public async Task Without_an_api_key_it_says_which_setting_is_missing()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        var (endpoint, _) = await endpoints.CreateAsync();

        var error = await Assert.ThrowsAsync<EndpointSecretException>(async () => await endpoints.Directory.ApiKeyAsync(endpoint, None));
        Assert.Contains("eightByEight.apiKey", error.Message);
    }

    [Fact]
    public async Task Changes_at_once_are_all_kept()
    {
        var account = azurite.NewAccount();
        await using var endpoints = new EndpointsOf(account);
        var (endpoint, _) = await endpoints.CreateAsync();

        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => endpoints.Store.ChangeAsync(endpoint.Id, _ => true, before =>
            Task.FromResult(new EndpointChange(before.Settings with { Name = before.Settings.Name + i }, new Dictionary<string, string?>())), None)));

        var after = await endpoints.Store.GetAsync(endpoint.Id, None);
        Assert.Equal("Acme01234".Order(), after!.Settings.Name.Order());
        Assert.Equal(6, after.Version);
    }

    [Fact]
    public async Task A_row_that_lacks_settings_of_later_versions_has_their_defaults()
    {
        var account = azurite.NewAccount();
        await using var writer = new EndpointsOf(account);
        var (endpoint, _) = await writer.CreateAsync();
        var row = (await writer.Storage.Endpoints.GetEntityAsync<Azure.Data.Tables.TableEntity>("endpoints", "e-" + endpoint.Id)).Value;
        row["Settings"] = """{"name":"Acme","flow":"welcome","eightByEight":{"tenantId":"acme01"},"addedLater":1}""";
        await writer.Storage.Endpoints.UpdateEntityAsync(row, row.ETag, Azure.Data.Tables.TableUpdateMode.Replace);
        await using var reader = new EndpointsOf(account);

        var found = await reader.Directory.FindAsync(endpoint.Id, pastCache: false, None);

        // Two records with dictionaries are never equal; what they are stored as is.
        Assert.Equal(
            JsonSerializer.Serialize(EndpointsOf.Settings with { EightByEight = new() { TenantId = "acme01" } }),
            JsonSerializer.Serialize(found!.Settings));
    }

    [Fact]
    public async Task A_flood_of_unknown_tokens_is_remembered_up_to_a_bound_and_leaves_what_is_known()
    {
        var read = new RecentlyRead<string>(new FakeTimeProvider(), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2), capacity: 100);
        await read.GetAsync("known", () => Task.FromResult<string?>("value"), None);

        for (var i = 0; i < 1000; i++)
        {
            await read.GetAsync($"unknown {i}", () => Task.FromResult<string?>(null), None);
            Assert.InRange(read.Count, 1, 100);
        }

        Assert.Equal("value", await read.GetAsync("known", () => throw new InvalidOperationException("It was forgotten."), None));
    }

    private static Func<Endpoint, Task<EndpointChange>> Renamed(string name) =>
        before => Task.FromResult(new EndpointChange(before.Settings with { Name = name }, new Dictionary<string, string?>()));
}
