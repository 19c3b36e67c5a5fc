using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Privacy;

/// <summary>What is kept of conversations, what of it is masked, and for how long.</summary>
public record DataProtectionSettings
{
    /// <summary>Whether a customer's profile is kept across sessions.</summary>
    public bool ContactProfiles { get; init; }

    /// <summary>Whether transcripts keep what was said.</summary>
    public bool CollectConversations { get; init; } = true;

    /// <summary>Whether analytics records are written.</summary>
    public bool CollectAnalytics { get; init; } = true;

    /// <summary>Whether IP addresses are replaced by asterisks.</summary>
    public bool MaskIpAddress { get; init; } = true;

    /// <summary>Whether texts and data are replaced by asterisks in analytics.</summary>
    public bool MaskSensitiveAnalytics { get; init; }

    /// <summary>Whether the customer's id, texts and data are replaced by asterisks in logs.</summary>
    public bool MaskSensitiveLogging { get; init; } = true;

    /// <summary>Whether active HTML is removed from what customers say.</summary>
    public bool SanitizeInput { get; init; } = true;

    /// <summary>Whether tags that load something from elsewhere are shown as plain text in transcripts.</summary>
    public bool HideExternalReferences { get; init; } = true;

    /// <summary>Dashbot.</summary>
    public DashbotSettings Dashbot { get; init; } = new();

    /// <summary>How long what is collected is kept.</summary>
    public RetentionSettings RetentionDays { get; init; } = new();

    /// <summary>Whether anything is masked, so that what waits or is remembered rests sealed.</summary>
    internal bool Seals => MaskIpAddress || MaskSensitiveAnalytics || MaskSensitiveLogging || !CollectConversations;

    /// <summary>What a turn's transcript keeps to itself; null: nothing.</summary>
    /// <param name="blind">Whether the Flow said that nobody may look.</param>
    internal Hidden? HidesOf(bool blind) =>
        blind || !CollectConversations ? Hidden.All : MaskSensitiveAnalytics ? Hidden.Input : null;

    internal static DataProtectionSettings Read(JsonMembers body)
    {
        var defaults = new DataProtectionSettings();
        var settings = new DataProtectionSettings
        {
            ContactProfiles = body.Flag("contactProfiles", defaults.ContactProfiles),
            CollectConversations = body.Flag("collectConversations", defaults.CollectConversations),
            CollectAnalytics = body.Flag("collectAnalytics", defaults.CollectAnalytics),
            MaskIpAddress = body.Flag("maskIpAddress", defaults.MaskIpAddress),
            MaskSensitiveAnalytics = body.Flag("maskSensitiveAnalytics", defaults.MaskSensitiveAnalytics),
            MaskSensitiveLogging = body.Flag("maskSensitiveLogging", defaults.MaskSensitiveLogging),
            SanitizeInput = body.Flag("sanitizeInput", defaults.SanitizeInput),
            HideExternalReferences = body.Flag("hideExternalReferences", defaults.HideExternalReferences),
            Dashbot = DashbotSettings.Read(body.Object("dashbot")),
            RetentionDays = RetentionSettings.Read(body.Object("retentionDays")),
        };
        body.RefuseOthers();
        return settings;
    }
}

/// <summary>Dashbot gets what is said where its key, the secret <c>dataProtection.dashbot.apiKey</c>, is set.</summary>
public record DashbotSettings
{
    /// <summary>Dashbot's name of the platform.</summary>
    public string Platform { get; init; } = "generic";

    internal static DashbotSettings Read(JsonMembers body)
    {
        body.Secret("apiKey", 1000);
        var settings = new DashbotSettings { Platform = body.String("platform", 50) ?? "generic" };
        body.RefuseOthers("apiKeySet");
        return settings;
    }
}

/// <summary>For how many days something is kept, 1 to 3650.</summary>
public record RetentionSettings
{
    /// <summary>Turns and history.</summary>
    public int Transcripts { get; init; } = 30;

    /// <summary>Contact profiles, since they were last used.</summary>
    public int Profiles { get; init; } = 365;

    /// <summary>Analytics records.</summary>
    public int Analytics { get; init; } = 365;

    /// <summary>Parked work.</summary>
    public int Parked { get; init; } = 30;

    /// <summary>Files.</summary>
    public int Files { get; init; } = 30;

    /// <summary>The Endpoint's log.</summary>
    public int Logs { get; init; } = 7;

    internal static RetentionSettings Read(JsonMembers body)
    {
        var defaults = new RetentionSettings();
        int Days(string name, int otherwise) => body.Number(name, 1, 3650, otherwise);
        var settings = new RetentionSettings
        {
            Transcripts = Days("transcripts", defaults.Transcripts),
            Profiles = Days("profiles", defaults.Profiles),
            Analytics = Days("analytics", defaults.Analytics),
            Parked = Days("parked", defaults.Parked),
            Files = Days("files", defaults.Files),
            Logs = Days("logs", defaults.Logs),
        };
        body.RefuseOthers();
        return settings;
    }
}
