using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.Configuration;

namespace EightByEight.Functions.Tests.Endpoints;

public sealed class KeyVaultCertificatesTests
{
    [Fact]
    public async Task All_enabled_versions_are_read_the_newest_first()
    {
        using var oldest = Certificate("oldest");
        using var newest = Certificate("newest");
        var vault = new Vault(
            ("v1", 1, true, "application/x-pkcs12", Convert.ToBase64String(oldest.Export(X509ContentType.Pkcs12))),
            ("v2", 2, false, "application/x-pkcs12", "switched off: must not be read"),
            ("v3", 3, true, "application/x-pem-file", newest.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n" + newest.ExportCertificatePem()));
        var certificates = await new KeyVaultCertificates(vault.Client, "data-protection").AllAsync(CancellationToken.None);

        Assert.Equal([newest.Thumbprint, oldest.Thumbprint], certificates.Select(c => c.Thumbprint));
        Assert.All(certificates, c => Assert.True(c.HasPrivateKey));
    }

    [Theory]
    [InlineData("data-protection")]
    [InlineData("https://my.vault.azure.net/")]
    public void A_uri_that_is_no_secrets_stops_the_start_and_names_the_key(string uri)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Connector:DataProtection:CertificateUri"] = uri }).Build();

        var error = Assert.Throws<InvalidOperationException>(() => KeyVaultCertificates.From(configuration));
        Assert.Contains("Connector:DataProtection:CertificateUri", error.Message);
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
    }

    /// <summary>Answers as Key Vault's REST API does for one secret.</summary>
    private sealed class Vault(params (string Version, int Created, bool Enabled, string Type, string Value)[] versions) : HttpMessageHandler
    {
        private const string Secret = "https://my.vault.azure.net/secrets/data-protection";

        public SecretClient Client => new(
            new Uri("https://my.vault.azure.net"), DelegatedTokenCredential.Create((_, _) => new("token", DateTimeOffset.MaxValue)),
            new SecretClientOptions { Transport = new HttpClientTransport(this), Retry = { MaxRetries = 0 } });

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var last = request.RequestUri!.AbsolutePath.TrimEnd('/').Split('/')[^1];
            object? answer = last == "versions"
                ? new { value = versions.Select(v => Described(v)) }
                : versions.Where(v => v.Version == last && v.Enabled).Select(v => Described(v, v.Value)).SingleOrDefault();
            return Task.FromResult(new HttpResponseMessage(answer is null ? HttpStatusCode.Forbidden : HttpStatusCode.OK)
            {
                Content = new StringContent(JsonSerializer.Serialize(answer), Encoding.UTF8, "application/json"),
            });
        }

        private static object Described((string Version, int Created, bool Enabled, string Type, string Value) v, string? value = null) => new
        {
            id = $"{Secret}/{v.Version}",
            contentType = v.Type,
            value,
            attributes = new { enabled = v.Enabled, created = v.Created },
        };
    }
}
