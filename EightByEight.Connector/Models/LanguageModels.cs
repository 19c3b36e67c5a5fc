using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections.Concurrent;
using System.Text.Json;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Flows;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenTelemetry;

namespace EightByEight.Connector.Models;

/// <summary>Asks language models behind chat endpoints as OpenAI's. What it says of errors holds no URL and no word of the customer.</summary>
internal sealed class LanguageModels(IHttpMessageHandlerFactory handlers, TimeProvider time)
{
    /// <summary>The credentials come from a connection; the library wants some.</summary>
    private static readonly ApiKeyCredential NoKey = new("none");

    /// <summary>In a stream each word comes with some hundred bytes around it.</summary>
    private const int MostStreamed = 8 * AgentHttp.MostBytes;

    /// <summary>How long an answer that came whole is kept for whoever has not got it all, such as while 8x8 takes nothing.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Lazy<ModelStream>> _streams = new();

    /// <summary>What the model answers, or why it does not.</summary>
    /// <param name="streams">Whether an answer that may come in pieces does.</param>
    /// <remarks>
    /// A turn that is repeated after a crash asks again: nothing is done outside by an answer that was not committed. Once a piece of an
    /// answer is committed, nobody asks again: where the rest is lost with its process, the answer ends there.
    /// </remarks>
    public async Task<FlowAnswer> AskAsync(ModelRequest request, CancellationToken cancellation, bool streams = false)
    {
        if (request.Continues is { } id)
            return _streams.TryGetValue(id, out var begun) ? await begun.Value.NextAsync(request, id, cancellation)
                : new ModelAnswer { Broken = $"The rest of what {request.Model.Label} answered was lost with its process." };
        if (streams && request.MayStream)
            return await _streams.GetOrAdd(request.Id, key => new(() => Begin(request, key))).Value.NextAsync(request, request.Id, cancellation);
        var model = request.Model;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(model.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        // The URL may hold secrets, and a span would tell it.
        using var unseen = SuppressInstrumentationScope.Begin();
        try
        {
            using var http = ClientFor(request, AgentHttp.MostBytes);
            using var chat = ChatOver(http, model);
            var response = await chat.GetResponseAsync(ModelWords.MessagesOf(request), ModelWords.OptionsOf(request), either.Token);
            return await ModelWords.ReadAsync(request, response, either.Token);
        }
        catch (Exception failed) when (Fault(model, failed, patience.IsCancellationRequested && !cancellation.IsCancellationRequested) is { } fault)
        {
            return new FlowAnswer(null, fault);
        }
    }

    private ModelStream Begin(ModelRequest request, string id)
    {
        var stream = new ModelStream();
        _ = Task.Run(async () =>
        {
            await FillAsync(stream, request);
            await Task.Delay(Kept, time);
            _streams.TryRemove(id, out _);
        });
        return stream;
    }

    /// <summary>Goes on whoever waits: what was written is there when the next piece is asked for.</summary>
    private async Task FillAsync(ModelStream stream, ModelRequest request)
    {
        var model = request.Model;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(model.TimeoutSeconds), time);
        using var unseen = SuppressInstrumentationScope.Begin();
        try
        {
            using var http = ClientFor(request, MostStreamed);
            using var chat = ChatOver(http, model);
            var updates = new List<ChatResponseUpdate>();
            await foreach (var update in chat.GetStreamingResponseAsync(ModelWords.MessagesOf(request), ModelWords.OptionsOf(request), patience.Token))
            {
                updates.Add(update);
                stream.Write(update.Text);
            }

            stream.End(await ModelWords.ReadAsync(request, updates.ToChatResponse(), patience.Token), null);
        }
#pragma warning disable CA1031 // Whoever waits for the next piece is told.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            stream.End(null, Fault(model, failed, patience.IsCancellationRequested) ?? $"{model.Label} broke off: {failed.GetType().Name}.");
        }
    }

    private HttpClient ClientFor(ModelRequest request, int mostBytes) => new(
        new ModelDoor(request.Model, request.Id, mostBytes) { InnerHandler = handlers.CreateHandler(AgentHttp.HttpClient) }, disposeHandler: false)
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static IChatClient ChatOver(HttpClient http, ModelSettings model) => new OpenAI.Chat.ChatClient(model.Name, NoKey, new OpenAIClientOptions
    {
        Endpoint = model.Url,
        Transport = new HttpClientPipelineTransport(http),
        // What may be repeated is repeated below, and there is one patience for all.
        RetryPolicy = new ClientRetryPolicy(0),
        NetworkTimeout = Timeout.InfiniteTimeSpan,
    }).AsIChatClient();

    /// <summary>Why there is no answer; null: that is nothing a model can do wrong.</summary>
    private static string? Fault(ModelSettings model, Exception failed, bool isLate) => failed switch
    {
        OperationCanceledException when isLate => $"{model.Label} did not answer within {model.TimeoutSeconds} seconds.",
        _ when failed.GetBaseException() is ConnectionException none => none.Message,
        _ when failed.GetBaseException() is TooMuchException => $"{model.Label} answered more than {AgentHttp.MostBytes} bytes.",
        ClientResultException { Status: > 0 and var status } => $"{model.Label} answered {status}{Hint(status)}.",
        ClientResultException or HttpRequestException or IOException =>
            $"{model.Label} cannot be reached{((failed as HttpRequestException ?? failed.InnerException as HttpRequestException) is { } http ? $": {http.HttpRequestError}" : "")}.",
        // The members of its answer are of other types than its documentation says.
        JsonException or InvalidOperationException or FormatException or ArgumentException or NotSupportedException or KeyNotFoundException =>
            $"{model.Label} answered what cannot be read: look whether its URL is that of its API.",
        _ => null,
    };

    private static string Hint(int status) => status switch
    {
        400 or 422 => ": look whether it knows tools and structured answers, where the step uses them, and at 'model'",
        401 or 403 => ": look at the credentials in its connection",
        404 => ": look at its URL and at 'model'",
        429 => ": it is asked too often",
        _ => "",
    };
}
