using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Flows.Scripting;
using Jint;
using Jint.Native;
using Jint.Runtime;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Transformers;

/// <summary>What came of one call of a handler.</summary>
internal sealed record HandlerResult
{
    /// <summary>What it returned; null: something falsy.</summary>
    public JsonNode? Value { get; init; }

    /// <summary>Whether the source has the handler.</summary>
    public bool IsThere { get; init; } = true;

    /// <summary>Why it failed; null: it did not.</summary>
    public HandlerFailure? Failure { get; init; }

    /// <summary>What it said on the console, in order.</summary>
    public IReadOnlyList<(LogLevel Level, string Message)> Log { get; init; } = [];

    /// <summary>What it sent by <c>response</c>; null: nothing.</summary>
    public HandlerAnswer? Answer { get; init; }

    /// <summary>What it asked of the world, such as <c>POST https://example.com/ 200</c>.</summary>
    public IReadOnlyList<string> Calls { get; init; } = [];

    /// <summary>What it found in the storages that it opened.</summary>
    public IReadOnlyList<JsonNode?> Kept { get; init; } = [];

    public TimeSpan Took { get; init; }
}

/// <summary>Why a handler failed.</summary>
/// <param name="Line">Where in the source, from 1; null: it is not known.</param>
internal sealed record HandlerFailure(string Message, int? Line = null, int? Column = null)
{
    public override string ToString() => Line is null ? Message : $"{Message} (line {Line}, column {Column})";
}

/// <summary>What a handler answered by <c>response</c>.</summary>
internal sealed record HandlerAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string? Body)
{
    /// <summary>The answer of a handler that let nothing come of a request, and did not say more.</summary>
    public static readonly HandlerAnswer Empty = new(StatusCodes.Status200OK, new Dictionary<string, string>(), null);

    /// <summary>Answers with it, but for headers that are not the handler's to give.</summary>
    public async Task WriteAsync(HttpResponse response, CancellationToken cancellation)
    {
        response.StatusCode = Status;
        foreach (var (name, value) in Headers)
            if (name is not ("content-length" or "transfer-encoding" or "connection") && IsName(name) && IsValue(value)) response.Headers[name] = value;
        if (Status is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified || Body is not { Length: > 0 } body) return;
        if (string.IsNullOrEmpty(response.ContentType)) response.ContentType = "text/plain; charset=utf-8";
        await response.WriteAsync(body, cancellation);
    }

    /// <summary>What else there is would break the answer, when what the handler returned is stored already. Source: RFC 9110, 5.1 and 5.5.</summary>
    private static bool IsName(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));

    private static bool IsValue(string value) => value.All(c => c is '\t' or (>= ' ' and <= '~'));
}

/// <summary>
/// One call of one handler. It owns the event loop: what the handler waits for runs outside of the realm, and the realm goes on when one
/// of it is done, never two things at a time.
/// </summary>
internal sealed partial class HandlerRun(
    Realm realm, Computing computing, HttpRequests http, ISessionStorage storage, string endpointId, string? conversationId, int maxRequests,
    CancellationToken cancellation)
{
    private const int MaxLines = 100;
    private const int MaxLine = 8_000;
    private const int MaxStorages = 10;

    private readonly List<(LogLevel, string)> _log = [];
    private readonly List<string> _calls = [];
    private readonly Dictionary<Task<Func<JsValue>>, (JsValue Resolve, JsValue Reject)> _waiting = [];
    private readonly Dictionary<StorageKey, Task<KeptProperties>> _opened = [];
    private readonly Dictionary<StorageKey, JsValue> _sessions = [];
    private readonly List<StoredSession> _stored = [];
    private readonly List<JsonNode?> _kept = [];
    private HandlerResult? _result;

    /// <summary>What it took of its time, waits for others included, those for its Endpoint's turn left out.</summary>
    private readonly Stopwatch _took = new();
    private int _requests;

    public async Task<HandlerResult> CallAsync(TransformerSource source, string handler, JsonObject argument)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await ComputeAsync(() => Start(source, handler, argument, over));
            while (_waiting.Count > 0)
            {
                var done = await Task.WhenAny(_waiting.Keys).WaitAsync(over.Token);
                _took.Stop();
                over.CancelAfter(Timeout.InfiniteTimeSpan);
                await ComputeAsync(() =>
                {
                    Begin(over);
                    Resume(done);
                });
            }

            _result ??= Failed("The handler never ends: its promise waits for nothing.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            realm.IsTainted = true;
            _result = Failed($"The handler takes longer than {Realm.MaxTime.TotalSeconds} s.");
        }
        catch (Exception fault) when (Realm.LimitIn(fault) is { } limit)
        {
            realm.IsTainted = true;
            _result = Failed(limit);
        }
        catch (JavaScriptException fault)
        {
            realm.IsTainted = true;
            _result = Failed(fault.Message, fault.JavaScriptStackTrace);
        }
        catch
        {
            realm.IsTainted = true;
            throw;
        }

        if (!realm.IsTainted) await FlushAsync();
        realm.End();
        return _result with { Log = _log, Calls = _calls, Kept = _kept, Took = Stopwatch.GetElapsedTime(began) };
    }

    private ValueTask ComputeAsync(Action segment) => computing.RunAsync(endpointId, segment, cancellation);

    /// <summary>Its time counts from here, and not while it waits for its turn.</summary>
    private void Begin(CancellationTokenSource over)
    {
        var left = Realm.MaxTime - _took.Elapsed;
        if (left <= TimeSpan.Zero) throw new OperationCanceledException();
        _took.Start();
        over.CancelAfter(left);
        realm.Allow(left, cancellation);
    }

    private void Start(TransformerSource source, string handler, JsonObject argument, CancellationTokenSource over)
    {
        realm.Begin();
        Begin(over);
        realm.Start(source, handler, realm.Parse(argument.ToJsonString()), Functions(over.Token));
    }

    private void Resume(Task<Func<JsValue>> done)
    {
        _waiting.Remove(done, out var promise);
        if (done.IsCompletedSuccessfully) realm.Resume(promise.Resolve, done.Result);
        else if (done.Exception?.InnerException is HostException refused) realm.Resume(promise.Reject, () => refused.ToError(realm));
        else realm.Resume(promise.Reject, () => realm.Error("Error", done.Exception?.InnerException?.Message ?? "It was cancelled."));
    }

    private JsObject Functions(CancellationToken over)
    {
        var functions = realm.NewObject();
        void Add(string name, Func<JsValue[], JsValue> body) => functions.Set(name, realm.Function(name, body));
        void Host(string name, Func<JsValue[], Task<Func<JsValue>>> body) => functions.Set(name, realm.Promising(name, (arguments, resolve, reject) =>
            _waiting.Add(body(arguments), (resolve, reject))));
        Add("log", arguments => Say(Realm.Text(arguments, 0), Realm.Text(arguments, 1)));
        Add("done", arguments => End(new()
        {
            Value = ValueOf(arguments[0]),
            Answer = AnswerOf(arguments.Length > 1 ? arguments[1] : JsValue.Undefined),
        }));
        Add("missing", _ => End(new() { IsThere = false }));
        Add("failed", arguments => End(Failed(Realm.Text(arguments, 0), Realm.Text(arguments, 1))));
        Host("httpRequest", arguments => RequestAsync(arguments, over));
        Host("getSessionStorage", arguments => OpenAsync(new(Realm.Text(arguments, 0), Realm.Text(arguments, 1)), over));
        return functions;
    }

    private JsValue End(HandlerResult result)
    {
        _result ??= result;
        return JsValue.Undefined;
    }

    private JsValue Say(string level, string message)
    {
        if (_log.Count == MaxLines) _log.Add((LogLevel.Warning, $"More than {MaxLines} lines in one call: the rest is not kept."));
        if (_log.Count < MaxLines)
            _log.Add((level switch { "error" => LogLevel.Error, "info" => LogLevel.Information, _ => LogLevel.Debug },
                message.Length > MaxLine ? message[..MaxLine] : message));
        return JsValue.Undefined;
    }

    private async Task<Func<JsValue>> RequestAsync(JsValue[] arguments, CancellationToken over)
    {
        if (++_requests > maxRequests) throw new HostException("RequestError", $"More than {maxRequests} requests in one call.");
        var options = arguments is [JsString json, ..] ? JsonNode.Parse(WellFormed.Json(json.ToString())) as JsonObject : null;
        if (options is null) throw new HostException("RequestError", "httpRequest takes one object: { uri, method, headers, body, json }.");
        // From here on nothing touches the realm, which goes on meanwhile.
        var answer = await http.SendAsync(options, _calls, over);
        return () => answer is null ? JsValue.Undefined : realm.Parse(answer);
    }

    private async Task<Func<JsValue>> OpenAsync(StorageKey key, CancellationToken over)
    {
        if (_sessions.TryGetValue(key, out var open)) return () => open;
        // One that failed may be tried again.
        if (!_opened.TryGetValue(key, out var reading) || reading.IsFaulted || reading.IsCanceled)
        {
            if (reading is null && _opened.Count == MaxStorages) throw new HostException("Error", $"More than {MaxStorages} storages in one call.");
            _opened[key] = reading = storage.ReadAsync(endpointId, key, over);
        }

        var read = await reading;
        return () =>
        {
            if (_sessions.TryGetValue(key, out var meanwhile)) return meanwhile;
            var value = (JsObject)realm.Parse(read.Values.ToJsonString());
            _kept.Add(read.Values);
            _stored.Add(new(key, read, value, value.GetOwnProperties().ToDictionary(p => p.Key.ToString(), p => p.Value.Value)));
            return _sessions[key] = value;
        };
    }

    /// <summary>Writes the top-level properties that were assigned or deleted; what changed inside of one is not looked at.</summary>
    private async Task FlushAsync()
    {
        foreach (var session in _stored)
        {
            try
            {
                var changes = new Dictionary<string, string?>();
                var now = session.Value.GetOwnProperties().Where(p => p.Key.IsString()).ToDictionary(p => p.Key.ToString(), p => session.Value.Get(p.Key));
                foreach (var (name, value) in now)
                    if (!session.Read.TryGetValue(name, out var before) || !before.Equals(value)) changes[name] = realm.Json(value);
                foreach (var name in session.Read.Keys)
                    if (!now.ContainsKey(name)) changes[name] = null;
                if (now.Count > Math.Max(SessionStorage.MaxProperties, session.Read.Count))
                    throw new HostException("Error", $"It has more than {SessionStorage.MaxProperties} properties.");
                if (changes.Count > 0) await storage.WriteAsync(endpointId, session.Key, new(session.Kept, changes, Writer), cancellation);
            }
            catch (Exception fault) when (fault is HostException or JavaScriptException || Realm.LimitIn(fault) is not null)
            {
                _result = Failed($"The session storage was not written: {fault.Message}");
            }
        }
    }

    /// <summary>Whose data the run handled; a request of another system belongs to the session that the handler names.</summary>
    private string? Writer => conversationId ?? ((_result?.Value as JsonObject)?["sessionId"] as JsonValue)?.ToString();

    private static JsonNode? ValueOf(JsValue json)
    {
        if (json is not JsString text) return null;
        var value = WellFormed.Json(text.ToString());
        return value.Length <= Realm.MaxResult
            ? JsonNode.Parse(value)
            : throw new MemoryLimitExceededException($"The handler returns more than {Realm.MaxResult} characters.");
    }

    private static HandlerAnswer? AnswerOf(JsValue json)
    {
        if (json is not JsString text || JsonNode.Parse(WellFormed.Json(text.ToString())) is not JsonObject answer || answer["sent"]?.GetValue<bool>() != true) return null;
        var status = answer["status"] is JsonValue code && code.TryGetValue<int>(out var number) && number is >= 200 and <= 599 ? number : 500;
        return new(status, answer["headers"]!.AsObject().ToDictionary(h => h.Key, h => h.Value?.ToString() ?? ""), answer["body"]?.ToString());
    }

    private static HandlerResult Failed(string message, string? stack = null)
    {
        if (Place().Match(stack ?? "") is not { Success: true } found) return new() { Failure = new(message) };
        var (line, column) = TransformerSource.Position(int.Parse(found.Groups[1].ValueSpan, null), int.Parse(found.Groups[2].ValueSpan, null));
        return new() { Failure = new(message, line, column) };
    }

    [GeneratedRegex($@"\b{TransformerSource.Name}:(\d+):(\d+)")]
    private static partial Regex Place();

    private sealed record StoredSession(StorageKey Key, KeptProperties Kept, JsObject Value, IReadOnlyDictionary<string, JsValue> Read);
}

/// <summary>Something outside of the realm failed; the handler's promise is rejected with it.</summary>
internal sealed class HostException(string name, string message, int? status = null, string? body = null) : Exception(message)
{
    public JsValue ToError(Realm realm) => realm.Error(name, Message, error =>
    {
        if (status is null) return;
        error.Set("statusCode", status.Value);
        JsValue content = body is null ? JsValue.Undefined : realm.Parse(body);
        error.Set("body", content);
        error.Set("error", content);
        var response = realm.NewObject();
        response.Set("statusCode", status.Value);
        response.Set("body", content);
        error.Set("response", response);
    });
}
