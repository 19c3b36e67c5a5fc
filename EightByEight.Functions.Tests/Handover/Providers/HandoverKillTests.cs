using System.Net;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>
/// A connector loses its storage at one request and for ever after, which is what a kill at that moment leaves behind; another one
/// takes its place at the same address. Whatever the moment: one conversation, each text once, each event once.
/// </summary>
public sealed class HandoverKillTests(AzuriteFixture azurite)
{
    private static readonly Dictionary<string, string?> Options = new()
    {
        // What dies with a message in its hands must be found by the backup, not by waiting for the queue.
        ["DevHost:Queues:Visibility"] = "00:02:00",
        ["Connector:Conversations:Lease"] = "00:00:03",
        ["Connector:ChatGateway:AttemptTimeout"] = "00:00:01.5",
        ["Connector:ChatGateway:TotalTimeout"] = "00:00:01.5",
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_while_a_handover_begins_it_opens_one_conversation(bool afterwards) =>
        await EachStepAsync(afterwards, async (life, step) =>
        {
            var before = life.Test.Gateway.ConversationIds.Count;
            var begun = await life.BeginAsync($"key-{step}");
            await life.EventuallyAsync((string)begun["id"]!, h => (string?)h["status"] == "queued");
            Assert.Equal(before + 1, life.Test.Gateway.ConversationIds.Count);
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_while_a_message_goes_in_it_arrives_once(bool afterwards)
    {
        string? id = null, conversation = null;
        var sent = new List<string>();
        await EachStepAsync(afterwards, async (life, step) =>
        {
            sent.Add($"text {step}");
            await life.PostAsync($"/api/handovers/{id}/messages", new JsonObject { ["id"] = $"m{step}", ["text"] = $"text {step}" });
            Assert.Equal(sent, await life.UntilAsync(() => life.Test.CustomerSaid(conversation!), said => said.Count >= sent.Count));
        }, async life =>
        {
            var begun = await life.BeginAsync("key");
            (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
            await life.EventuallyAsync(id, h => (string?)h["status"] == "queued");
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_while_an_agents_text_goes_out_it_is_told_once(bool afterwards)
    {
        await using var bot = await BotServer.StartAsync();
        string? id = null, conversation = null;
        var said = new List<string>();
        await EachStepAsync(afterwards, async (life, step) =>
        {
            said.Add($"text {step}");
            life.Test.Gateway.AgentSays(conversation!, $"text {step}");
            Assert.Equal(said, await life.UntilAsync(() => TextsOf(bot), texts => texts.Count >= said.Count));
            await life.EventuallyAsync(id!, h => (long)h["lastEvent"]! == 2 + said.Count);
        }, async life =>
        {
            var begun = await life.BeginAsync("key");
            (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
            await life.EventuallyAsync(id, h => (string?)h["status"] == "queued");
            life.Test.Gateway.AgentAccepts(conversation);
            await bot.TookAsync("handover.agent_joined");
        }, bot.Url);
    }

    /// <summary>A callback may come twice after a kill, with the same id: the bot drops it.</summary>
    private static List<string> TextsOf(BotServer bot) =>
    [
        .. bot.Taken.Where(c => c.Type == "agent.message").DistinctBy(c => c.Headers["webhook-id"].ToString())
            .Select(c => (string)c.Json["data"]!["text"]!),
    ];

    /// <summary>Plays a scene again and again, with the kill some storage requests later each time, until none is left to be struck.</summary>
    private async Task EachStepAsync(bool afterwards, Func<Life, int, Task> scene, Func<Life, Task>? first = null, string? callback = null)
    {
        await using var life = await Life.StartAsync(azurite, callback);
        await life.BeginAsync("warm");
        if (first is not null) await first(life);
        var struck = 0;
        for (var step = afterwards ? 1 : 0; step < 60; step += 4)
        {
            await life.RestAsync();
            life.KillAt(step, afterwards);
            await scene(life, step);
            if (!await life.WasStruckAsync()) break;
            struck++;
        }

        // A message is some nine requests: the third kill may find none left.
        Assert.InRange(struck, 2, 20);
    }

    /// <summary>A connector that can be killed and comes back at its address.</summary>
    private sealed class Life : IAsyncDisposable
    {
        private readonly StorageProxy _proxy;
        private volatile bool _dead;
        private bool _struck;
        private int _seen;

        private Life(StorageProxy proxy, TestHandover test) => (_proxy, Test) = (proxy, test);

        public TestHandover Test { get; private set; }

        public static async Task<Life> StartAsync(AzuriteFixture azurite, string? callback)
        {
            var proxy = await StorageProxy.StartAsync(azurite);
            return new Life(proxy, await TestHandover.StartAsync(azurite, callback, proxy.ConnectionString, more: Options));
        }

        /// <summary>Waits until nothing is going on.</summary>
        public async Task RestAsync()
        {
            var last = -1;
            _seen = 0;
            _proxy.Before = request =>
            {
                if (!request.IsIdle) Interlocked.Increment(ref _seen);
                return Task.FromResult(false);
            };
            for (var quiet = 0; quiet < 3; quiet = _seen == last ? quiet + 1 : 0)
            {
                last = _seen;
                await Task.Delay(TimeSpan.FromMilliseconds(400), TestContext.Current.CancellationToken);
            }

            _proxy.Before = null;
        }

        public void KillAt(int step, bool afterwards)
        {
            (_struck, _seen) = (false, -1);
            bool IsTheMoment(StorageRequest request)
            {
                if (request.IsIdle || _struck || Interlocked.Increment(ref _seen) != step) return false;
                _struck = true;
                return _dead = true;
            }

            _proxy.Refuse = request => _dead || (!afterwards && IsTheMoment(request));
            _proxy.After = request => Task.FromResult(afterwards && IsTheMoment(request));
        }

        /// <summary>Begins a handover, as often as it takes: a bot repeats with the same key.</summary>
        public async Task<JsonObject> BeginAsync(string key)
        {
            using var answer = await PostAsync("/api/handovers", TestHandover.Wanted(), key);
            return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
        }

        public async Task<HttpResponseMessage> PostAsync(string path, JsonNode body, string? key = null)
        {
            for (var attempt = 0; attempt < 100; attempt++)
            {
                await ReplaceIfDeadAsync();
                try
                {
                    var answer = await Test.PostAsync(path, body.DeepClone(), key);
                    if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created) return answer;
                    if (answer.StatusCode == HttpStatusCode.Accepted && key is null) return answer;
                }
                catch (HttpRequestException)
                {
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
            }

            Assert.Fail($"{path} never succeeded.\n{Test.Logs.Tail()}");
            return null!;
        }

        public async Task EventuallyAsync(string id, Func<JsonObject, bool> isSo)
        {
            await UntilAsync(async () =>
            {
                try
                {
                    return await Test.GetAsync(id);
                }
                catch (HttpRequestException)
                {
                    return [];
                }
            }, h => h.Count > 0 && isSo(h));
        }

        public Task<T> UntilAsync<T>(Func<T> get, Func<T, bool> isSo) => UntilAsync(() => Task.FromResult(get()), isSo);

        public Task<T> UntilAsync<T>(Func<Task<T>> get, Func<T, bool> isSo) => Eventually.GetAsync(async () =>
        {
            await ReplaceIfDeadAsync();
            return await get();
        }, isSo, "what it has to come to", TimeSpan.FromSeconds(60), Test.Logs);

        public async Task<bool> WasStruckAsync()
        {
            await ReplaceIfDeadAsync();
            return _struck;
        }

        public async ValueTask DisposeAsync()
        {
            await Test.DisposeAsync();
            await _proxy.DisposeAsync();
        }

        private async Task ReplaceIfDeadAsync()
        {
            if (!_dead) return;
            Test = await Test.ReplaceAsync(_proxy.ConnectionString, Options, gone: () =>
            {
                (_proxy.Refuse, _proxy.After) = (null, null);
                _dead = false;
            });
        }
    }
}
