using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Analytics;

/// <summary>Dashbot is told what is said where its key, the secret <c>dataProtection.dashbot.apiKey</c>, is set.</summary>
public record DashbotSettings
{
    /// <summary>Dashbot's name of the platform, 1 to 50 characters.</summary>
    public string Platform { get; init; } = "universal";

    internal static DashbotSettings Read(JsonMembers body)
    {
        body.Secret("apiKey", 1000);
        var settings = new DashbotSettings { Platform = body.String("platform", 50) is { Length: > 0 } given ? given : new DashbotSettings().Platform };
        body.RefuseOthers("apiKeySet");
        return settings;
    }
}

/// <summary>How Dashbot is reached.</summary>
public sealed record DashbotOptions
{
    /// <summary>Its section of the configuration.</summary>
    public const string Section = "Connector:Dashbot";

    /// <summary>The tracker's server.</summary>
    public Uri BaseUrl { get; set; } = new("https://tracker.dashbot.io");

    /// <summary>How long the calls of one turn may take together, repetitions included.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a call is made at most, 1 to 10.</summary>
    [System.ComponentModel.DataAnnotations.Range(1, 10)]
    public int Attempts { get; set; } = 3;

    /// <summary>The pause before the first repetition; it doubles.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);
}
