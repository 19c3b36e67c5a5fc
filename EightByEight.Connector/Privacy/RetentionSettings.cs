using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Privacy;

/// <summary>For how many days an Endpoint keeps what is collected, 1 to 3,650 each.</summary>
public record RetentionSettings
{
    /// <summary>The longest, in days.</summary>
    internal const int Longest = 3_650;

    /// <summary>Turns, and events that made none.</summary>
    public int Transcripts { get; init; } = 30;

    /// <summary>Contact profiles, since they were last changed.</summary>
    public int Profiles { get; init; } = 365;

    /// <summary>Analytics records; their totals by day stay.</summary>
    public int Analytics { get; init; } = 365;

    /// <summary>Work that was set aside.</summary>
    public int Parked { get; init; } = 30;

    /// <summary>Files.</summary>
    public int Files { get; init; } = 30;

    /// <summary>The Endpoint's log.</summary>
    public int Logs { get; init; } = 7;

    internal static RetentionSettings Read(JsonMembers body)
    {
        var defaults = new RetentionSettings();
        int Days(string name, int otherwise) => body.Number(name, 1, Longest, otherwise);
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
