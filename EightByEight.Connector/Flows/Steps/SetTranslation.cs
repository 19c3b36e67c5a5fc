using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Translation;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Changes the Endpoint's translation for this session; what it leaves out stays.</summary>
internal sealed class SetTranslation : Step
{
    private TranslationChange _flags = new();
    private Template? _userLanguage;
    private Template? _flowLanguage;
    private Template? _marker;

    public static SetTranslation Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new SetTranslation { Path = source.Path, Line = source.Line };
        if (source.Value is not MapNode { Size: > 0 } map)
        {
            source.Problems.Report(source.Value, "'setTranslation' is an object, such as { enabled: true, userLanguage: de }.");
            return step;
        }

        source.CheckMembers(map, "setTranslation", "enabled", "userLanguage", "flowLanguage", "skipPayloads", "noTranslationMarker", "alwaysRemoveMarkers",
            "detectOnInputs");
        step._flags = new()
        {
            Enabled = DataProtection.Flag(source, map, "enabled"),
            SkipPayloads = DataProtection.Flag(source, map, "skipPayloads"),
            AlwaysRemoveMarkers = DataProtection.Flag(source, map, "alwaysRemoveMarkers"),
            DetectOnInputs = source.Whole(map, "detectOnInputs", 1, TranslationSettings.MostDetections),
        };
        if (map.Find("userLanguage") is { } user) step._userLanguage = source.Compiler.Template(user, "userLanguage");
        if (map.Find("flowLanguage") is { } flow) step._flowLanguage = source.Compiler.Template(flow, "flowLanguage");
        if (map.Find("noTranslationMarker") is { } marker) step._marker = source.Compiler.Template(marker, "noTranslationMarker");
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        turn.Translation = (turn.Translation ?? new()).And(_flags with
        {
            UserLanguage = Language(_userLanguage?.Require(turn), orAuto: true),
            FlowLanguage = Language(_flowLanguage?.Require(turn), orAuto: false),
            NoTranslationMarker = Marker(_marker?.Require(turn)),
        });
        return Outcome.Continue;
    }

    private static string? Marker(string? marker) =>
        marker is null || (marker.Length <= TranslationSettings.LongestMarker && !marker.Any(char.IsControl)) ? marker
        : throw new StepException($"'noTranslationMarker' has more than {TranslationSettings.LongestMarker} characters, or a line break.");

    private static string? Language(string? tag, bool orAuto) =>
        tag is null || TranslationSettings.IsLanguage(tag) && (orAuto || tag != TranslationSettings.Auto) ? tag
        : throw new StepException($"'{tag}' is no language. Write one like de or pt-BR{(orAuto ? ", or auto" : "")}.");
}
