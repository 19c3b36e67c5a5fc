using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Azure;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Endpoints;

/// <summary>
/// Protects secrets at rest. Only <see cref="ProtectAsync"/> ever creates keys; whoever merely reads waits for a key that
/// it does not know instead of making one of its own, which nobody else would know.
/// </summary>
internal sealed class KeyRing(ConnectorStorage storage, IKeyCertificates certificates) : IDisposable
{
    private const string Application = "EightByEight.Connector";
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LeasePoll = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _building = new(1);
    private IDataProtectionProvider? _reader;
    private IDataProtectionProvider? _writer;

    /// <param name="purpose">What the secret is and whose; it can be read back for the same purpose only.</param>
    /// <exception cref="EndpointSecretException">The ring or its certificate cannot be read now.</exception>
    public async Task<string> ProtectAsync(string purpose, string secret, CancellationToken cancellation)
    {
        try
        {
            return (await WriterAsync(cancellation)).CreateProtector(purpose).Protect(secret);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable(e);
        }
    }

    /// <exception cref="EndpointSecretException">It cannot be decrypted now.</exception>
    public async Task<string> UnprotectAsync(string purpose, string secret, CancellationToken cancellation)
    {
        var known = Volatile.Read(ref _reader);
        try
        {
            if (known is not null) return known.CreateProtector(purpose).Unprotect(secret);
        }
        catch (Exception e) when (MayBeANewKey(e))
        {
        }

        try
        {
            return (await ReaderAfterAsync(known, cancellation)).CreateProtector(purpose).Unprotect(secret);
        }
        catch (Exception e) when (MayBeANewKey(e))
        {
            throw new EndpointSecretException(
                "A secret cannot be decrypted: its key is not in the ring (blob container 'keys'), or the certificate that wraps " +
                "the key cannot be read. Restore it, or enter the secret again.", e);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _building.Dispose();

    /// <summary>Storage, the identity or Key Vault failed, each with exceptions of its own: all of them pass.</summary>
    private static EndpointSecretException Unreachable(Exception e) => new(
        $"The key ring (blob container 'keys') or the certificate that wraps it cannot be read now ({e.GetType().Name}). Try again; " +
        "if it stays, look at the permissions of the connector's identity.", e);

    private static bool MayBeANewKey(Exception e) => e is CryptographicException or InvalidOperationException;

    /// <summary>A ring read after <paramref name="known"/> was; callers that failed at once share it.</summary>
    private async Task<IDataProtectionProvider> ReaderAfterAsync(IDataProtectionProvider? known, CancellationToken cancellation)
    {
        await _building.WaitAsync(cancellation);
        try
        {
            if (_reader is not null && _reader != known) return _reader;
            await storage.ReadyAsync().WaitAsync(cancellation);
            var reader = Build(await certificates.AllAsync(cancellation), creates: false);
            Volatile.Write(ref _reader, reader);
            return reader;
        }
        finally
        {
            _building.Release();
        }
    }

    private async ValueTask<IDataProtectionProvider> WriterAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _writer) is { } known) return known;
        await _building.WaitAsync(cancellation);
        try
        {
            if (_writer is not null) return _writer;
            await storage.ReadyAsync().WaitAsync(cancellation);
            var writer = Build(await certificates.AllAsync(cancellation), creates: true);
            var lease = await LeaseAsync(cancellation);
            try
            {
                // The first use reads the ring and, when there is no usable key, creates one.
                writer.CreateProtector("first use").Protect("");
            }
            finally
            {
                await lease.ReleaseAsync(cancellationToken: CancellationToken.None);
            }

            Volatile.Write(ref _writer, writer);
            return writer;
        }
        finally
        {
            _building.Release();
        }
    }

    private async Task<BlobLeaseClient> LeaseAsync(CancellationToken cancellation)
    {
        var blob = storage.Keys.GetBlobClient("creating");
        try
        {
            await blob.UploadAsync(BinaryData.FromString(""), overwrite: false, cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            // It exists, leased or not.
        }

        var lease = blob.GetBlobLeaseClient();
        while (true)
        {
            try
            {
                await lease.AcquireAsync(Lease, cancellationToken: cancellation);
                return lease;
            }
            catch (RequestFailedException e) when (e.Status == 409)
            {
                await Task.Delay(LeasePoll, cancellation);
            }
        }
    }

    private IDataProtectionProvider Build(IReadOnlyList<X509Certificate2> certificates, bool creates)
    {
        var services = new ServiceCollection();
        services.AddOptions<KeyManagementOptions>().Configure(o => o.XmlRepository = new KeyBlobs(storage.Keys, forReading: !creates));
        var builder = services.AddDataProtection().SetApplicationName(Application);
        if (!creates) builder.DisableAutomaticKeyGeneration();
        if (certificates.Count > 0)
            builder.ProtectKeysWithCertificate(certificates[0]).UnprotectKeysWithAnyCertificate([.. certificates]);
        return services.BuildServiceProvider().GetDataProtectionProvider();
    }
}
