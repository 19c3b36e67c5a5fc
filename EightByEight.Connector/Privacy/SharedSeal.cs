using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover.Providers;

namespace EightByEight.Connector.Privacy;

/// <summary>
/// The keys that seal what belongs to no one Endpoint, made once for all instances: handovers of other bots, whose events of 8x8 rest before
/// anybody knows whose they are, and contact profiles, which several Endpoints share.
/// </summary>
internal sealed class SharedSeal(ConnectorStorage storage, KeyRing ring)
{
    /// <summary>For which purpose Data Protection encrypts the private key.</summary>
    public const string Purpose = "Handovers seal";

    private const string Place = "seal";
    private SealKey? _known;

    /// <summary>Whether it names what these keys seal.</summary>
    public static bool IsFor(ConversationKey key) => HandoverKey.IsSealed(key) || Profiles.IsKey(key);

    /// <exception cref="EndpointSecretException">There are none yet, and the key ring cannot be used now.</exception>
    public async ValueTask<SealKey> FindAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _known) is { } known) return known;
        await storage.ReadyAsync().WaitAsync(cancellation);
        var row = await storage.Handovers.GetEntityIfExistsAsync<TableEntity>(Place, Place, cancellationToken: cancellation);
        var found = row.HasValue ? row.Value! : await MakeAsync(cancellation);
        var seal = new SealKey(found.GetString("Public"), found.GetString("Private"));
        Volatile.Write(ref _known, seal);
        return seal;
    }

    private async Task<TableEntity> MakeAsync(CancellationToken cancellation)
    {
        var (open, secret) = Seals.NewPair();
        var made = new TableEntity(Place, Place) { ["Public"] = open, ["Private"] = await ring.ProtectAsync(Purpose, secret, cancellation) };
        try
        {
            await storage.Handovers.AddEntityAsync(made, cancellation);
            return made;
        }
        catch (RequestFailedException faster) when (faster.Status == 409)
        {
            return await storage.Handovers.GetEntityAsync<TableEntity>(Place, Place, cancellationToken: cancellation);
        }
    }
}
