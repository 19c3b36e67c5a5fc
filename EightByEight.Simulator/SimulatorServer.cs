using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EightByEight.Simulator;

/// <summary>A running simulator with a web server of its own. Disposing stops it.</summary>
public sealed class SimulatorServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SimulatorServer(WebApplication app) => _app = app;

    /// <summary>Where it listens, without a trailing slash; <c>{Url}/chat-gateway/v1</c> is the API root.</summary>
    public string Url { get; private init; } = "";

    /// <summary>Its state, and what customers and agents can do.</summary>
    public ChatGatewaySimulator Gateway => _app.Services.GetRequiredService<ChatGatewaySimulator>();

    /// <summary>Starts a simulator.</summary>
    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<SimulatorServer> StartAsync(
        SimulatorOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SimulatorOptions();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear(); // ASPNETCORE_URLS and the like belong to the host, not to us
        builder.Configuration.AddInMemoryCollection();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(options.Url);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // Ctrl+C is the host's affair
        builder.Services.AddSimulator(options);
        var app = builder.Build();
        app.MapSimulator();
        await app.StartAsync(cancellationToken);
        var url = app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First();
        var server = new SimulatorServer(app) { Url = url.TrimEnd('/') };
        server.Gateway.PublicUrl = server.Url;
        return server;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync(); // ends hanging requests and open event streams first
        await _app.DisposeAsync();
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
