using EightByEight.Connector;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Functions.Tests.Files;

/// <summary>The connector's files over a storage account, without a host.</summary>
internal sealed class FilesOf : IAsyncDisposable
{
    public const string PublicUrl = "https://bot.example.com";
    private readonly ServiceProvider _services;

    public FilesOf(string account, IReadOnlyDictionary<string, string?>? options = null)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = account,
            ["Connector:AdminKey"] = "an admin key for tests",
            ["Connector:PublicBaseUrl"] = PublicUrl,
            ["Connector:Files:AllowPrivateAddresses"] = "true",
            ["Connector:Media:AllowPrivateAddresses"] = "true",
        }).AddInMemoryCollection(options ?? new Dictionary<string, string?>()).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddLogging(logging => logging.AddProvider(Logs).SetMinimumLevel(LogLevel.Trace));
        services.AddSingleton<TimeProvider>(Time);
        _services = services.AddConnector(configuration).BuildServiceProvider();
    }

    /// <summary>Stands still; stores have clocks of their own.</summary>
    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

    public RecordedLogs Logs { get; } = new();

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public async Task<Endpoint> CreateAsync(FileStorageSettings settings, params (string Name, string Secret)[] secrets) =>
        await Get<EndpointStore>().CreateAsync(
            new(new() { Name = "Acme", Flow = "welcome", EightByEight = new(), FileStorage = settings },
                secrets.ToDictionary(s => s.Name, s => (string?)s.Secret)), TestContext.Current.CancellationToken);

    public async Task<IFileStore> StoreAsync(FileStorageSettings settings, params (string Name, string Secret)[] secrets) =>
        (await Get<FileStores>().OfAsync(await CreateAsync(settings, secrets), TestContext.Current.CancellationToken))!;

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
