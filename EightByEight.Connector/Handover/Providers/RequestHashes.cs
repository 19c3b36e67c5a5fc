using System.Security.Cryptography;
using System.Text;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// What a repetition is known by without keeping what was said: its hash, sealed, since anybody can guess the short text of a bare one.
/// Accepting something new needs no secret; only a repetition is compared.
/// </summary>
internal sealed class RequestHashes(Seals seals)
{
    /// <summary>A bare hash, as earlier versions wrote it, has hexadecimal digits only.</summary>
    private const string Mark = "sealed-";

    /// <summary>The hash as it may rest.</summary>
    public async ValueTask<string> OfAsync(ConversationKey key, string said, CancellationToken cancellation) =>
        Mark + Convert.ToBase64String(await seals.SealAsync(key, Hash(said), cancellation));

    /// <summary>Whether a hash at rest is of the same.</summary>
    /// <exception cref="EndpointSecretException">The key cannot be read now.</exception>
    public async ValueTask<bool> IsOfAsync(ConversationKey key, string resting, string said, CancellationToken cancellation) =>
        resting.StartsWith(Mark, StringComparison.Ordinal)
            ? await seals.OpenAsync(key, Convert.FromBase64String(resting[Mark.Length..]), cancellation) is { } hash
                && hash.AsSpan().SequenceEqual(Hash(said))
            : resting == Convert.ToHexStringLower(Hash(said));

    private static byte[] Hash(string said) => SHA256.HashData(Encoding.UTF8.GetBytes(said));
}
