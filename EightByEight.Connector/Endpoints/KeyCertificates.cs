using System.Security.Cryptography.X509Certificates;
using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using Microsoft.Extensions.Configuration;

namespace EightByEight.Connector.Endpoints;

/// <summary>The certificates that wrap the Data Protection keys.</summary>
internal interface IKeyCertificates
{
    /// <summary>The newest first, which wraps new keys; the others still unwrap old ones. Empty: keys are stored unwrapped.</summary>
    Task<IReadOnlyList<X509Certificate2>> AllAsync(CancellationToken cancellation);
}

/// <summary>Keys are protected by who may read the storage account only: for development.</summary>
internal sealed class NoKeyCertificates : IKeyCertificates
{
    public Task<IReadOnlyList<X509Certificate2>> AllAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<X509Certificate2>>([]);
}

/// <summary>All enabled versions of a certificate in Key Vault, read through the secret that belongs to it.</summary>
internal sealed class KeyVaultCertificates(SecretClient secrets, string name) : IKeyCertificates
{
    /// <summary>The configuration key that holds the secret's URI, such as <c>https://my.vault.azure.net/secrets/data-protection</c>.</summary>
    public const string UriKey = "Connector:DataProtection:CertificateUri";

    /// <exception cref="InvalidOperationException">What is configured is not the URI of a secret; the message names the key.</exception>
    public static IKeyCertificates From(IConfiguration configuration)
    {
        if (configuration[UriKey] is not { Length: > 0 } configured) return new NoKeyCertificates();
        if (!Uri.TryCreate(configured, UriKind.Absolute, out var uri) || !KeyVaultSecretIdentifier.TryCreate(uri, out var secret))
            throw new InvalidOperationException(
                $"{UriKey} must be the URI of a Key Vault secret, such as https://my.vault.azure.net/secrets/data-protection.");
        TokenCredential credential = configuration["AzureWebJobsStorage:clientId"] is { Length: > 0 } clientId
            ? new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId))
            : new DefaultAzureCredential();
        return new KeyVaultCertificates(new SecretClient(secret.VaultUri, credential), secret.Name);
    }

    public async Task<IReadOnlyList<X509Certificate2>> AllAsync(CancellationToken cancellation)
    {
        var versions = new List<SecretProperties>();
        await foreach (var version in secrets.GetPropertiesOfSecretVersionsAsync(name, cancellation))
            if (version.Enabled != false) versions.Add(version);
        var certificates = new List<X509Certificate2>();
        foreach (var version in versions.OrderByDescending(v => v.CreatedOn))
            certificates.Add(Read((await secrets.GetSecretAsync(name, version.Version, null, cancellation)).Value));
        return certificates;
    }

    private static X509Certificate2 Read(KeyVaultSecret secret) => secret.Properties.ContentType == "application/x-pem-file"
        ? X509Certificate2.CreateFromPem(secret.Value, secret.Value)
        : X509CertificateLoader.LoadPkcs12(
            Convert.FromBase64String(secret.Value), null, X509KeyStorageFlags.EphemeralKeySet);
}
