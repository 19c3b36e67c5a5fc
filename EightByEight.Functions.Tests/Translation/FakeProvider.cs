using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Translation;

/// <summary>A translator on loopback in the formats of Microsoft, Google and DeepL. It puts the target language before each text.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _lock = new();

    private FakeProvider(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    /// <summary>Path and query of each request, and its texts.</summary>
    public List<(string Target, string[] Texts)> Requests { get; } = [];

    /// <summary>The body of each request, and its header <c>Authorization</c>.</summary>
    public List<(JsonNode Body, string Authorization)> Bodies { get; } = [];

    /// <summary>Holds answers back until it is done.</summary>
    public Task Held { get; set; } = Task.CompletedTask;

    /// <summary>What comes with an answer that is not 200; null: nothing.</summary>
    public string? RetryAfter { get; set; }

    /// <summary>What it answers next instead of 200.</summary>
    public Queue<int> Statuses { get; } = [];

    public string Detected { get; set; } = "de";

    /// <summary>Whether each request is answered differently from the one before.</summary>
    public bool Counts { get; set; }

    public static async Task<FakeProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new FakeProvider(app);
        app.MapPost("/translate", provider.AnswerAsync);
        app.MapPost("/language/translate/v2", provider.AnswerAsync);
        app.MapPost("/v2/translate", provider.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> AnswerAsync(HttpRequest request)
    {
        var body = (await JsonNode.ParseAsync(request.Body))!;
        var (list, to, isTold) = body switch
        {
            JsonArray all => ([.. all.Select(one => one!["Text"])], (string?)request.Query["to"], request.Query.ContainsKey("from")),
            _ when body["q"] is JsonArray all => (all.ToArray(), (string?)body["target"], body["source"] is not null),
            _ => (body["text"]!.AsArray().ToArray(), (string?)body["target_lang"], body["source_lang"] is not null),
        };
        var texts = list.Select(text => (string)text!).ToArray();
        lock (_lock)
        {
            Requests.Add(($"{request.Path}{request.QueryString}", texts));
            Bodies.Add((body, request.Headers.Authorization.ToString()));
            if (Statuses.TryDequeue(out var status))
            {
                if (RetryAfter is { } after) request.HttpContext.Response.Headers.RetryAfter = after;
                return Results.StatusCode(status);
            }
        }

        await Held.WaitAsync(request.HttpContext.RequestAborted);
        var count = Counts ? $"{Requests.Count}" : "";
        var detected = isTold ? null : Detected;
        JsonNode answer = body switch
        {
            JsonArray => new JsonArray([.. texts.Select(text => Microsoft(text, to, count, detected))]),
            _ when body["q"] is not null => new JsonObject
            {
                ["data"] = new JsonObject { ["translations"] = Translations(texts, "translatedText", "detectedSourceLanguage", to, detected) },
            },
            _ => new JsonObject { ["translations"] = Translations(texts, "text", "detected_source_language", to, detected?.ToUpperInvariant() ?? "DE") },
        };
        return Results.Text(answer.ToJsonString(), "application/json");
    }

    private static JsonObject Microsoft(string text, string? to, string count, string? detected)
    {
        var one = new JsonObject { ["translations"] = new JsonArray { new JsonObject { ["text"] = $"{to}{count}:{text}", ["to"] = to } } };
        if (detected is not null) one["detectedLanguage"] = new JsonObject { ["language"] = detected, ["score"] = 1.0 };
        return one;
    }

    private static JsonArray Translations(string[] texts, string name, string language, string? to, string? detected)
    {
        var all = new JsonArray();
        foreach (var text in texts)
        {
            var one = new JsonObject { [name] = $"{to}:{text}" };
            if (detected is not null) one[language] = detected;
            all.Add(one);
        }

        return all;
    }
}
