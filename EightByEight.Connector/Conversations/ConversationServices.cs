using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>Puts the room together.</summary>
internal static class ConversationServices
{
    public static IServiceCollection AddConversations(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ConversationOptions>()
            .Bind(configuration.GetSection(ConversationOptions.Section))
            .ValidateDataAnnotations()
            .Validate<IOptions<ChatGatewayOptions>>(
                (o, gateway) => o.Lease > gateway.Value.TotalTimeout + o.Visibility,
                $"{ConversationOptions.Section}:{nameof(ConversationOptions.Lease)} must be longer than " +
                $"{ChatGatewayOptions.Section}:{nameof(ChatGatewayOptions.TotalTimeout)} and " +
                $"{nameof(ConversationOptions.Visibility)} together: a message is sent only if both fit into the lease.")
            .ValidateOnStart();
        services.AddOptions<FlowLimits>().Bind(configuration.GetSection(FlowLimits.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<WakeUps>();
        services.AddKeyedSingleton(Inbox.Acknowledge, (provider, _) => new WakeUps(
            provider.GetRequiredKeyedService<ConnectorStorage>(Inbox.Acknowledge), provider.GetRequiredService<IOptions<ConversationOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Inbox(
            provider.GetRequiredKeyedService<ConnectorStorage>(Inbox.Acknowledge),
            provider.GetRequiredKeyedService<WakeUps>(Inbox.Acknowledge),
            provider.GetRequiredService<Seals>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ConversationStore>();
        services.AddSingleton<ActiveIndex>();
        services.AddSingleton<ConversationRetention>();
        services.AddSingleton<Places>();
        services.AddSingleton<IOutside, Outside>();
        services.AddSingleton<TurnRunner>();
        services.AddSingleton<Transcripts>();
        services.AddSingleton(provider => new ParkedWork(
            provider.GetRequiredService<ConnectorStorage>(), provider.GetRequiredService<WakeUps>(), provider.GetRequiredService<Seals>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Workshop>();
        services.AddSingleton(provider => new ConversationWorker(
            provider.GetRequiredService<Workshop>(), provider.GetRequiredService<Desk>(), provider.GetRequiredService<Files.LateVerdicts>(),
            provider.GetRequiredService<Places>()));
        services.AddSingleton(provider => new Sweeper(
            provider.GetRequiredService<ConnectorStorage>(), provider.GetRequiredService<ConversationStore>(),
            provider.GetRequiredService<WakeUps>(), provider.GetRequiredService<HandoverSweep>(), provider.GetRequiredService<Retention>(),
            provider.GetRequiredService<CustomerErasure>(),
            provider.GetRequiredService<Transformers.SessionStorage>(), provider.GetRequiredService<Analytics.AnalyticsStore>(),
            provider.GetRequiredService<IOptions<ConversationOptions>>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Sweeper>>()));
        return services;
    }
}
