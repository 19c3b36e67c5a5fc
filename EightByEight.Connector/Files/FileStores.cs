using System.Collections.Concurrent;
using Amazon.Runtime;
using Amazon.S3;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using EightByEight.Connector.Endpoints;
using Google.Apis.Auth.OAuth2;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Files;

/// <summary>The store that an Endpoint's settings name. One is made for each version of an Endpoint, and used until there is a newer.</summary>
internal sealed class FileStores(
    ConnectorStorage storage, EndpointDirectory endpoints, IHttpClientFactory http, IOptions<FilesOptions> options,
    IConfiguration configuration, TimeProvider time)
{
    /// <summary>The name of the client that goes to custom URLs.</summary>
    public const string Custom = "fileStorage custom";

    /// <summary>The name of the client that goes to Google.</summary>
    public const string Google = "fileStorage google";

    private const string DefaultContainer = "files";

    /// <summary>What the place of the connector's own containers begins with: no Endpoint is needed to reach them.</summary>
    private const string Own = "azure:/";
    private readonly ConcurrentDictionary<string, (long Version, IFileStore? Store)> _stores = new();

    /// <summary>Null: the Endpoint has none.</summary>
    /// <exception cref="FileStoreException">A setting or secret is missing; the message names it.</exception>
    public async ValueTask<IFileStore?> OfAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        if (endpoint.Settings.FileStorage.Provider == "none") return null;
        if (_stores.TryGetValue(endpoint.Id, out var known) && known.Version == endpoint.Version) return known.Store;
        var store = await MakeAsync(endpoint, cancellation);
        _stores[endpoint.Id] = (endpoint.Version, store);
        return store;
    }

    /// <summary>The store that a file lies in; null: no way leads there any more.</summary>
    /// <param name="endpoint">Null: it was deleted.</param>
    /// <exception cref="FileStoreException">A setting or secret is missing; the message names it.</exception>
    public async ValueTask<IFileStore?> OfAsync(Endpoint? endpoint, StoredFile file, CancellationToken cancellation)
    {
        if (endpoint is { Settings.FileStorage: var settings } && (file.Place is null || file.Place == PlaceOf(settings)))
            return await OfAsync(endpoint, cancellation);
        return file.Place?.StartsWith(Own, StringComparison.Ordinal) == true
            ? new AzureBlobs(storage.FileContainer(file.Place[Own.Length..]), time)
            : null;
    }

    /// <summary>
    /// Names the store of settings: <c>azure:account/container</c> (the connector's own account has no name), <c>s3:</c> or
    /// <c>googleCloud:bucket</c>.
    /// </summary>
    public static string PlaceOf(FileStorageSettings settings) => settings.Provider switch
    {
        "azure" => $"azure:{settings.Azure.AccountName}/{settings.Azure.Container ?? DefaultContainer}",
        "s3" => $"s3:{(settings.S3.CustomUrl is { } custom ? new Uri(custom).Authority + "/" : "")}{settings.S3.Bucket}",
        "googleCloud" => $"googleCloud:{settings.GoogleCloud.Bucket}",
        _ => "",
    };

    private async Task<IFileStore> MakeAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.FileStorage;
        ValueTask<string?> Secret(string name) => endpoints.SecretAsync(endpoint, name, cancellation);
        return settings.Provider switch
        {
            "azure" => new AzureBlobs(Container(settings.Azure, await Secret(EndpointSecrets.AzureFilesKey)), time),
            "s3" => Bucket(settings.S3, await Secret("fileStorage.s3.secretAccessKey") ?? throw Missing("s3.secretAccessKey")),
            _ => Bucket(settings.GoogleCloud, await Secret("fileStorage.googleCloud.privateKey") ?? throw Missing("googleCloud.privateKey")),
        };
    }

    private BlobContainerClient Container(AzureFileSettings settings, string? accountKey)
    {
        var container = settings.Container ?? DefaultContainer;
        if (settings.AccountName is not { } account) return storage.FileContainer(container);
        if (accountKey is null && settings.LeadsElsewhere) throw Missing("azure.accountKey");
        var server = settings.CustomUrl is { } custom ? Allowed(custom) : new Uri($"https://{account}.blob.core.windows.net");
        var clientOptions = new BlobClientOptions { Retry = { NetworkTimeout = options.Value.Timeout, MaxRetries = 2 } };
        clientOptions.Diagnostics.IsLoggingEnabled = false;
        if (settings.CustomUrl is not null) clientOptions.Transport = new HttpClientTransport(http.CreateClient(Custom));
        return (accountKey is null
            ? new BlobServiceClient(server, Identity(), clientOptions)
            : new BlobServiceClient(server, Key(account, accountKey), clientOptions)).GetBlobContainerClient(container);
    }

    private static StorageSharedKeyCredential Key(string account, string accountKey)
    {
        try
        {
            return new(account, accountKey);
        }
        catch (FormatException)
        {
            throw new FileStoreException("fileStorage.azure.accountKey is no Base64: copy the account's key again.");
        }
    }

    /// <summary>The identity that the connector signs in to its own storage with.</summary>
    private TokenCredential Identity() => configuration["AzureWebJobsStorage:clientId"] is { Length: > 0 } clientId
        ? new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId))
        : new DefaultAzureCredential();

    private S3Bucket Bucket(S3FileSettings settings, string secretAccessKey)
    {
        var config = new AmazonS3Config { Timeout = options.Value.Timeout, MaxErrorRetry = 2 };
        if (settings.CustomUrl is { } custom)
        {
            config.ServiceURL = Allowed(custom).ToString();
            config.AuthenticationRegion = settings.Region ?? "us-east-1";
            config.ForcePathStyle = true;
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
            config.HttpClientFactory = new GuardedClients(http);
        }
        else config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(settings.Region);

        var credentials = new BasicAWSCredentials(settings.AccessKeyId, secretAccessKey);
        return new(new AmazonS3Client(credentials, config), settings.Bucket!, settings.CustomUrl is not null, time);
    }

    private GoogleBucket Bucket(GoogleCloudFileSettings settings, string privateKey)
    {
        var initializer = new ServiceAccountCredential.Initializer(settings.ClientEmail, options.Value.GoogleTokenUrl.ToString())
        {
            Scopes = [GoogleBucket.Scope],
        };
        try
        {
            // As it stands in the service account's JSON file, its line breaks may be escaped.
            var account = new ServiceAccountCredential(initializer.FromPrivateKey(privateKey.Replace("\\n", "\n", StringComparison.Ordinal)));
            return new(settings.Bucket!, account, http.CreateClient(Google), options.Value.GoogleStorageUrl, time);
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException or System.Security.Cryptography.CryptographicException)
        {
            throw new FileStoreException(
                "fileStorage.googleCloud.privateKey is no private key in PEM: it begins with -----BEGIN PRIVATE KEY-----.");
        }
    }

    /// <summary>Settings may hold what was allowed when they were written.</summary>
    private Uri Allowed(string url) => new Uri(url) is var uri && (uri.Scheme == Uri.UriSchemeHttps || options.Value.AllowPrivateAddresses)
        ? uri
        : throw new FileStoreException($"The store's custom URL must be https: {url}.");

    private static FileStoreException Missing(string name) => new($"fileStorage.{name} is not set.");

    /// <summary>Clients for Amazon's library that reach addresses of the internet only.</summary>
    private sealed class GuardedClients(IHttpClientFactory http) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => http.CreateClient(Custom);
    }
}
