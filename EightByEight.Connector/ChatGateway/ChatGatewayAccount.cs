namespace EightByEight.Connector.ChatGateway;

/// <summary>Whom to call, and as whom.</summary>
/// <param name="BaseUrl">The server, such as <c>https://api.8x8.com</c>.</param>
/// <param name="ApiKey">Sent as <c>x-api-key</c>.</param>
/// <param name="TenantId">Sent as <c>X-8x8-Tenant</c> where it is set.</param>
public sealed record ChatGatewayAccount(Uri BaseUrl, string ApiKey, string? TenantId)
{
    /// <summary>Without the key: this may end up in a log.</summary>
    public override string ToString() => $"{BaseUrl} {TenantId}";
}
