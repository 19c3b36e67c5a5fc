namespace EightByEight.Connector.Endpoints;

/// <summary>
/// The Endpoints as the way of an event sees them: cached for 30 s, their absence for at most 2 s. Looking one up
/// decrypts nothing; only <see cref="ApiKeyAsync"/> does.
/// </summary>
public sealed class EndpointDirectory
{
    /// <summary>The Endpoint that owns an URL token, enabled or not; null when there is none.</summary>
    public ValueTask<Endpoint?> FindByTokenAsync(string urlToken, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The Endpoint with that id; null when there is none.</summary>
    /// <param name="pastCache">Reads it from storage, whatever is cached.</param>
    public ValueTask<Endpoint?> FindAsync(string id, bool pastCache, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The API key in the clear.</summary>
    /// <exception cref="EndpointSecretException">No key is set, or it cannot be read now.</exception>
    public ValueTask<string> ApiKeyAsync(Endpoint endpoint, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Stops sending for this Endpoint until a time; an admin write to it ends the pause.</summary>
    public Task PauseAsync(string id, EndpointPause pause, CancellationToken cancellation) => throw new NotImplementedException();
}

/// <summary>A secret of an Endpoint is missing or cannot be decrypted now; trying later may work.</summary>
public sealed class EndpointSecretException(string message, Exception? inner = null) : Exception(message, inner);
