namespace EightByEight.Connector.Translation;

/// <summary>What a Flow changes of the Endpoint's translation for its session. What is null stays as the settings say.</summary>
public sealed record TranslationChange
{
    /// <summary>Whether texts are translated.</summary>
    public bool? Enabled { get; set; }

    /// <summary>The customer's language, or <c>auto</c>.</summary>
    public string? UserLanguage { get; set; }

    /// <summary>The language that the Flow speaks and understands.</summary>
    public string? FlowLanguage { get; set; }

    /// <summary>Whether payloads stay as they are also where they were not offered last.</summary>
    public bool? SkipPayloads { get; set; }

    /// <summary>Whether markers are removed also while nothing is translated.</summary>
    public bool? AlwaysRemoveMarkers { get; set; }

    /// <summary>What stands between two of these is not translated.</summary>
    public string? NoTranslationMarker { get; set; }

    /// <summary>How many inputs of the session are looked at to detect the language.</summary>
    public int? DetectOnInputs { get; set; }

    internal TranslationSettings On(TranslationSettings settings) => settings with
    {
        Enabled = Enabled ?? settings.Enabled,
        UserLanguage = UserLanguage ?? settings.UserLanguage,
        FlowLanguage = FlowLanguage ?? settings.FlowLanguage,
        SkipPayloads = SkipPayloads ?? settings.SkipPayloads,
        AlwaysRemoveMarkers = AlwaysRemoveMarkers ?? settings.AlwaysRemoveMarkers,
        NoTranslationMarker = NoTranslationMarker ?? settings.NoTranslationMarker,
        DetectOnInputs = DetectOnInputs ?? settings.DetectOnInputs,
    };

    /// <summary>With what another one changes beyond it.</summary>
    internal TranslationChange And(TranslationChange later) => new()
    {
        Enabled = later.Enabled ?? Enabled,
        UserLanguage = later.UserLanguage ?? UserLanguage,
        FlowLanguage = later.FlowLanguage ?? FlowLanguage,
        SkipPayloads = later.SkipPayloads ?? SkipPayloads,
        AlwaysRemoveMarkers = later.AlwaysRemoveMarkers ?? AlwaysRemoveMarkers,
        NoTranslationMarker = later.NoTranslationMarker ?? NoTranslationMarker,
        DetectOnInputs = later.DetectOnInputs ?? DetectOnInputs,
    };
}
