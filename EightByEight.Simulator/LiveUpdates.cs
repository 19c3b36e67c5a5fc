using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;

namespace EightByEight.Simulator;

/// <summary>One server-sent event.</summary>
internal readonly record struct LiveUpdate(string Name, string Json);

/// <summary>Tells open pages what changed. A page that cannot keep up misses the oldest updates.</summary>
internal sealed class LiveUpdates
{
    private readonly ConcurrentDictionary<ChannelWriter<LiveUpdate>, byte> _listeners = [];

    public async IAsyncEnumerable<LiveUpdate> ListenAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = System.Threading.Channels.Channel.CreateBounded<LiveUpdate>(
            new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropOldest });
        _listeners.TryAdd(channel.Writer, 0);
        try
        {
            yield return new LiveUpdate("ready", "{}");
            await foreach (var update in channel.Reader.ReadAllAsync(cancellationToken)) yield return update;
        }
        finally
        {
            _listeners.TryRemove(channel.Writer, out _);
        }
    }

    public void Changed(Conversation conversation)
    {
        if (_listeners.IsEmpty) return;
        Publish("conversation", ConversationView.Of(conversation));
    }

    public void Logged(EventLogEntry entry)
    {
        if (!_listeners.IsEmpty) Publish("log", entry);
    }

    public void SetupChanged()
    {
        if (!_listeners.IsEmpty) Publish("setup", new { });
    }

    private void Publish(string name, object value)
    {
        var update = new LiveUpdate(name, JsonSerializer.Serialize(value, SimulatorJson.Options));
        foreach (var listener in _listeners.Keys) listener.TryWrite(update);
    }
}

/// <summary>A conversation as the page shows it.</summary>
internal static class ConversationView
{
    public static object Of(Conversation conversation)
    {
        lock (conversation.Gate)
        {
            return new
            {
                conversation.Id,
                conversation.Order,
                conversation.State,
                conversation.Assignment,
                conversation.QueueId,
                conversation.ChannelId,
                conversation.WebhookId,
                Channel = conversation.ChannelType,
                User = new Dictionary<string, JsonElement>(conversation.User),
                Typing = conversation.Typing.ToArray(),
                ReadUpTo = new Dictionary<string, DateTimeOffset>(conversation.ReadUpTo),
                AfterAgent = conversation.AfterAgent?.WebhookId,
                PostAgentUntil = conversation.PostAgent?.Until,
                Messages = conversation.Messages.Select(message => new
                {
                    message.Id,
                    message.Author,
                    message.AuthorId,
                    message.Text,
                    message.CreatedAt,
                    message.Cards,
                    Attachments = conversation.Attachments
                        .Where(attachment => message.Attachments.Contains(attachment.Id))
                        .Select(attachment => attachment.PageView(conversation.Id))
                        .ToArray(),
                }).ToArray(),
            };
        }
    }
}
