using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Injection;
using EightByEight.Connector.Models;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using EightByEight.Connector.Translation;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Admin;

/// <summary>The settings of an Endpoint as they come in a body: either all of them are right, or all faults are known.</summary>
internal sealed partial class SettingsBody(AllowedGateways gateways, FlowStore flows, TransformerRoom transformers)
{
    private static readonly string[] ReadOnly = ["id", "urlToken", "endpointUrl", "formerUrlTokens", "createdAt", "lastChanged", "paused"];

    /// <summary>Reads a whole body.</summary>
    /// <param name="secrets">The names of those that are set already.</param>
    /// <param name="alsoStored">Flows that count as stored.</param>
    /// <exception cref="BodyException">All its faults.</exception>
    public async Task<EndpointChange> ReadAsync(
        JsonElement body, IEnumerable<string> secrets, CancellationToken cancellation, IReadOnlyList<string>? alsoStored = null)
    {
        var problems = new List<BodyProblem>();
        var change = Read(body, problems);
        const string key = EndpointSecrets.AzureFilesKey;
        if ((change.Secrets.TryGetValue(key, out var given) ? given is null : !secrets.Contains(key))
            && change.Settings.FileStorage.FaultWithoutKey() is { } keyless) problems.Add(keyless);
        var flow = change.Settings.Flow;
        if (flow.Length > 0 && alsoStored?.Contains(flow) != true && !(FlowRoutes.IsName(flow) && await flows.ExistsAsync(flow, cancellation)))
            problems.Add(new("$.flow", $"There is no Flow named {flow}. Create it first: PUT /api/flows/{{name}}."));
        else if (change.Settings.FlowVersion is { } version && flow.Length > 0 && !await flows.HasVersionAsync(flow, version, cancellation))
            problems.Add(new("$.flowVersion", $"The Flow {flow} has no version {version}. GET /api/flows/{flow}/versions lists them."));
        if (await transformers.FaultAsync(change.Settings.Transformers.Source, cancellation) is { } fault)
            problems.Add(new("$.transformers.source", fault.ToString()));
        return problems.Count == 0 ? change : throw new BodyException(problems);
    }

    /// <summary>Reads a JSON merge patch (RFC 7396) for an Endpoint's settings.</summary>
    /// <exception cref="BodyException">All faults of what comes of it.</exception>
    public async Task<EndpointChange> MergeAsync(Endpoint before, JsonElement patch, CancellationToken cancellation)
    {
        var merged = JsonSerializer.SerializeToNode(before.Settings, EndpointJson.Default.EndpointSettings)!.AsObject();
        Merge(merged, patch);
        var change = await ReadAsync(JsonElement.Parse(merged.ToJsonString()), before.ProtectedSecrets.Keys, cancellation);
        // Secrets go with the part that is removed, though they are not among what was merged.
        var secrets = new Dictionary<string, string?>(change.Secrets);
        foreach (var name in EndpointSecrets.All)
            if (IsRemoved(patch, name)) secrets[name] = null;
        return change with { Secrets = secrets };
    }

    /// <summary>Whether a patch sets a part to null in which the secret stands.</summary>
    private static bool IsRemoved(JsonElement patch, string secret)
    {
        foreach (var name in secret.Split('.')[..^1])
            if (patch.ValueKind != JsonValueKind.Object || !patch.TryGetProperty(name, out patch)) return false;
            else if (patch.ValueKind == JsonValueKind.Null) return true;
        return false;
    }

    /// <summary>Applies a JSON merge patch (RFC 7396) to any settings.</summary>
    /// <exception cref="BodyException">It is no object, or gives a member twice.</exception>
    public static void Merge(JsonObject settings, JsonElement patch)
    {
        var problems = new List<BodyProblem>();
        RefuseTwins(patch, "$", problems);
        if (patch.ValueKind != JsonValueKind.Object) problems.Add(new("$", "Must be an object."));
        if (problems.Count > 0) throw new BodyException(problems);
        Apply(settings, patch);
    }

    /// <summary>Reads a whole body, without a look at what is stored.</summary>
    public EndpointChange Read(JsonElement body, List<BodyProblem> problems)
    {
        var all = new JsonMembers(body, "$", problems);
        var name = all.String("name", 200, required: true);
        var enabled = all.Flag("enabled", true);
        var flow = all.String("flow", 64, required: true);
        var flowVersion = all.OptionalNumber("flowVersion", 1, int.MaxValue);
        var locale = all.String("locale", 35);
        if (locale is not null && !LanguageTag().IsMatch(locale))
            all.Refuse("locale", "Must be a language tag, such as \"en\" or \"en-GB\".");
        var timeZone = all.String("timeZone", 64) ?? "UTC";
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone) || !zone.HasIanaId)
            all.Refuse("timeZone", "Must be an IANA time zone, such as \"Europe/London\".");
        // Whether another case is found depends on what was looked for before.
        else if (zone.Id != timeZone && zone.Id.Equals(timeZone, StringComparison.OrdinalIgnoreCase))
            all.Refuse("timeZone", $"Must be an IANA time zone as it is written: \"{zone.Id}\".");
        var eightByEight = all.Object("eightByEight");
        var session = all.Object("session");
        var handover = HandoverOf(all.Object("handover"));
        var content = Content(all.Object("content"));
        var dataProtection = DataProtectionSettings.Read(all.Object("dataProtection"));
        var translation = TranslationSettings.Read(all.Object("translation"));
        var transformers = TransformerSettings.Read(all.Object("transformers"));
        var nlu = NluSettings.Read(all);
        var llm = LlmSettings.Read(all.Object("llm"));
        var fileStorage = FileStorageSettings.Read(all.Object("fileStorage"));
        var inject = InjectSettings.Read(all.Object("inject"));
        var test = TrialSettings.Read(all.Object("test"));
        all.RefuseOthers(ReadOnly);

        var defaults = new EightByEightSettings();
        var baseUrl = eightByEight.String("baseUrl", 500) ?? defaults.BaseUrl;
        if (gateways.Fault(baseUrl) is { } fault) eightByEight.Refuse("baseUrl", fault);
        var clusterBaseUrl = eightByEight.String("clusterBaseUrl", 500);
        if (clusterBaseUrl is not null && gateways.Fault(clusterBaseUrl) is { } clusterFault)
            eightByEight.Refuse("clusterBaseUrl", clusterFault);
        eightByEight.Secret("apiKey", 1000);
        var settings = new EightByEightSettings
        {
            BaseUrl = baseUrl,
            ClusterBaseUrl = clusterBaseUrl,
            TenantId = eightByEight.String("tenantId", 255),
            AcceptConversationActiveEvent = eightByEight.Flag("acceptConversationActiveEvent", defaults.AcceptConversationActiveEvent),
            VerifySignatures = eightByEight.Flag("verifySignatures", defaults.VerifySignatures),
            FreshnessSeconds = eightByEight.Number("freshnessSeconds", 1, 3600, defaults.FreshnessSeconds),
        };
        eightByEight.RefuseOthers("apiKeySet");
        var expiration = session.Number("expirationMinutes", 0, 10_080, new SessionSettings().ExpirationMinutes);
        var onExpiry = session.Word("onExpiry", "greet", "greet", "continue") == "continue" ? OnExpiry.Continue : OnExpiry.Greet;
        var retention = session.Number("retentionDays", 1, RetentionSettings.Longest, new SessionSettings().RetentionDays);
        session.RefuseOthers();
        return new(
            new()
            {
                Name = name ?? "",
                Enabled = enabled,
                Flow = flow ?? "",
                FlowVersion = flowVersion,
                Locale = locale,
                TimeZone = timeZone,
                EightByEight = settings,
                Session = new() { ExpirationMinutes = expiration, OnExpiry = onExpiry, RetentionDays = retention },
                Handover = handover,
                Content = content,
                DataProtection = dataProtection,
                Translation = translation,
                Transformers = transformers,
                Nlu = nlu,
                Llm = llm,
                FileStorage = fileStorage,
                Inject = inject,
                Test = test,
            },
            all.Secrets);
    }

    /// <summary>A language tag as RFC 5646 writes the usual ones.</summary>
    [GeneratedRegex(@"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\z")]
    private static partial Regex LanguageTag();

    private static HandoverSettings HandoverOf(JsonMembers handover)
    {
        var defaults = new PostAgentSettings();
        var postAgent = handover.Object("postAgent");
        var settings = new HandoverSettings
        {
            QueueId = handover.String("queueId", 255),
            Properties = handover.Texts("properties", ChatGateway.User.MostAdditionalProperties, 1000),
            ReturnScriptId = handover.String("returnScriptId", 255),
            InactivityMinutes = handover.Has("inactivityMinutes") ? handover.OptionalNumber("inactivityMinutes", 1, 10_080) : null,
            PostAgent = new()
            {
                WebhookId = postAgent.String("webhookId", 255),
                MaxTotalMinutes = postAgent.Number("maxTotalMinutes", 20, 600, defaults.MaxTotalMinutes),
                UserTimeoutMinutes = postAgent.Number("userTimeoutMinutes", 10, 300, defaults.UserTimeoutMinutes),
                NotifyChannelWebhookIfExists = postAgent.Flag("notifyChannelWebhookIfExists", defaults.NotifyChannelWebhookIfExists),
            },
        };
        postAgent.RefuseOthers();
        handover.RefuseOthers();
        return settings;
    }

    private static ContentSettings Content(JsonMembers content)
    {
        var defaults = new ContentSettings();
        var wrappers = content.Object("cardWrappers");
        var settings = new ContentSettings
        {
            Media = content.Word("media", defaults.Media, "upload", "link"),
            CardVersion = content.Word("cardVersion", defaults.CardVersion, ContentSettings.CardVersions),
            CardWrappers = ChannelCards.Types.Where(wrappers.Has).ToDictionary(type => type, type => wrappers.Word(type, "wrapped", "wrapped", "bare")),
        };
        wrappers.RefuseOthers();
        content.RefuseOthers();
        return settings;
    }

    private static void Apply(JsonObject target, JsonElement patch)
    {
        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                // What is not there is left as null, to be read: it is a secret, or unknown and refused.
                if (!target.Remove(member.Name)) target[member.Name] = null;
            }
            else if (member.Value.ValueKind == JsonValueKind.Object)
            {
                if (target[member.Name] is not JsonObject part) target[member.Name] = part = [];
                Apply(part, member.Value);
            }
            else target[member.Name] = JsonNode.Parse(member.Value.GetRawText());
        }
    }

    private static void RefuseTwins(JsonElement json, string path, List<BodyProblem> problems)
    {
        if (json.ValueKind != JsonValueKind.Object) return;
        var seen = new HashSet<string>();
        foreach (var member in json.EnumerateObject())
        {
            if (!seen.Add(member.Name)) problems.Add(new($"{path}.{member.Name}", "Is given twice."));
            RefuseTwins(member.Value, $"{path}.{member.Name}", problems);
        }
    }
}

/// <summary>A body was refused.</summary>
internal sealed class BodyException(IReadOnlyList<BodyProblem> problems) : Exception("The body was refused.")
{
    public IReadOnlyList<BodyProblem> Problems { get; } = problems;
}
