using Azure.Core;
using EightByEight.Connector;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Endpoints;

/// <summary>One process's view of the Endpoints in an account.</summary>
internal sealed class EndpointsOf : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private int _created;

    public EndpointsOf(string account, IKeyCertificates? certificates = null)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = account,
            ["Connector:AdminKey"] = "an admin key for tests",
            ["Connector:UrlTokenGrace"] = "01:00:00",
        }).Build();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton(new ConnectorStorage(configuration, StorageTimeouts.Work, [Requests]));
        services.AddKeyedSingleton("acknowledge", new ConnectorStorage(configuration, StorageTimeouts.Acknowledge, [Requests]));
        if (certificates is not null) services.AddSingleton(certificates);
        _services = services.AddEndpoints(configuration).BuildServiceProvider();
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.Parse("2026-03-01T12:00:00Z", System.Globalization.CultureInfo.InvariantCulture));

    public Counter Requests { get; } = new();

    public EndpointDirectory Directory => _services.GetRequiredService<EndpointDirectory>();

    public EndpointStore Store => _services.GetRequiredService<EndpointStore>();

    public KeyRing Ring => _services.GetRequiredService<KeyRing>();

    public ConnectorStorage Storage => _services.GetRequiredService<ConnectorStorage>();

    public static EndpointSettings Settings => new() { Name = "Acme", Flow = "welcome", EightByEight = new() };

    public async Task<(Endpoint Endpoint, string Token)> CreateAsync(string? apiKey = null)
    {
        var endpoint = await Store.CreateAsync(
            new(Settings with { Name = _created++ == 0 ? "Acme" : $"Acme {_created}" }, new Dictionary<string, string?> { [EndpointSecrets.ApiKey] = apiKey }), CancellationToken.None);
        return (endpoint, await Store.UrlTokenAsync(endpoint, CancellationToken.None));
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    public sealed class Counter : HttpPipelinePolicyPerCall
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public override void OnSendingRequest(HttpMessage message) => Interlocked.Increment(ref _count);
    }
}
