using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>An open stream of a handover's events.</summary>
public sealed class EventReader : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<string>> _items;

    private EventReader(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> items) => (_response, _items) = (response, items);

    public static async Task<EventReader> OpenAsync(HttpClient bot, string handover, long after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/handovers/{handover}/events");
        if (after > 0) request.Headers.Add("Last-Event-ID", after.ToString(CultureInfo.InvariantCulture));
        var response = await bot.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        return new EventReader(response, SseParser.Create(stream).EnumerateAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator());
    }

    /// <summary>The next event; null when the stream ended.</summary>
    public async Task<SseItem<string>?> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _items.MoveNextAsync().AsTask().WaitAsync(patience.Token) ? _items.Current : null;
    }

    /// <summary>The next event, which is of that type; its data.</summary>
    public async Task<JsonObject> NextAsync(string type)
    {
        var item = await NextAsync();
        Assert.NotNull(item);
        Assert.Equal(type, item.Value.EventType);
        return JsonNode.Parse(item.Value.Data)!["data"]!.AsObject();
    }

    /// <summary>All events until one of that type, their types.</summary>
    public async Task<List<string>> TypesUntilAsync(string type)
    {
        var types = new List<string>();
        while (await NextAsync() is { } item)
        {
            types.Add(item.EventType);
            if (item.EventType == type) return types;
        }

        Assert.Fail($"The stream ended before {type}: {string.Join(", ", types)}");
        return types;
    }

    public async ValueTask DisposeAsync()
    {
        _response.Dispose();
        try
        {
            await _items.DisposeAsync();
        }
        catch (Exception broken) when (broken is IOException or NotSupportedException or HttpRequestException)
        {
        }
    }
}
