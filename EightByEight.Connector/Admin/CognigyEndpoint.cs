using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Admin;

/// <summary>What became of a member of an imported file.</summary>
/// <param name="Member">Its path there.</param>
/// <param name="To">The setting that it became; null: it became none.</param>
/// <param name="Note">Why, or what is left to do; null: it was taken as it is.</param>
internal sealed record ImportLine(string Member, string? To, string? Note);

/// <summary>
/// The 8x8 Endpoint of Cognigy.AI as settings of ours, as far as there is the same here. Source of the names: Cognigy's public API
/// client, of which only the interface is used.
/// </summary>
internal static class CognigyEndpoint
{
    /// <summary>Members that mean the same here, by path.</summary>
    private static readonly Dictionary<string, string> Same = new()
    {
        ["name"] = "name",
        ["active"] = "enabled",
        ["maskAnalytics"] = "dataProtection.maskSensitiveAnalytics",
        ["maskIPAddress"] = "dataProtection.maskIpAddress",
        ["maskLogging"] = "dataProtection.maskSensitiveLogging",
        ["useAnalytics"] = "dataProtection.collectAnalytics",
        ["useContactProfiles"] = "dataProtection.contactProfiles",
        ["useConversations"] = "dataProtection.collectConversations",
        ["dashbotApikey"] = "dataProtection.dashbot.apiKey",
        ["dashbotPlatform"] = "dataProtection.dashbot.platform",
        ["settings.baseUrl"] = "eightByEight.baseUrl",
        ["settings.apiKey"] = "eightByEight.apiKey",
        ["settings.apiTenant"] = "eightByEight.tenantId",
        ["settings.acceptConversationActiveEvent"] = "eightByEight.acceptConversationActiveEvent",
        ["settings.sessionExpiration"] = "session.expirationMinutes",
        ["translationSettings.translationEnabled"] = "translation.enabled",
        ["translationSettings.inputLanguage"] = "translation.userLanguage",
        ["translationSettings.flowLanguage"] = "translation.flowLanguage",
        ["translationSettings.setInputLanguageOnExecutionCount"] = "translation.detectOnInputs",
        ["translationSettings.glossaryId"] = "translation.glossaryOutput",
        ["translationSettings.glossaryIdInput"] = "translation.glossaryInput",
        ["translationSettings.formality"] = "translation.formality",
        ["translationSettings.noTranslateMarker"] = "translation.noTranslationMarker",
        ["translationSettings.alwaysRemoveNoTranslateMarker"] = "translation.alwaysRemoveMarkers",
        ["translationSettings.padPayloads"] = "translation.skipPayloads",
    };

    /// <summary>Members that have no place here, and why.</summary>
    private static readonly Dictionary<string, string> Other = new()
    {
        ["URLToken"] = "The Endpoint gets a URL of its own: give its endpointUrl to 8x8.",
        ["channel"] = "Every Endpoint here is one for 8x8.",
        ["flowId"] = "A Flow of Cognigy cannot be imported: the Endpoint runs the Flow that ?flow= names. A step 'agent' of a Flow can go on asking Cognigy.",
        ["entrypoint"] = "A Flow begins at its start.",
        ["localeId"] = "Locales are language tags here: set locale.",
        ["nluConnectorId"] = "A connector is a resource of Cognigy: the Flow understands, or set nlu.",
        ["storeDataPayload"] = "It concerns the Voice Gateway only.",
        ["useDashbotAnalytics"] = "Dashbot is used where its key is set.",
        ["overrideSnapshotConnections"] = "An Endpoint runs a version of its Flow: see flowVersion.",
        ["snapshotId"] = "An Endpoint runs a version of its Flow: see flowVersion.",
        ["foreignId"] = "It is an id of Cognigy.",
        ["handoverSettings"] = "A handover is a step of the Flow: its queue can be set as handover.queueId.",
        ["fileStorageSettings"] = "It names connections of Cognigy, which hold the keys: set fileStorage.",
    };

    /// <summary>The toggles of the transformers, by a word in their names.</summary>
    private static readonly (string Word, string To)[] Toggles =
    [
        ("abort", "transformers.abortOnError"), ("input", "transformers.input"), ("output", "transformers.output"),
        ("execution", "transformers.executionFinished"), ("inject", "transformers.inject"), ("notify", "transformers.notify"),
    ];

    /// <summary>Whether a file is one of Cognigy's.</summary>
    public static bool IsOne(JsonElement file) =>
        file.ValueKind == JsonValueKind.Object
        && (file.TryGetProperty("URLToken", out _) || file.TryGetProperty("flowId", out _) || file.TryGetProperty("maskIPAddress", out _));

    /// <summary>The settings that it becomes.</summary>
    /// <param name="all">Settings with all members that there are.</param>
    /// <param name="report">Gets a line for each member.</param>
    public static JsonObject Read(JsonElement file, JsonObject all, List<ImportLine> report)
    {
        var settings = new JsonObject();
        foreach (var member in file.EnumerateObject()) Read(member.Name, member.Value, settings, all, report);
        // Here its key is what switches it on.
        if (file.TryGetProperty("useDashbotAnalytics", out var uses) && uses.ValueKind == JsonValueKind.False)
            LeaveOut("dataProtection.dashbot.apiKey", "It was switched off: with its key, Dashbot would be told of each turn.", settings, report);
        if (settings["translation"] is JsonObject { } translation && translation["enabled"]?.GetValueKind() == JsonValueKind.True)
            report.Add(new("translationSettings", null, "The provider's key is not in the file: set translation.apiKey."));
        return settings;
    }

    /// <summary>Leaves settings out that are refused, where they came of a member of the file, and says so in the report.</summary>
    /// <returns>Whether there were any.</returns>
    public static bool LeaveOut(IReadOnlyList<BodyProblem> refused, JsonObject settings, List<ImportLine> report)
    {
        var leftOut = false;
        foreach (var (path, message) in refused) leftOut |= LeaveOut(path.TrimStart('$', '.'), $"It is refused here: {message}", settings, report);
        return leftOut;
    }

    private static bool LeaveOut(string setting, string why, JsonObject settings, List<ImportLine> report)
    {
        if (report.FindIndex(line => line.To == setting) is not (>= 0 and var index)) return false;
        Remove(settings, setting);
        report[index] = report[index] with { To = null, Note = why };
        return true;
    }

    private static void Read(string path, JsonElement value, JsonObject settings, JsonObject all, List<ImportLine> report)
    {
        void Take(string to, JsonNode? what, string? note = null)
        {
            if (!IsSetting(to, all))
            {
                report.Add(new(path, null, $"There is no setting {to} here."));
                return;
            }

            Put(settings, to, what);
            report.Add(new(path, to, note));
        }

        switch (path)
        {
            case var _ when value.ValueKind == JsonValueKind.Null || (value.ValueKind == JsonValueKind.String && string.IsNullOrWhiteSpace(value.GetString())):
                report.Add(new(path, null, "It is not set."));
                break;
            case "settings.sessionExpiration" when value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var minutes):
                var kept = Math.Clamp((int)Math.Ceiling(minutes), 0, 10_080);
                Take(Same[path], kept, kept < minutes ? "A session lives seven days at most." : null);
                break;
            case "disableInputSanitization" when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                Take("dataProtection.sanitizeInput", value.ValueKind == JsonValueKind.False);
                break;
            case "transformer" when value.ValueKind == JsonValueKind.String:
            case "transformer.code" or "transformer.transformer" or "transformer.source" when value.ValueKind == JsonValueKind.String:
                Take("transformers.source", value.GetString());
                break;
            case var _ when path.StartsWith("transformer.", StringComparison.Ordinal) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
                && Toggles.FirstOrDefault(one => path.Contains(one.Word, StringComparison.OrdinalIgnoreCase)) is { To: { } toggle }:
                Take(toggle, value.ValueKind == JsonValueKind.True);
                break;
            case "settings" or "transformer" or "translationSettings" when value.ValueKind == JsonValueKind.Object:
                foreach (var member in value.EnumerateObject()) Read($"{path}.{member.Name}", member.Value, settings, all, report);
                break;
            case var _ when Same.TryGetValue(path, out var to):
                Take(to, JsonNode.Parse(value.GetRawText()));
                break;
            default:
                report.Add(new(path, null, Other.GetValueOrDefault(path, "It is not known here.")));
                break;
        }
    }

    private static bool IsSetting(string path, JsonObject all)
    {
        if (EndpointSecrets.All.Contains(path)) return true;
        JsonNode? at = all;
        foreach (var part in path.Split('.'))
            if (at is not JsonObject holder || !holder.TryGetPropertyValue(part, out at)) return false;
        return true;
    }

    private static void Put(JsonObject settings, string path, JsonNode? value)
    {
        var parts = path.Split('.');
        var at = settings;
        foreach (var part in parts[..^1]) at = at[part] as JsonObject ?? (JsonObject)(at[part] = new JsonObject());
        at[parts[^1]] = value;
    }

    private static void Remove(JsonObject settings, string path)
    {
        var parts = path.Split('.');
        var at = settings;
        foreach (var part in parts[..^1]) at = at[part]!.AsObject();
        at.Remove(parts[^1]);
    }
}
