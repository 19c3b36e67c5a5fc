using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector;

/// <summary>The configuration section <c>Connector</c>. A wrong value stops the start and names its key.</summary>
public sealed record ConnectorOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector";

    /// <summary>App Service passes the text of a reference, which anybody can guess, while it cannot resolve it.</summary>
    private const string Resolved = @"(?si)(?!\s*@Microsoft\.KeyVault\().*";

    private const string NotResolved =
        "is a Key Vault reference that App Service has not resolved. Make the secret in the vault, let the app's identity read it, " +
        "and have the app read its references again: infra/deploy.sh <environment> <resource group> refresh.";

    /// <summary>The key that the admin API asks for as <c>Authorization: Bearer</c>. Required; at least 16 characters.</summary>
    [Required, MinLength(16), RegularExpression(Resolved, ErrorMessage = $"{Section}:{nameof(AdminKey)} {NotResolved}")]
    public string AdminKey { get; init; } = "";

    /// <summary>A second key that is accepted too, while the first is being rotated.</summary>
    [MinLength(16), RegularExpression(Resolved, ErrorMessage = $"{Section}:{nameof(AdminKeyNext)} {NotResolved}")]
    public string? AdminKeyNext { get; init; }

    /// <summary>What Endpoint URLs start with, such as <c>https://bot.example.com</c>. Unset: the request's own host.</summary>
    public Uri? PublicBaseUrl { get; init; }

    /// <summary>
    /// Hosts that an Endpoint's <c>baseUrl</c> may name: an exact host or <c>*.domain</c>. Comma-separated.
    /// Only https is allowed, unless <see cref="AllowInsecureGateways"/>.
    /// </summary>
    [Required]
    public string AllowedGatewayHosts { get; init; } = "*.8x8.com";

    /// <summary>Also allows http base URLs: for a simulator on this machine, never for 8x8.</summary>
    public bool AllowInsecureGateways { get; init; }

    /// <summary>For how long a replaced URL token goes on working, so that 8x8 can be changed without a gap.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan UrlTokenGrace { get; init; } = TimeSpan.FromDays(1);
}
