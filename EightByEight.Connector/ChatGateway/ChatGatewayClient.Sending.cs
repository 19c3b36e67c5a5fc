using System.Net.Http.Headers;
using System.Net.Mime;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EightByEight.Connector.ChatGateway;

/// <summary>The one way on which every operation goes out and its answer comes back.</summary>
public sealed partial class ChatGatewayClient
{
    /// <summary>A call whose answer says nothing but yes.</summary>
    private async Task DoAsync(
        string way, ChatGatewayAccount account, HttpMethod method, FormattableString path, HttpContent? body,
        CancellationToken cancellation, Predicate<ChatGatewayException>? expected = null, [CallerMemberName] string operation = "")
    {
        using var response = await SendAsync(
            way, NewCall(account, method, path, body, buffered: false, operation: operation), cancellation, expected);
    }

    /// <summary>A call whose answer is one object.</summary>
    private Task<T> AskAsync<T>(
        string way, ChatGatewayAccount account, HttpMethod method, FormattableString path, HttpContent? body, JsonTypeInfo<T> type,
        CancellationToken cancellation, [CallerMemberName] string operation = "") =>
        AskAsync(way, NewCall(account, method, path, body, operation: operation), json => json.Deserialize(type), cancellation);

    /// <summary>A call whose answer is a page of a list. An empty one may come without <c>_embedded</c>.</summary>
    private Task<Page<T>> ListAsync<T>(
        ChatGatewayAccount account, FormattableString path, string collection, JsonTypeInfo<T> type, ListQuery query,
        CancellationToken cancellation, [CallerMemberName] string operation = "") =>
        AskAsync(Repeating.Freely, NewCall(account, HttpMethod.Get, path, null, query, operation: operation),
            json => ReadPage(json, collection, type), cancellation);

    private async Task<T> AskAsync<T>(
        string way, Call call, Func<JsonElement, T?> read, CancellationToken cancellation,
        Predicate<ChatGatewayException>? expected = null)
    {
        using var response = await SendAsync(way, call, cancellation, expected);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            using var json = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
            return read(json.RootElement) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw Reported(call, call.Unreadable(response.StatusCode, "not with the JSON that its reference promises", e));
        }
    }

    private Call NewCall(
        ChatGatewayAccount account, HttpMethod method, FormattableString path, HttpContent? body, ListQuery query = default,
        bool buffered = true, [CallerMemberName] string operation = "") => new()
        {
            Operation = operation.EndsWith("Async", StringComparison.Ordinal) ? operation[..^"Async".Length] : operation,
            Account = account,
            Method = method,
            Route = new(path),
            Query = query,
            Body = body,
            Buffered = buffered,
            Timeouts = body is AttachmentForm
                ? (_options.UploadTimeout, _options.UploadTimeout)
                : (_options.AttemptTimeout, _options.TotalTimeout),
            Started = _time.GetTimestamp(),
        };

    /// <summary>Sends a call, with repeats, and returns its good answer; any other end is reported and thrown.</summary>
    private async Task<HttpResponseMessage> SendAsync(
        string way, Call call, CancellationToken cancellation, Predicate<ChatGatewayException>? expected = null)
    {
        using var request = call.ToRequest();
        try
        {
            return await _http.CreateClient(way).SendAsync(
                request ?? throw call.Unspeakable(), HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (Exception e) when (call.Explain(e) is { } failure)
        {
            if (expected?.Invoke(failure) is not true) Reported(call, failure);
            if (ReferenceEquals(failure, e)) throw;
            throw failure;
        }
    }

    private ChatGatewayException Reported(Call call, ChatGatewayException failure)
    {
        _telemetry.Failed(call, failure);
        return failure;
    }

    private static ByteArrayContent Body<T>(T value, JsonTypeInfo<T> type) => new(JsonSerializer.SerializeToUtf8Bytes(value, type))
    {
        Headers = { ContentType = new MediaTypeHeaderValue(MediaTypeNames.Application.Json) },
    };

    private static Page<T> ReadPage<T>(JsonElement list, string collection, JsonTypeInfo<T> type)
    {
        if (list.ValueKind is not JsonValueKind.Object) throw new JsonException("A list is an object.");
        var items = list.TryGetProperty("_embedded", out var embedded) && embedded.ValueKind is JsonValueKind.Object
            && embedded.TryGetProperty(collection, out var array) && array.ValueKind is JsonValueKind.Array
            ? array.EnumerateArray().Select(item => item.Deserialize(type) ?? throw new JsonException("An item is null.")).ToList()
            : [];
        var page = list.TryGetProperty("page", out var info) && info.ValueKind is JsonValueKind.Object
            ? info.Deserialize(SmallJson.Default.PageInfo)
            : null;
        return new(items, page?.Number, page?.TotalElements, page?.TotalPages);
    }
}
