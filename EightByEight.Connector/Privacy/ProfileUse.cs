using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover.Providers;

namespace EightByEight.Connector.Privacy;

/// <summary>Whose a contact profile is: of all conversations of its customer, whichever Endpoint they came to.</summary>
internal sealed class ProfileUse(Customers customers, EndpointDirectory endpoints)
{
    /// <summary>Whether conversations of other Endpoints use a profile, so that one Endpoint alone cannot give it out or have it erased.</summary>
    /// <param name="customerPartition">See <see cref="Customers.PartitionOf"/>.</param>
    /// <param name="endpointId">Null: all Endpoints are meant, and there is no other.</param>
    public async Task<bool> IsElsewhereAsync(
        string customerPartition, string tenant, string channel, string? endpointId, CancellationToken cancellation)
    {
        if (endpointId is null) return false;
        var others = new HashSet<string>();
        await foreach (var trace in customers.FindAsync(customerPartition, cancellation))
            if (trace.Key is { } key && !HandoverKey.IsHandover(key) && key.EndpointId != endpointId
                && trace.Tenant == tenant && trace.Channel == channel && others.Add(key.EndpointId)
                && await endpoints.FindAsync(key.EndpointId, pastCache: true, cancellation) is { Settings.DataProtection.ContactProfiles: true })
                return true;
        return false;
    }
}
