using System.Net.Http.Headers;
using System.Security.Cryptography;
using EightByEight.Connector;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EightByEight.DevHost;

/// <summary>The connector on Kestrel: the same handlers as in the Functions app, with stand-ins for its triggers.</summary>
public sealed class ConnectorHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ConnectorHost(WebApplication app, string adminKey, string url) => (_app, AdminKey, Url) = (app, adminKey, url);

    /// <summary>Where it listens, without a trailing slash.</summary>
    public string Url { get; }

    /// <summary>The key of the admin API.</summary>
    public string AdminKey { get; }

    /// <summary>A client of its admin API.</summary>
    public HttpClient NewAdminClient() => new()
    {
        BaseAddress = new Uri(Url),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", AdminKey) },
    };

    /// <summary>Its services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Starts it.</summary>
    /// <param name="url">Port 0 takes a free one.</param>
    /// <param name="storage">A connection string.</param>
    /// <param name="adminKey">The key of the admin API, unless the configuration has one.</param>
    /// <param name="configure">Changes the builder last: more configuration, other services.</param>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<ConnectorHost> StartAsync(
        string url, string storage, string adminKey, Action<WebApplicationBuilder>? configure = null,
        CancellationToken cancellation = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var environment = builder.Configuration["Connector:AdminKey"];
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = storage,
            ["Connector:AdminKey"] = environment is { Length: > 0 } ? environment : adminKey,
        });
        // Below all else: what the user sets wins.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                // The simulator: loopback without TLS.
                ["Connector:Media:AllowPrivateAddresses"] = "true",
                ["Connector:Files:AllowPrivateAddresses"] = "true",
                ["Connector:Agents:AllowPrivateAddresses"] = "true",
                ["Connector:Requests:AllowPrivateAddresses"] = "true",
                ["Connector:Transformers:AllowPrivateAddresses"] = "true",
                ["Connector:Translation:AllowPrivateAddresses"] = "true",
                ["Connector:AllowedGatewayHosts"] = "*.8x8.com,127.0.0.1,localhost,[::1]",
                ["Connector:AllowInsecureGateways"] = "true",
                // Bots on this machine.
                ["Connector:HandoverProviders:AllowPrivateCallbacks"] = "true",
                ["Connector:Understanding:AllowPrivateAddresses"] = "true",
            },
        });
        // URLs of files work on this machine.
        if (builder.Configuration["Connector:PublicBaseUrl"] is null && builder.Configuration["Connector:Files:BaseUrl"] is null
            && Uri.TryCreate(url, UriKind.Absolute, out var own) && own is { IsLoopback: true, Port: not 0 })
            builder.Configuration["Connector:Files:BaseUrl"] = own.GetLeftPart(UriPartial.Authority);
        builder.WebHost.UseUrls(url);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Logging.ClearProviders().AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });
        builder.Logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);
        builder.Services.AddConnector(builder.Configuration);
        builder.Services.AddOptions<QueuePumpOptions>().Bind(builder.Configuration.GetSection(QueuePumpOptions.Section));
        builder.Services.AddHostedService<QueuePump>();
        builder.Services.AddHostedService<SweepTimer>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        configure?.Invoke(builder);
        var app = builder.Build();
        app.UseRouting();
        app.MapConnector();
        await app.StartAsync(cancellation);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new ConnectorHost(app, app.Configuration["Connector:AdminKey"]!, address.TrimEnd('/'));
    }

    /// <summary>Waits for Ctrl+C or a termination signal.</summary>
    public Task WaitForShutdownAsync() => _app.WaitForShutdownAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>A key for the admin API.</summary>
    public static string NewAdminKey() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}
