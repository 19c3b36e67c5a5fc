using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Privacy;

/// <summary>Puts the room together.</summary>
internal static class PrivacyServices
{
    public static IServiceCollection AddPrivacy(this IServiceCollection services) => services
        .AddSingleton<EndpointLog>()
        .AddSingleton(s => new SharedSeal(s.GetRequiredKeyedService<ConnectorStorage>(Inbox.Acknowledge), s.GetRequiredService<KeyRing>()))
        .AddSingleton<Seals>()
        .AddSingleton<SealedBodies>()
        .AddSingleton<Profiles>()
        .AddSingleton<Retention>()
        .AddSingleton<DayTables>()
        .AddSingleton<Customers>()
        .AddSingleton<ProfileUse>()
        .AddSingleton<RowJson>()
        .AddSingleton<CustomerExport>()
        .AddSingleton<CustomerErasure>()
        .AddSingleton<CustomerRoutes>()
        .AddDataClasses();
}
