using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Flows.Scripting;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Transformers;

/// <summary>Runs one handler on one event and shows what it returned, said and asked for. Nothing comes of it.</summary>
public static class TransformerTest
{
    /// <summary>The handlers there are.</summary>
    public static readonly IReadOnlyList<string> Handlers =
        ["handleInput", "handleOutput", "handleExecutionFinished", "handleInject", "handleNotify"];

    /// <summary>Runs a handler of a source in this process; its session storage is empty and forgotten afterwards.</summary>
    /// <param name="source">TypeScript or JavaScript.</param>
    /// <param name="handler">One of <see cref="Handlers"/>.</param>
    /// <param name="given">For an incoming handler an event of 8x8; for the others their arguments, such as <c>{ "processedOutput": { … } }</c>.</param>
    public static async Task<JsonObject> RunAsync(string source, string handler, JsonObject given, CancellationToken cancellation)
    {
        TransformerSource prepared;
        try
        {
            prepared = TransformerSource.Of(source);
        }
        catch (TransformerSourceException fault)
        {
            return Shown(handler, new() { Failure = new(fault.Message, fault.Line, fault.Column) });
        }

        await using var services = new ServiceCollection().AddHttpClient().BuildServiceProvider();
        using var realm = new Realm();
        var arguments = Arguments(handler, given, null);
        arguments["endpoint"] = new JsonObject { ["_id"] = "test", ["name"] = "Test", ["channel"] = "eightByEight", ["settings"] = new JsonObject() };
        return Shown(handler, await new HandlerRun(realm, new Computing(TimeProvider.System), new HttpRequests(services.GetRequiredService<IHttpClientFactory>()),
            new Forgotten(), "test", null, new TransformerOptions().MaxRequests, cancellation).CallAsync(prepared, handler, arguments));
    }

    /// <param name="state">What is known of the event's conversation; null: nothing.</param>
    internal static JsonObject Arguments(string handler, JsonObject given, string? eventId, ConversationState? state = null)
    {
        if (handler is "handleOutput" or "handleExecutionFinished") return (JsonObject)given.DeepClone();
        var arguments = new JsonObject { ["request"] = TransformerView.Request(eventId ?? "test", given.DeepClone()), ["response"] = true };
        if (handler == "handleInput" && ConversationOf(given) is { } conversation)
            arguments["conversation"] = TransformerView.Conversation(conversation, state ?? new());
        return arguments;
    }

    /// <summary>The conversation that an event names; null: none.</summary>
    internal static string? ConversationOf(JsonObject given) => (given["conversationId"] as JsonValue)?.ToString();

    internal static JsonObject Shown(string handler, HandlerResult result) => new()
    {
        ["handlerExists"] = result.IsThere,
        ["returned"] = result.Value?.DeepClone(),
        ["error"] = result.Failure is not { } failure ? null
            : new JsonObject { ["message"] = failure.Message, ["line"] = failure.Line, ["column"] = failure.Column },
        ["refused"] = ProblemOf(handler, result),
        ["log"] = new JsonArray([.. result.Log.Select(line => new JsonObject { ["level"] = line.Level.ToString(), ["message"] = line.Message })]),
        ["requests"] = new JsonArray([.. result.Calls.Select(call => JsonValue.Create(call))]),
        ["response"] = result.Answer is not { } answer ? null : new JsonObject
        {
            ["status"] = answer.Status,
            ["headers"] = new JsonObject(answer.Headers.Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value))),
            ["body"] = answer.Body,
        },
        ["milliseconds"] = Math.Round(result.Took.TotalMilliseconds, 3),
    };

    /// <summary>Why a turn would not take what a handler returned; null: it would.</summary>
    private static string? ProblemOf(string handler, HandlerResult result)
    {
        if (!result.IsThere || result.Failure is not null || handler == "handleExecutionFinished") return null;
        if (handler != "handleOutput") return Transformed.Read(result.Value?.DeepClone(), out var problem) is null ? problem : null;
        return result.Value is { } value && OutputTransformer.Read(value.DeepClone(), out var fault) is null ? fault : null;
    }

    private sealed class Forgotten : ISessionStorage
    {
        public Task<KeptProperties> ReadAsync(string endpointId, StorageKey key, CancellationToken cancellation) =>
            Task.FromResult(KeptProperties.Nothing);

        public Task WriteAsync(string endpointId, StorageKey key, KeptChanges changes, CancellationToken cancellation) => Task.CompletedTask;
    }
}
