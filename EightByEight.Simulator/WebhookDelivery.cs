using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace EightByEight.Simulator;

/// <summary>An event on its way to a webhook; sent again, it keeps its id.</summary>
internal sealed class WebhookEvent
{
    public required string EventId { get; init; }

    public required string EventType { get; init; }

    public required Webhook Webhook { get; init; }

    public required byte[] Body { get; init; }

    public required string ConversationId { get; init; }

    public long LogNumber { get; set; }

    /// <summary>How many are sent at the first attempt.</summary>
    public int Copies { get; set; } = 1;

    /// <summary>The next value of <c>x-8x8-retry</c>; shared by all copies of the event.</summary>
    private int _nextRetry = -1;

    public int TakeRetry() => Interlocked.Increment(ref _nextRetry);
}

/// <summary>
/// Posts events to webhooks, signed, and again with growing <c>x-8x8-retry</c> until the answer is 2xx. The waits
/// are those of the options.
/// </summary>
internal sealed class WebhookDelivery : IAsyncDisposable
{
    private const int ResponseLimit = 4096;

    private readonly SimulatorOptions _options;
    private readonly SigningKey _key;
    private readonly Faults _faults;
    private readonly EventLog _log;
    private readonly HttpClient _client;
    private readonly SemaphoreSlim _slots;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<WebhookEvent>> _lines = [];
    private int _underWay;
    private TaskCompletionSource? _settled;

    public WebhookDelivery(SimulatorOptions options, SigningKey key, Faults faults, EventLog log)
    {
        _options = options;
        _key = key;
        _faults = faults;
        _log = log;
        _slots = new SemaphoreSlim(options.MaxConcurrentDeliveries);
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Takes an event over; returns at once. Events of a conversation must be handed over one after another.</summary>
    public void Enqueue(WebhookEvent webhookEvent)
    {
        var fault = _faults.Take(Operations.Deliver, webhookEvent.EventType);
        var delay = fault?.DelayBefore ?? TimeSpan.Zero;
        if (_options.EventDelays.TryGetValue(webhookEvent.EventType, out var wait) || _options.EventDelays.TryGetValue("*", out wait)) delay += wait;
        var copies = Math.Max(1, fault?.Copies > 1 ? fault.Copies : _options.Copies);
        var order = _options.DeliveryOrder;
        if (order == DeliveryOrder.Shuffled) delay += TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(250));
        webhookEvent.Copies = copies;

        lock (_gate)
        {
            _underWay++;
            if (order == DeliveryOrder.InOrder && delay == TimeSpan.Zero)
            {
                if (_lines.TryGetValue(webhookEvent.ConversationId, out var line))
                {
                    line.Enqueue(webhookEvent);
                    return;
                }

                _lines.Add(webhookEvent.ConversationId, new Queue<WebhookEvent>([webhookEvent]));
            }
        }

        _ = order == DeliveryOrder.InOrder && delay == TimeSpan.Zero
            ? Task.Run(() => DrainAsync(webhookEvent.ConversationId))
            : Task.Run(() => DeliverAloneAsync(webhookEvent, delay));
    }

    /// <summary>Completes when the first attempt of every event so far is over.</summary>
    public Task SettledAsync()
    {
        lock (_gate)
        {
            return _underWay == 0
                ? Task.CompletedTask
                : (_settled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Sends an event again as it was, <paramref name="copies"/> times at once.</summary>
    public Task RedeliverAsync(WebhookEvent webhookEvent, int copies) =>
        Task.WhenAll(Enumerable.Range(0, copies).Select(_ => AttemptAsync(webhookEvent, webhookEvent.TakeRetry())));

    /// <summary>Posts <c>WEB_HOOK_VERIFY</c>.</summary>
    public async Task<DeliveryAttempt> VerifyAsync(Webhook webhook) => (await PostOnceAsync(
        webhook,
        SimulatorJson.Bytes(new { notificationVersion = webhook.Version, eventType = "WEB_HOOK_VERIFY" }),
        "VERIFY_WEBHOOK",
        timeout: _options.VerifyTimeout)).Attempt;

    /// <summary>Posts any body as an event of its own; not again, whatever the answer.</summary>
    public async Task<(DeliveryAttempt Attempt, string EventId)> PostOnceAsync(
        Webhook webhook, byte[] body, string recordType, string? conversationId = null, TimeSpan? timeout = null)
    {
        var once = new WebhookEvent
        {
            EventId = NewId(),
            EventType = recordType,
            ConversationId = conversationId ?? "",
            Webhook = webhook,
            Body = body,
        };
        once.LogNumber = _log.Add(number => new EventLogEntry
        {
            Number = number,
            Direction = "Outbound",
            Status = "Pending",
            RecordType = recordType,
            Timestamp = _options.TimeProvider.GetUtcNow(),
            TenantId = _options.TenantId,
            EventId = once.EventId,
            ConversationId = conversationId,
            WebhookId = webhook.Id,
            Body = Encoding.UTF8.GetString(body),
        });
        return (await AttemptAsync(once, once.TakeRetry(), timeout, isLast: true), once.EventId);
    }

    public static string NewId() => System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _client.Dispose();
    }

    private async Task DrainAsync(string conversationId)
    {
        while (true)
        {
            WebhookEvent next;
            lock (_gate)
            {
                if (!_lines[conversationId].TryDequeue(out next!))
                {
                    _lines.Remove(conversationId);
                    return;
                }
            }

            await DeliverAsync(next);
        }
    }

    private async Task DeliverAloneAsync(WebhookEvent webhookEvent, TimeSpan delay)
    {
        try
        {
            if (delay > TimeSpan.Zero) await Task.Delay(delay, _options.TimeProvider, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: DeliverAsync below notices and settles the count.
        }

        await DeliverAsync(webhookEvent);
    }

    private async Task DeliverAsync(WebhookEvent webhookEvent)
    {
        try
        {
            var retry = webhookEvent.TakeRetry();
            var attempts = await Task.WhenAll(
                Enumerable.Range(0, webhookEvent.Copies).Select(_ => AttemptAsync(webhookEvent, retry)));
            if (!attempts.Any(attempt => attempt.Succeeded)) _ = RetryAsync(webhookEvent);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
        finally
        {
            lock (_gate)
            {
                if (--_underWay == 0)
                {
                    _settled?.TrySetResult();
                    _settled = null;
                }
            }
        }
    }

    private async Task RetryAsync(WebhookEvent webhookEvent)
    {
        try
        {
            for (var i = 0; i < _options.RetryDelays.Count; i++)
            {
                await Task.Delay(_options.RetryDelays[i], _options.TimeProvider, _stopping.Token);
                var isLast = i == _options.RetryDelays.Count - 1;
                var attempt = await AttemptAsync(webhookEvent, webhookEvent.TakeRetry(), isLast: isLast);
                if (attempt.Succeeded) return;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task<DeliveryAttempt> AttemptAsync(
        WebhookEvent webhookEvent, int retry, TimeSpan? timeout = null, bool isLast = false)
    {
        await _slots.WaitAsync(_stopping.Token);
        try
        {
            var attempt = await PostAsync(webhookEvent, retry, timeout ?? _options.DeliveryTimeout);
            _log.Update(webhookEvent.LogNumber, entry => entry with
            {
                Status = attempt.Succeeded || entry.Status == "Success" ? "Success"
                    : isLast || _options.RetryDelays.Count == 0 ? "Failed" : "Retrying",
                Duration = attempt.Duration,
                ResponseBody = attempt.Response,
                Attempts = [.. entry.Attempts, attempt],
            });
            return attempt;
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<DeliveryAttempt> PostAsync(WebhookEvent webhookEvent, int retry, TimeSpan limit)
    {
        var time = _options.TimeProvider;
        var at = time.GetUtcNow();
        var started = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
        try
        {
            using var request = Request(webhookEvent, retry, at.ToUnixTimeMilliseconds());
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var body = await response.Content.ReadAsStringAsync(either.Token);
            return new DeliveryAttempt(
                retry, at, time.GetElapsedTime(started), (int)response.StatusCode,
                body.Length > ResponseLimit ? body[..ResponseLimit] : body);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !_stopping.IsCancellationRequested)
        {
            return new DeliveryAttempt(
                retry, at, time.GetElapsedTime(started), null,
                $"No answer within {limit.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException)
        {
            return new DeliveryAttempt(retry, at, time.GetElapsedTime(started), null, e.Message);
        }
    }

    private HttpRequestMessage Request(WebhookEvent webhookEvent, int retry, long transmissionTime)
    {
        var payload = SigningKey.Payload(
            webhookEvent.Body, _options.CustomerId, webhookEvent.EventId, retry, _options.TenantId, transmissionTime);
        var content = new ByteArrayContent(webhookEvent.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new HttpRequestMessage(HttpMethod.Post, webhookEvent.Webhook.Uri)
        {
            Content = content,
            Headers =
            {
                { "x-8x8-tenant-id", _options.TenantId },
                { "x-8x8-customer-id", _options.CustomerId },
                { "x-8x8-event-id", webhookEvent.EventId },
                { "x-8x8-transmission-time", transmissionTime.ToString(CultureInfo.InvariantCulture) },
                { "x-8x8-retry", retry.ToString(CultureInfo.InvariantCulture) },
                { "x-8x8-signature", _key.Sign(payload) },
            },
        };
    }
}
