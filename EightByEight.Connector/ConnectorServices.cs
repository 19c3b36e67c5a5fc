using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Analytics;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Injection;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Requests;
using EightByEight.Connector.Transformers;
using EightByEight.Connector.Translation;
using EightByEight.Connector.Understanding;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace EightByEight.Connector;

/// <summary>Puts the product together; both hosts call these two methods and nothing else.</summary>
public static class ConnectorServices
{
    /// <summary>Adds everything. Wrong configuration stops the start, naming its key.</summary>
    public static IServiceCollection AddConnector(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddRouting();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => StorageOf(provider, StorageTimeouts.Work));
        services.AddKeyedSingleton(Inbox.Acknowledge, (provider, _) => StorageOf(provider, StorageTimeouts.Acknowledge));
        services.AddSingleton<ConnectorPipeline>();
        NluServices.AddTo(services, configuration);
        // Request logs and log scopes of the web server name URLs, and those of webhooks hold the URL token.
        services.AddLogging(logging => logging
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
            .AddFilter("System.Net.Http", LogLevel.Warning));
        return services
            .AddPrivacy()
            .AddChatGateway(configuration)
            .AddEndpoints(configuration)
            .AddContent(configuration)
            .AddTransformers(configuration)
            .AddTranslation(configuration)
            .AddFiles(configuration)
            .AddAnalytics(configuration)
            .AddAgents(configuration)
            .AddRequests(configuration)
            .AddConversations(configuration)
            .AddHandoverProviders(configuration)
            .AddWebhooks()
            .AddInjection()
            .AddAdmin(configuration)
            .AddTelemetry(configuration);
    }

    /// <summary>Maps every route of the product.</summary>
    public static void MapConnector(this IEndpointRouteBuilder routes)
    {
        routes.MapWebhooks();
        routes.MapInjection();
        var api = routes.MapAdmin();
        ConversationRoutes.Map(api);
        ConnectionRoutes.Map(api);
        CustomerRoutes.Map(api);
        TransformerRoutes.Map(routes, api);
        routes.MapHandoverProviders(api);
        FileRoutes.Map(routes);
        AnalyticsRoutes.Map(api);
        LogRoutes.Map(api);
    }

    private static ConnectorStorage StorageOf(IServiceProvider provider, StorageTimeouts timeouts) =>
        new(provider.GetRequiredService<IConfiguration>(), timeouts, provider.GetServices<HttpPipelinePolicyPerCall>());

    /// <summary>Exports where the standard variables say so: OTLP, Azure Monitor, both or none.</summary>
    private static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var otlp = configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 };
        var monitor = configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"];
        if (!otlp && string.IsNullOrEmpty(monitor)) return services;
        var telemetry = services.AddOpenTelemetry()
            .WithTracing(traces =>
            {
                // Only calls to 8x8: no server spans, since their URLs hold URL tokens, and no spans of every storage request.
                traces.AddSource(Telemetry.Name).AddHttpClientInstrumentation();
                if (!string.IsNullOrEmpty(monitor)) traces.AddAzureMonitorTraceExporter(o => ToMonitor(o, monitor, configuration));
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Telemetry.Name);
                if (!string.IsNullOrEmpty(monitor)) metrics.AddAzureMonitorMetricExporter(o => ToMonitor(o, monitor, configuration));
            });
        if (otlp) telemetry.UseOtlpExporter();
        services.AddLogging(logging => logging.AddOpenTelemetry(logs =>
        {
            // Scopes of the web server name the path, and a webhook's path holds the URL token.
            logs.IncludeScopes = false;
            if (!string.IsNullOrEmpty(monitor)) logs.AddAzureMonitorLogExporter(o => ToMonitor(o, monitor, configuration));
        }));
        return services;
    }

    private static void ToMonitor(AzureMonitorExporterOptions options, string connectionString, IConfiguration configuration)
    {
        options.ConnectionString = connectionString;
        // Every turn can be followed, unless the standard variable names a sampler.
        if (string.IsNullOrEmpty(configuration["OTEL_TRACES_SAMPLER"])) (options.SamplingRatio, options.TracesPerSecond) = (1, null);
        // Where local authentication is off, telemetry is sent as the app's own identity.
        if (configuration["AZURE_CLIENT_ID"] is { Length: > 0 } clientId)
            options.Credential = new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId));
    }
}
