using System.Security.Cryptography;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Benchmarks;

/// <summary>
/// The acknowledge path without a network, through the real handler, one request after the other: what one core can do.
/// </summary>
internal static class Handling
{
    private const int Events = 512;
    private const int Rounds = 10;

    public static async Task MeasureAsync(Stage stage, Report report, int requests)
    {
        report.Head(
            $"Acknowledge, without storage (the handler on a DefaultHttpContext, {requests:#,0} requests, best of {Rounds} rounds)");

        var repeated = new RepeatedAnswers();
        await using (var connector = await stage.StartConnectorAsync(stage.NewAccount(), withWorker: false,
            builder => builder.Services.AddSingleton<HttpPipelinePolicyPerCall>(repeated)))
        {
            var handler = new Handler(connector, stage);
            await handler.RunAsync(Events);
            repeated.AreRepeated = true;
            report.Note("with the storage clients, their transport left out", (await handler.MeasureAsync(requests / 2)).ToString());
        }

        await using (var connector = await stage.StartConnectorAsync(stage.NewAccount(), withWorker: false,
            builder => builder.Services.AddKeyedSingleton(Inbox.Acknowledge, (provider, _) =>
                new ConnectorStorage(provider.GetRequiredService<IConfiguration>(), StorageTimeouts.Acknowledge, [])
                {
                    Conversations = new AcceptingTable(),
                    WakeUps = new AcceptingQueue(),
                })))
        {
            var cost = await new Handler(connector, stage).MeasureAsync(requests);
            report.Note("up to the storage clients", cost.ToString());
            report.Note("of these the RSA verification alone", (await VerificationAsync(requests)).ToString());
            report.AtLeast("requests per second on one core", cost.PerCoreSecond, 25_000, "");
        }
    }

    private static async Task<Cost> MeasureAsync(Func<int, Task> run, int count)
    {
        // The time of the compiler, which works beside the first many, is not theirs.
        await run(count / 2);
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        var perRound = Math.Max(1, count / Rounds);
        var rounds = new List<Cost>();
        for (var round = 0; round < Rounds; round++)
        {
            var allocated = GC.GetTotalAllocatedBytes();
            var before = Environment.CpuUsage.TotalTime;
            await run(perRound);
            rounds.Add(new Cost(
                (Environment.CpuUsage.TotalTime - before) / perRound, (GC.GetTotalAllocatedBytes() - allocated) / perRound));
        }

        // Whatever else the machine does adds to a round and takes nothing from it.
        return rounds.MinBy(r => r.Cpu);
    }

    /// <summary>What no verifier of such signatures can do without.</summary>
    private static async Task<Cost> VerificationAsync(int count)
    {
        using var rsa = RSA.Create(2048);
        var hash = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
        var signature = rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return await MeasureAsync(
            n =>
            {
                for (var i = 0; i < n; i++) rsa.VerifyHash(hash, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
                return Task.CompletedTask;
            },
            count);
    }

    /// <summary>What one request costs: CPU time of the whole process, and memory allocated.</summary>
    private readonly record struct Cost(TimeSpan Cpu, long Allocated)
    {
        public double PerCoreSecond => 1 / Cpu.TotalSeconds;

        public override string ToString() =>
            FormattableString.Invariant($"{Cpu.TotalMicroseconds:0.0} µs of CPU, {Allocated / 1024d:0.0} KiB allocated");
    }

    private sealed class Handler
    {
        private readonly WebhookHandler _handler;
        private readonly DefaultHttpContext[] _contexts;

        public Handler(Connector connector, Stage stage)
        {
            _handler = connector.Host.Services.GetRequiredService<WebhookHandler>();
            var events = Enumerable.Range(0, Events).Select(i => SignedEvent.Message(stage.Key, $"CV{Guid.NewGuid():N}"));
            _contexts = [.. events.Select(e => Context(connector, e))];
        }

        public Task<Cost> MeasureAsync(int requests) => Handling.MeasureAsync(RunAsync, requests);

        public async Task RunAsync(int requests)
        {
            for (var i = 0; i < requests; i++)
            {
                var context = _contexts[i % Events];
                context.Request.Body.Position = 0;
                context.Response.StatusCode = 0;
                await _handler.HandleAsync(context);
                if (context.Response.StatusCode != 200)
                    throw new InvalidOperationException($"The handler answered {context.Response.StatusCode}.");
            }
        }

        private static DefaultHttpContext Context(Connector connector, SignedEvent sent)
        {
            var context = new DefaultHttpContext();
            context.Request.Method = "POST";
            context.Request.Path = connector.EndpointUrl.AbsolutePath;
            context.Request.RouteValues["urlToken"] = connector.EndpointUrl.Segments[^1];
            foreach (var (name, value) in sent.Headers) context.Request.Headers[name] = value;
            context.Request.ContentLength = sent.Body.Length;
            context.Request.Body = new MemoryStream(sent.Body);
            return context;
        }
    }
}
