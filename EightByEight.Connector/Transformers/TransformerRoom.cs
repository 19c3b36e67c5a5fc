using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Webhooks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Transformers;

/// <summary>Runs the transformers of Endpoints: one method for each handler, and what an error in one means.</summary>
internal sealed partial class TransformerRoom(
    Realms realms, Computing computing, HttpRequests http, SessionStorage storage, ConversationStore conversations, EndpointLog log,
    IOptions<TransformerOptions> options, TimeProvider time)
{
    /// <summary>What <c>handleInput</c> makes of an event of 8x8, or of a request to the Endpoint URL.</summary>
    /// <param name="about">The conversation as the handler sees it; null: the request belongs to none.</param>
    public Task<Transformed> InputAsync(Endpoint endpoint, JsonObject request, JsonObject? about, CancellationToken cancellation) =>
        IncomingAsync(endpoint, endpoint.Settings.Transformers.Input, "handleInput", request, about, cancellation);

    /// <summary>What <c>handleInject</c> makes of a request. Its <see cref="Transformed.Answer"/> is the answer to that request, if there is one.</summary>
    public Task<Transformed> InjectAsync(Endpoint endpoint, JsonObject request, CancellationToken cancellation) =>
        IncomingAsync(endpoint, endpoint.Settings.Transformers.Inject, "handleInject", request, null, cancellation);

    /// <summary>What <c>handleNotify</c> makes of a request. Its <see cref="Transformed.Answer"/> is the answer to that request, if there is one.</summary>
    public Task<Transformed> NotifyAsync(Endpoint endpoint, JsonObject request, CancellationToken cancellation) =>
        IncomingAsync(endpoint, endpoint.Settings.Transformers.Notify, "handleNotify", request, null, cancellation);

    /// <summary>The output transformers of one turn, or null where none run.</summary>
    public OutputTransformer? Outputs(Endpoint endpoint, string userId, string sessionId, JsonObject about) =>
        endpoint.Settings.Transformers is { Output: true, Source.Length: > 0 }
            ? new OutputTransformer(this, endpoint, userId, sessionId, about, options.Value.OutputsTimeout)
            : null;

    /// <summary>Tells <c>handleExecutionFinished</c> that all outputs of a turn are sent. What it returns means nothing.</summary>
    public async Task FinishedAsync(Endpoint endpoint, string userId, string sessionId, string conversationId, CancellationToken cancellation)
    {
        if (endpoint.Settings.Transformers is not { ExecutionFinished: true, Source.Length: > 0 }) return;
        await CallAsync(endpoint, "handleExecutionFinished", new JsonObject { ["userId"] = userId, ["sessionId"] = sessionId },
            conversationId, sessionId, cancellation);
    }

    /// <summary>Calls any handler with any arguments, and says what came of it in the Endpoint's log.</summary>
    public async Task<HandlerResult> CallAsync(
        Endpoint endpoint, string handler, JsonObject arguments, string? conversationId, string? sessionId, CancellationToken cancellation)
    {
        arguments["endpoint"] ??= EndpointView.Of(endpoint);
        var result = await RunAsync(endpoint.Id, endpoint.Settings.Transformers.Source, handler, arguments, cancellation, conversationId);
        await WriteAsync(endpoint, handler, result, arguments, conversationId, sessionId, cancellation);
        return result;
    }

    /// <summary>Calls a handler of a source. Nothing is written to a log.</summary>
    /// <param name="conversationId">Whose data it handles; null: nobody knows yet.</param>
    public async Task<HandlerResult> RunAsync(
        string endpointId, string source, string handler, JsonObject arguments, CancellationToken cancellation, string? conversationId = null)
    {
        TransformerSource prepared;
        try
        {
            prepared = TransformerSource.Of(source);
        }
        catch (TransformerSourceException fault)
        {
            return new() { Failure = new(fault.Message, fault.Line, fault.Column) };
        }

        var owner = $"{endpointId}|{prepared.Hash}";
        var realm = realms.Take(owner);
        try
        {
            return await new HandlerRun(realm, computing, http, storage, endpointId, conversationId, options.Value.MaxRequests, cancellation)
                .CallAsync(prepared, handler, arguments);
        }
        catch
        {
            realm.IsTainted = true;
            throw;
        }
        finally
        {
            realms.Return(owner, realm);
        }
    }

    /// <summary>Why a source cannot be an Endpoint's transformers; null: it can.</summary>
    public async Task<HandlerFailure?> FaultAsync(string source, CancellationToken cancellation) =>
        string.IsNullOrWhiteSpace(source) ? null : (await RunAsync("", source, "", [], cancellation)).Failure;

    private async Task<Transformed> IncomingAsync(
        Endpoint endpoint, bool runs, string handler, JsonObject request, JsonObject? conversation, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.Transformers;
        if (!runs || settings.Source.Length == 0) return Transformed.Unchanged;
        var arguments = new JsonObject { ["request"] = request.DeepClone(), ["response"] = true };
        if (conversation is not null) arguments["conversation"] = conversation.DeepClone();
        var conversationId = (string?)conversation?["id"];
        var result = await CallAsync(endpoint, handler, arguments, conversationId, null, cancellation);
        if (!result.IsThere) return Transformed.Unchanged;
        var about = conversationId ?? AboutOf(arguments, result);
        if (result.Failure is null)
        {
            if (Transformed.Read(result.Value, out var problem) is { } read) return read with { Answer = result.Answer, About = about };
            await FailedAsync(endpoint, $"{handler} returned what cannot be taken: {problem}.",
                conversationId ?? await ConversationAsync(endpoint.Id, about, cancellation), null, cancellation);
        }

        return (settings.AbortOnError ? Transformed.Stopped : Transformed.Unchanged) with { Answer = result.Answer, About = about, HasFailed = true };
    }

    /// <summary>A handler has answered a request, so that only the Endpoint's log can say that its value was refused.</summary>
    /// <param name="about">See <see cref="Transformed.About"/>.</param>
    internal async Task RefusedAsync(Endpoint endpoint, string handler, Refusal refusal, string? about, CancellationToken cancellation) =>
        await FailedAsync(endpoint,
            $"{handler} answered the request, but what it returned is refused: {refusal.Status} {refusal.Title}. {refusal.Detail}",
            await ConversationAsync(endpoint.Id, about, cancellation), null, cancellation);

    internal Task FailedAsync(Endpoint endpoint, string message, string? conversationId, string? sessionId, CancellationToken cancellation) =>
        log.SayAsync(endpoint.Id, [new(time.GetUtcNow(), LogLevel.Error, "transformer", message, conversationId, sessionId)], cancellation);

    private async Task WriteAsync(
        Endpoint endpoint, string handler, HandlerResult result, JsonObject arguments, string? conversationId, string? sessionId,
        CancellationToken cancellation)
    {
        var lines = new List<LogLine>();
        string?[] hidden =
        [
            .. SecretsIn(arguments), .. endpoint.Settings.DataProtection.MaskSensitiveLogging ? WordsIn(arguments, result) : [],
        ];
        void Say(LogLevel level, string message) =>
            lines.Add(new(time.GetUtcNow(), level, "transformer", Masking.WithoutQuotes(message, hidden), conversationId, sessionId));
        foreach (var (level, message) in result.Log) Say(level, $"{handler}: {message}");
        if (result.Failure is { } failure) Say(LogLevel.Error, $"{handler} failed: {failure}");
        if (result.Answer is { } answer && handler == "handleInput" && conversationId is not null)
            Say(LogLevel.Debug, $"{handler}: response {answer.Status} is not sent, since 8x8 has had its answer.");
        if (lines.Count == 0) return;
        if (conversationId is null && await ConversationAsync(endpoint.Id, AboutOf(arguments, result), cancellation) is { } about)
            lines = [.. lines.Select(line => line with { ConversationId = about })];
        await log.SayAsync(endpoint.Id, lines, cancellation);
    }

    /// <summary>Whose data a request of another system handles, as far as it, or the handler, names a conversation or a session.</summary>
    private static string? AboutOf(JsonObject arguments, HandlerResult result)
    {
        static string? In(JsonNode? node, string name) => ((node as JsonObject)?[name] as JsonValue)?.ToString();
        var body = arguments["request"]?["body"];
        return In(body, "conversationId") ?? In(result.Value, "sessionId") ?? In(body, "sessionId");
    }

    /// <summary>The conversation of that name, with which what is said of it is given out and erased; null: there is none.</summary>
    private async Task<string?> ConversationAsync(string endpointId, string? about, CancellationToken cancellation)
    {
        try
        {
            return about is null ? null : (await conversations.NamedAsync(endpointId, about, cancellation))?.Id;
        }
        catch (Exception failed) when (Refusal.IsStorageFailure(failed, cancellation))
        {
            // A log is no reason to fail.
            return null;
        }
    }

    /// <summary>What a handler can quote of the caller's credentials, which no log holds, whatever is masked.</summary>
    private static IEnumerable<string?> SecretsIn(JsonObject arguments) => (arguments["request"]?["headers"] as JsonObject ?? [])
        .Where(header => CarriesSecret.IsMatch(header.Key) && header.Value is JsonValue)
        .SelectMany(header => header.Value!.ToString() is var value && value.IndexOf(' ', StringComparison.Ordinal) is > 0 and var scheme
            ? (string[])[value, value[(scheme + 1)..]] : [value]);

    [GeneratedRegex("authorization|cookie|signature|key|token|secret|password", RegexOptions.IgnoreCase)]
    private static partial Regex CarriesSecret { get; }

    /// <summary>What a handler can quote of the customer: what it is shown, and what it keeps itself.</summary>
    private static IEnumerable<string?> WordsIn(JsonObject arguments, HandlerResult result)
    {
        var request = arguments["request"] as JsonObject;
        return
        [
            (arguments["userId"] as JsonValue)?.ToString(), .. Masking.Leaves(request?["body"]), .. Masking.Leaves(request?["query"]),
            (string?)request?["url"] is { } url && url.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? url[query..] : null,
            .. Masking.Leaves(arguments["output"]), .. Masking.Leaves(arguments["processedOutput"]), .. result.Kept.SelectMany(Masking.Leaves),
        ];
    }
}
