using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Translation;

/// <summary>A translator on loopback in the format of Microsoft's. It puts the target language before each text.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _lock = new();

    private FakeProvider(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    /// <summary>Path and query of each request, and its texts.</summary>
    public List<(string Target, string[] Texts)> Requests { get; } = [];

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
        await app.StartAsync(TestContext.Current.CancellationToken);
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> AnswerAsync(HttpRequest request)
    {
        var body = (await JsonNode.ParseAsync(request.Body))!.AsArray();
        var texts = body.Select(one => (string)one!["Text"]!).ToArray();
        lock (_lock)
        {
            Requests.Add(($"{request.Path}{request.QueryString}", texts));
            if (Statuses.TryDequeue(out var status)) return Results.StatusCode(status);
        }

        var answer = new JsonArray();
        var count = Counts ? $"{Requests.Count}" : "";
        foreach (var text in texts)
        {
            var to = (string?)request.Query["to"];
            var one = new JsonObject { ["translations"] = new JsonArray { new JsonObject { ["text"] = $"{to}{count}:{text}", ["to"] = to } } };
            if (!request.Query.ContainsKey("from")) one["detectedLanguage"] = new JsonObject { ["language"] = Detected, ["score"] = 1.0 };
            answer.Add(one);
        }

        return Results.Text(answer.ToJsonString(), "application/json");
    }
}
