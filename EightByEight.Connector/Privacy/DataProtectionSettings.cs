using EightByEight.Connector.Admin;
using EightByEight.Connector.Analytics;

namespace EightByEight.Connector.Privacy;

/// <summary>What is kept of conversations, and what of it is masked.</summary>
public record DataProtectionSettings
{
    /// <summary>Whether a customer's profile is kept across sessions.</summary>
    public bool ContactProfiles { get; init; }

    /// <summary>Whether transcripts keep what was said.</summary>
    public bool CollectConversations { get; init; } = true;

    /// <summary>Whether each turn leaves a record for analytics.</summary>
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

    /// <summary>For how long it is kept.</summary>
    public RetentionSettings RetentionDays { get; init; } = new();

    /// <summary>Who else is told of turns.</summary>
    public DashbotSettings Dashbot { get; init; } = new();

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
            RetentionDays = RetentionSettings.Read(body.Object("retentionDays")),
            Dashbot = DashbotSettings.Read(body.Object("dashbot")),
        };
        body.RefuseOthers();
        return settings;
    }
}
