using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Privacy;

/// <summary>Bodies that rest sealed, in their row or in a blob.</summary>
internal sealed class SealedBodies(ConnectorStorage storage, Seals seals)
{
    /// <summary>Seals a body, to be written with its row.</summary>
    public async ValueTask<Body> StoreAsync(ConversationKey key, string name, byte[] clear, CancellationToken cancellation) =>
        await Body.StoreAsync(storage.Bodies, key, name, await seals.SealAsync(key, clear, cancellation), cancellation);

    /// <summary>A body in the clear; empty: nobody can open it any more.</summary>
    public async ValueTask<byte[]> ReadAsync(ConversationKey key, Body body, CancellationToken cancellation) =>
        await seals.OpenAsync(key, await body.ReadAsync(storage.Bodies, cancellation), cancellation) ?? [];
}
