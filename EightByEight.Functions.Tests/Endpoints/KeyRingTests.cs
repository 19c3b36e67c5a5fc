using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Functions.Tests.Endpoints;

public sealed class KeyRingTests(AzuriteFixture azurite)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Processes_that_need_the_first_key_at_once_make_one_ring()
    {
        var account = azurite.NewAccount();
        await using var one = new EndpointsOf(account);
        await using var other = new EndpointsOf(account);

        var secrets = await Task.WhenAll(one.Ring.ProtectAsync("p", "one", None), other.Ring.ProtectAsync("p", "other", None));

        Assert.Equal("other", await one.Ring.UnprotectAsync("p", secrets[1], None));
        Assert.Equal("one", await other.Ring.UnprotectAsync("p", secrets[0], None));
        Assert.Single(await KeysAsync(one));
    }

    [Fact]
    public async Task Reading_never_makes_a_key()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());

        await Assert.ThrowsAsync<EndpointSecretException>(() => endpoints.Ring.UnprotectAsync("p", "CfDJ8nonsense", None));

        Assert.Empty(await KeysAsync(endpoints));
    }

    [Fact]
    public async Task A_key_that_was_made_after_the_ring_was_read_is_found()
    {
        var account = azurite.NewAccount();
        await using var reader = new EndpointsOf(account);
        await Assert.ThrowsAsync<EndpointSecretException>(() => reader.Ring.UnprotectAsync("p", "CfDJ8nonsense", None));
        await using var writer = new EndpointsOf(account);

        var secret = await writer.Ring.ProtectAsync("p", "later", None);

        Assert.Equal("later", await reader.Ring.UnprotectAsync("p", secret, None));
    }

    [Fact]
    public async Task With_a_certificate_the_stored_key_is_wrapped_and_older_versions_still_unwrap()
    {
        var account = azurite.NewAccount();
        using var old = Certificate("old");
        using var renewed = Certificate("renewed");
        await using var before = new EndpointsOf(account, new Certificates(old));
        var secret = await before.Ring.ProtectAsync("p", "wrapped", None);
        await using var after = new EndpointsOf(account, new Certificates(renewed, old));

        Assert.Equal("wrapped", await after.Ring.UnprotectAsync("p", secret, None));
        var key = Assert.Single(await KeysAsync(before));
        Assert.Contains("EncryptedKey", key);
        Assert.DoesNotContain("<masterKey", key);
    }

    [Fact]
    public async Task Without_the_certificate_it_says_what_to_restore()
    {
        var account = azurite.NewAccount();
        using var certificate = Certificate("lost");
        await using var before = new EndpointsOf(account, new Certificates(certificate));
        var secret = await before.Ring.ProtectAsync("p", "wrapped", None);
        await using var after = new EndpointsOf(account);

        var error = await Assert.ThrowsAsync<EndpointSecretException>(() => after.Ring.UnprotectAsync("p", secret, None));
        Assert.Contains("certificate", error.Message);
    }

    [Fact]
    public async Task When_the_only_key_expired_its_secrets_are_still_read_and_the_next_write_makes_a_new_one()
    {
        var account = azurite.NewAccount();
        await using var before = new EndpointsOf(account);
        var secret = await before.Ring.ProtectAsync("p", "old", None);
        await AgeKeysAsync(before);
        await using var reader = new EndpointsOf(account);
        await using var writer = new EndpointsOf(account);

        Assert.Equal("old", await reader.Ring.UnprotectAsync("p", secret, None));
        Assert.Single(await KeysAsync(before));
        var fresh = await writer.Ring.ProtectAsync("p", "new", None);
        Assert.Equal(2, (await KeysAsync(before)).Length);
        Assert.Equal("new", await reader.Ring.UnprotectAsync("p", fresh, None));
        Assert.Equal("old", await reader.Ring.UnprotectAsync("p", secret, None));
    }

    [Fact]
    public async Task While_the_certificates_cannot_be_read_it_is_a_secret_that_cannot_be_read_now()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount(), new NoAccess());

        await Assert.ThrowsAsync<EndpointSecretException>(() => endpoints.Ring.UnprotectAsync("p", "CfDJ8nonsense", None));
        await Assert.ThrowsAsync<EndpointSecretException>(() => endpoints.Ring.ProtectAsync("p", "secret", None));
    }

    [Fact]
    public async Task While_storage_cannot_be_reached_it_is_a_secret_that_cannot_be_read_now()
    {
        await using var endpoints = new EndpointsOf(DevHost.Azurite.ConnectionString("account", 1, 1, 1));

        await Assert.ThrowsAsync<EndpointSecretException>(() => endpoints.Ring.UnprotectAsync("p", "CfDJ8nonsense", None));
    }

    /// <summary>Puts the lives of all keys a year into the past.</summary>
    private static async Task AgeKeysAsync(EndpointsOf endpoints)
    {
        await foreach (var blob in endpoints.Storage.Keys.GetBlobsAsync(Azure.Storage.Blobs.Models.BlobTraits.None,
            Azure.Storage.Blobs.Models.BlobStates.None, "ring/", None))
        {
            var client = endpoints.Storage.Keys.GetBlobClient(blob.Name);
            var key = System.Xml.Linq.XElement.Parse((await client.DownloadContentAsync()).Value.Content.ToString());
            foreach (var date in (string[])["creationDate", "activationDate", "expirationDate"])
                key.Element(date)!.Value = DateTimeOffset.Parse(key.Element(date)!.Value, System.Globalization.CultureInfo.InvariantCulture)
                    .AddYears(-1).ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
            await client.UploadAsync(BinaryData.FromString(key.ToString()), overwrite: true);
        }
    }

    private sealed class NoAccess : IKeyCertificates
    {
        public Task<IReadOnlyList<X509Certificate2>> AllAsync(CancellationToken cancellation) =>
            throw new Azure.Identity.AuthenticationFailedException("No identity here.");
    }

    private static async Task<string[]> KeysAsync(EndpointsOf endpoints)
    {
        await endpoints.Storage.ReadyAsync();
        return [.. new KeyBlobs(endpoints.Storage.Keys).GetAllElements().Select(key => key.ToString())];
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
    }

    private sealed class Certificates(params X509Certificate2[] all) : IKeyCertificates
    {
        public Task<IReadOnlyList<X509Certificate2>> AllAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<X509Certificate2>>(all);
    }
}
