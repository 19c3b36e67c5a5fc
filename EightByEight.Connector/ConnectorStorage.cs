using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;

namespace EightByEight.Connector;

/// <summary>
/// The tables, queues and blob containers of the product, all in the storage account that
/// <c>AzureWebJobsStorage</c> names: a connection string, or <c>AzureWebJobsStorage__accountName</c>
/// (or the service URIs) for a managed identity.
/// </summary>
public sealed class ConnectorStorage
{
    private readonly Lazy<TableServiceClient> _tables;
    private readonly Lazy<QueueServiceClient> _queues;
    private readonly Lazy<BlobServiceClient> _blobs;
    private readonly Lock _starting = new();
    private Task? _ready;

    /// <param name="configuration">Where <c>AzureWebJobsStorage</c> is read from.</param>
    /// <param name="timeouts">How long one request may take, and how often it is repeated.</param>
    /// <param name="policies">Policies that see every request, such as a counter in measurements.</param>
    public ConnectorStorage(IConfiguration configuration, StorageTimeouts timeouts, IEnumerable<HttpPipelinePolicyPerCall> policies)
    {
        var account = StorageAccount.From(configuration);
        var perCall = policies.ToArray();
        T Tuned<T>(T options) where T : ClientOptions
        {
            options.Retry.NetworkTimeout = timeouts.NetworkTimeout;
            options.Retry.MaxRetries = timeouts.Retries;
            options.Retry.Mode = RetryMode.Exponential;
            options.Retry.Delay = TimeSpan.FromMilliseconds(100);
            options.Diagnostics.IsDistributedTracingEnabled = false;
            options.Diagnostics.IsLoggingEnabled = false;
            foreach (var policy in perCall) options.AddPolicy(policy, HttpPipelinePosition.PerRetry);
            return options;
        }

        _tables = new(() => account.Tables(Tuned(new TableClientOptions())));
        _queues = new(() => account.Queues(Tuned(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 })));
        _blobs = new(() => account.Blobs(Tuned(new BlobClientOptions())));
        Conversations = Tables.GetTableClient("Conversations");
        Index = Tables.GetTableClient("Index");
        Endpoints = Tables.GetTableClient("Endpoints");
        Flows = Tables.GetTableClient("Flows");
        Audit = Tables.GetTableClient("Audit");
        Handovers = Tables.GetTableClient("Handovers");
        TransformerStorage = Tables.GetTableClient("TransformerStorage");
        Logs = Tables.GetTableClient("Logs");
        Files = Tables.GetTableClient("Files");
        Profiles = Tables.GetTableClient("Profiles");
        Analytics = Tables.GetTableClient("Analytics");
        AnalyticsDays = Tables.GetTableClient("AnalyticsDays");
        WakeUps = Queues.GetQueueClient("conversations");
        PoisonedWakeUps = Queues.GetQueueClient("conversations-poison");
        Bodies = Blobs.GetBlobContainerClient("bodies");
        Keys = Blobs.GetBlobContainerClient("keys");
    }

    private TableServiceClient Tables => _tables.Value;
    private QueueServiceClient Queues => _queues.Value;
    private BlobServiceClient Blobs => _blobs.Value;

    /// <summary>One partition a conversation: head, bell, inbox, turns, history, parked.</summary>
    public TableClient Conversations { get; init; }

    /// <summary>Pointers that make scans unnecessary: active conversations by day, parked work.</summary>
    public TableClient Index { get; }

    /// <summary>Settings of Endpoints and the look-up of URL tokens.</summary>
    public TableClient Endpoints { get; }

    /// <summary>Flow documents.</summary>
    public TableClient Flows { get; }

    /// <summary>One row a write through the admin API.</summary>
    public TableClient Audit { get; }

    /// <summary>Handover providers, and one partition a handover of a bot that lives elsewhere.</summary>
    public TableClient Handovers { get; }

    /// <summary>What transformers, Flows and errors say: one partition an Endpoint and day.</summary>
    public TableClient Logs { get; }

    /// <summary>What transformers keep: one partition a user and session.</summary>
    public TableClient TransformerStorage { get; }

    /// <summary>One row a file in an Endpoint's file storage, and a pointer to it under its conversation.</summary>
    public TableClient Files { get; }

    /// <summary>Contact profiles: one partition a customer.</summary>
    public TableClient Profiles { get; }

    /// <summary>Analytics records: one partition an Endpoint and day, in the order of time.</summary>
    public TableClient Analytics { get; }

    /// <summary>What records add up to: one partition an Endpoint, one row a day. No customer is in it.</summary>
    public TableClient AnalyticsDays { get; }

    /// <summary>Wake-ups: each names a conversation that has something to do.</summary>
    public QueueClient WakeUps { get; init; }

    /// <summary>Wake-ups whose processing died again and again.</summary>
    public QueueClient PoisonedWakeUps { get; }

    /// <summary>Bodies and sessions too large for a table row.</summary>
    public BlobContainerClient Bodies { get; }

    /// <summary>The Data Protection key ring.</summary>
    public BlobContainerClient Keys { get; }

    /// <summary>A container of the same account for files, made by who writes to it.</summary>
    public BlobContainerClient FileContainer(string name) => Blobs.GetBlobContainerClient(name);

    /// <summary>
    /// Completes when everything above exists. It is made once a process; after a failure the next call tries again.
    /// </summary>
    public Task ReadyAsync()
    {
        var ready = Volatile.Read(ref _ready);
        if (ready is { IsCompletedSuccessfully: true }) return ready;
        lock (_starting)
        {
            if (_ready is null or { IsFaulted: true } or { IsCanceled: true }) _ready = CreateAsync();
            return _ready;
        }
    }

    private Task CreateAsync() => Task.WhenAll(
        Conversations.CreateIfNotExistsAsync(),
        Index.CreateIfNotExistsAsync(),
        Endpoints.CreateIfNotExistsAsync(),
        Flows.CreateIfNotExistsAsync(),
        Audit.CreateIfNotExistsAsync(),
        Handovers.CreateIfNotExistsAsync(),
        TransformerStorage.CreateIfNotExistsAsync(),
        Logs.CreateIfNotExistsAsync(),
        Files.CreateIfNotExistsAsync(),
        Profiles.CreateIfNotExistsAsync(),
        Analytics.CreateIfNotExistsAsync(),
        AnalyticsDays.CreateIfNotExistsAsync(),
        WakeUps.CreateIfNotExistsAsync(),
        PoisonedWakeUps.CreateIfNotExistsAsync(),
        Bodies.CreateIfNotExistsAsync(),
        Keys.CreateIfNotExistsAsync());
}

/// <summary>How long one storage request may take, and how often it is repeated.</summary>
/// <param name="NetworkTimeout">For one attempt.</param>
/// <param name="Retries">After the first attempt.</param>
public sealed record StorageTimeouts(TimeSpan NetworkTimeout, int Retries)
{
    /// <summary>Someone waits for the answer: 2 s and one retry, then 503 and 8x8 sends it again.</summary>
    public static readonly StorageTimeouts Acknowledge = new(TimeSpan.FromSeconds(2), 1);

    /// <summary>Work in the background.</summary>
    public static readonly StorageTimeouts Work = new(TimeSpan.FromSeconds(10), 3);
}

/// <summary>A pipeline policy that is added to every storage client; registered by measurements and tests.</summary>
public abstract class HttpPipelinePolicyPerCall : Azure.Core.Pipeline.HttpPipelineSynchronousPolicy;

/// <summary>Where the storage account is, and how to sign in to it.</summary>
internal abstract record StorageAccount
{
    public abstract TableServiceClient Tables(TableClientOptions options);
    public abstract QueueServiceClient Queues(QueueClientOptions options);
    public abstract BlobServiceClient Blobs(BlobClientOptions options);

    /// <exception cref="InvalidOperationException">Nothing usable is configured; the message names the keys.</exception>
    public static StorageAccount From(IConfiguration configuration)
    {
        var section = configuration.GetSection("AzureWebJobsStorage");
        if (section.Value is { Length: > 0 } connectionString) return new ByConnectionString(connectionString);
        Uri? Service(string name) => section[$"{name}ServiceUri"] is { Length: > 0 } uri
            ? new Uri(uri)
            : section["accountName"] is { Length: > 0 } account ? new Uri($"https://{account}.{name}.core.windows.net") : null;
        if (Service("table") is { } tables && Service("queue") is { } queues && Service("blob") is { } blobs)
        {
            var credential = section["clientId"] is { Length: > 0 } clientId
                ? (TokenCredential)new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId))
                : new DefaultAzureCredential();
            return new ByIdentity(tables, queues, blobs, credential);
        }

        throw new InvalidOperationException(
            "AzureWebJobsStorage is not configured: set it to a connection string, or set AzureWebJobsStorage__accountName " +
            "(or __tableServiceUri, __queueServiceUri and __blobServiceUri) to use a managed identity.");
    }

    private sealed record ByConnectionString(string Value) : StorageAccount
    {
        public override TableServiceClient Tables(TableClientOptions options) => new(Value, options);
        public override QueueServiceClient Queues(QueueClientOptions options) => new(Value, options);
        public override BlobServiceClient Blobs(BlobClientOptions options) => new(Value, options);
    }

    private sealed record ByIdentity(Uri Table, Uri Queue, Uri Blob, TokenCredential Credential) : StorageAccount
    {
        public override TableServiceClient Tables(TableClientOptions options) => new(Table, Credential, options);
        public override QueueServiceClient Queues(QueueClientOptions options) => new(Queue, Credential, options);
        public override BlobServiceClient Blobs(BlobClientOptions options) => new(Blob, Credential, options);
    }
}
