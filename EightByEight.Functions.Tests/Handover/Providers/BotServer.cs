using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>A bot's callback on loopback that keeps what it took and answers as it is told.</summary>
public sealed class BotServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Call> _calls = new();

    private BotServer(WebApplication app) => _app = app;

    /// <summary>One request.</summary>
    public sealed record Call(IHeaderDictionary Headers, byte[] Body, int Status)
    {
        public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
        public string Type => (string)Json["type"]!;
        public long Number => (long)Json["data"]!["number"]!;
    }

    public string Url => _app.Urls.First() + "/8x8?token=url-secret";

    /// <summary>The status for the n-th request, from 0.</summary>
    public Func<int, Task<int>> Answer { get; set; } = _ => Task.FromResult(200);

    public IReadOnlyList<Call> Calls => [.. _calls];

    /// <summary>What it took, in the order of arrival.</summary>
    public IReadOnlyList<Call> Taken => [.. _calls.Where(c => c.Status is >= 200 and < 300)];

    public static async Task<BotServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var bot = new BotServer(app);
        var number = -1;
        app.MapPost("/8x8", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var headers = new HeaderDictionary(context.Request.Headers.ToDictionary());
            var status = await bot.Answer(Interlocked.Increment(ref number));
            bot._calls.Enqueue(new Call(headers, body.ToArray(), status));
            context.Response.StatusCode = status;
            if (status is >= 300 and < 400) context.Response.Headers.Location = "/elsewhere";
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return bot;
    }

    /// <summary>Waits until it took an event of that type.</summary>
    public Task<IReadOnlyList<Call>> TookAsync(string type, RecordedLogs? logs = null) =>
        Eventually.GetAsync(() => Taken, taken => taken.Any(c => c.Type == type), $"a callback of {type}", null, logs);

    /// <summary>Checks a signature as the Standard Webhooks specification describes it, with nothing of the connector.</summary>
    public static bool IsSigned(Call call, string secret)
    {
        var key = Convert.FromBase64String(secret.Replace("whsec_", "", StringComparison.Ordinal));
        var content = $"{call.Headers["webhook-id"]}.{call.Headers["webhook-timestamp"]}.{Encoding.UTF8.GetString(call.Body)}";
        using var hmac = new HMACSHA256(key);
        return call.Headers["webhook-signature"].ToString().Split(' ')
            .Contains("v1," + Convert.ToBase64String(hmac.ComputeHash(Encoding.UTF8.GetBytes(content))));
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
