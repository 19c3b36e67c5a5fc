using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Requests;
using EightByEight.Connector.Understanding;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>What a script answers in place of the world.</summary>
/// <param name="Step">The kind, id or path of the step that asks, or <c>nlu</c>; null: any.</param>
/// <param name="Url">The URL that is asked, a <c>*</c> at its end standing for any rest; null: any.</param>
/// <param name="When">What the request must hold; null: anything.</param>
/// <param name="Answers">One after the other; the last again and again.</param>
internal sealed record Stub(string? Step, string? Url, JsonObject? When, IReadOnlyList<FlowAnswer> Answers)
{
    private int _asked;

    public FlowAnswer Next() => Answers[Math.Min(_asked++, Answers.Count - 1)];

    public bool Fits(FlowRequest request, JsonObject shown) =>
        (Step is null || StubbedOutside.NamesOf(request).Contains(Step))
        && (Url is null || StubbedOutside.UrlIn(shown) is { } url && (Url.EndsWith('*') ? url.StartsWith(Url[..^1], StringComparison.Ordinal) : url == Url))
        && (When is null || Comparison.Difference(When, shown) is null);
}

/// <summary>Answers what a Flow asks of the world by the stubs of a script, whatever the step is: what it asks is its own request as JSON.</summary>
internal sealed class StubbedOutside : IOutside
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        IncludeFields = true,
    };

    /// <summary>The first that fits answers.</summary>
    public IReadOnlyList<Stub> Stubs { get; set; } = [];

    /// <summary>Texts by what they are translated from.</summary>
    public IReadOnlyDictionary<string, string> Translations { get; set; } = new Dictionary<string, string>();

    /// <summary>The language that is detected; null: none.</summary>
    public string? Detected { get; set; }

    /// <summary>What was said in so many turns.</summary>
    public Func<TranscriptRequest, JsonArray> Transcript { get; set; } = _ => [];

    /// <summary>Answers what no stub does; null: nobody, and the test fails.</summary>
    public IOutside? World { get; set; }

    /// <summary>Translates what no translation is given for; null: nobody, and the test fails.</summary>
    public Func<string, string, string>? Translate { get; set; }

    /// <summary>What was asked.</summary>
    public List<JsonObject> Asked { get; } = [];

    public async Task<FlowAnswer> AnswerAsync(FlowRequest request, Endpoint endpoint, string conversationId, CancellationToken cancellation)
    {
        if (request is TranscriptRequest transcript) return new FlowAnswer(Transcript(transcript));
        if (request is TranslateRequest { Text: var text } && Translations.TryGetValue(text, out var translated)) return new FlowAnswer(translated);
        var shown = Show(request);
        Asked.Add(shown);
        var answer = Stubs.FirstOrDefault(stub => stub.Fits(request, shown))?.Next();
        if (answer is null && World is { } world) return await world.AnswerAsync(request, endpoint, conversationId, cancellation);
        if (answer is null)
            throw new RehearsalException($"{Whence(request)} asks the world, and no stub answers: {shown.ToJsonString(Json)}\n"
                + $"Add one below 'stubs', such as: - {{ step: {NamesOf(request)[0]}, answer: … }}");
        // Each asker gets its own, as from the wire.
        var value = answer.Value?.DeepClone();
        if (request is UnderstandRequest) value = Understood(value);
        if (request is HttpCall) answer = Answered(value, answer.Error);
        else answer = answer with { Value = value };
        return answer with { Value = answer.Value is null ? null : JsonNode.Parse(answer.Value.ToJsonString()) };
    }

    /// <summary>What a server answered: its whole answer, or the body of one that is good.</summary>
    public static FlowAnswer Answered(JsonNode? given, string? error)
    {
        var answer = error is not null ? new JsonObject { ["status"] = null, ["body"] = null }
            : given is JsonObject whole && whole.ContainsKey("status") ? whole : new JsonObject { ["status"] = 200, ["body"] = given };
        answer["headers"] ??= new JsonObject();
        answer.TryAdd("body", null);
        error ??= answer["status"] is JsonValue status && status.TryGetValue<long>(out var code) && code > 299 ? $"The stub answered {answer["status"]}." : null;
        answer["error"] = error;
        return new FlowAnswer(answer, error);
    }

    /// <summary>What a service understood: the name of an intent is short for a ranking of that alone.</summary>
    private static JsonNode? Understood(JsonNode? answer)
    {
        if (answer is JsonValue intent) answer = new JsonObject { ["ranking"] = new JsonArray(new JsonObject { ["intent"] = intent.ToString(), ["score"] = 1 }) };
        if (answer is JsonObject understood)
        {
            understood["ranking"] ??= new JsonArray();
            understood["slots"] ??= new JsonObject();
        }

        return answer;
    }

    /// <summary>What a stub may call the asker: the kind of the step, its id, its path.</summary>
    public static IReadOnlyList<string> NamesOf(FlowRequest request) => request.AskedBy is not { } step ? ["nlu"]
        : [.. new[] { step.Kind, step.Id, step.Path }.OfType<string>()];

    /// <summary>Where a request goes: its first member that is a URL; null: nowhere.</summary>
    public static string? UrlIn(JsonNode? shown) => shown switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) && (text.StartsWith("https://", StringComparison.Ordinal) || text.StartsWith("http://", StringComparison.Ordinal)) => text,
        JsonObject members => members.Where(member => member.Key is "url" or "agent" or "service" or "model" or "uri").Select(member => UrlIn(member.Value)).FirstOrDefault(url => url is not null),
        _ => null,
    };

    private static string Whence(FlowRequest request) => request.AskedBy is { } step
        ? $"The step {step.Path} ({NamesOf(request)[0]}, line {step.Line})" : "The member nlu";

    private static JsonObject Show(FlowRequest request)
    {
        var shown = (JsonObject)JsonSerializer.SerializeToNode(request with { AskedBy = null }, request.GetType(), Json)!;
        shown["step"] = NamesOf(request)[0];
        if (request is UnderstandRequest) shown.Remove("intents");
        return shown;
    }
}

/// <summary>A translation service whose words are the script's. It is asked as DeepL is.</summary>
internal sealed class StubbedTranslation(StubbedOutside outside) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var asked = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
        var texts = asked["text"]!.AsArray().Select(text => (string)text!);
        var answer = new JsonObject
        {
            ["translations"] = new JsonArray([.. texts.Select(text => (JsonNode)new JsonObject
            {
                ["text"] = outside.Translations.GetValueOrDefault(text) ?? outside.Translate?.Invoke(text, $"{asked["target_lang"]}") ?? throw new RehearsalException(
                    $"'{text}' is to be translated to {asked["target_lang"]}, and no stub says how.\nAdd it below 'translations', such as: \"{text}\": …"),
                ["detected_source_language"] = asked["source_lang"] is null ? outside.Detected : null,
            })]),
        };
        return new HttpResponseMessage { Content = new StringContent(answer.ToJsonString()) };
    }
}
