using System.Diagnostics;
using EightByEight.Simulator;

namespace EightByEight.Benchmarks;

/// <summary>Customers of the simulated contact center who write to one webhook.</summary>
internal sealed class Customers(ChatGatewaySimulator gateway, Uri webhookUrl)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _webhookId = gateway.AddWebhook("Benchmark", $"{webhookUrl}").Id;

    /// <summary>How long the second turn of each conversation took.</summary>
    public Latencies Turns { get; } = new();

    /// <summary>Opens a conversation; the first turn, which sets it up, does not count, the second does.</summary>
    public async Task TalkAsync()
    {
        var conversation = await OpenAsync();
        await PauseAsync();
        Turns.Add(await SayAsync(conversation));
        await PauseAsync();
    }

    /// <summary>Opens a conversation and takes its first turn.</summary>
    public async Task<string> OpenAsync()
    {
        var conversation = gateway.StartConversation(new ConversationStart { WebhookId = _webhookId });
        await SayAsync(conversation);
        return conversation;
    }

    /// <returns>How long the reply took.</returns>
    public async Task<TimeSpan> SayAsync(string conversation)
    {
        var replies = Replies(conversation);
        var since = Stopwatch.GetTimestamp();
        gateway.CustomerSays(conversation, "Where is my parcel?");
        while (Replies(conversation) == replies)
        {
            if (Stopwatch.GetElapsedTime(since) > Patience)
                throw new InvalidOperationException($"No reply in {conversation} from {webhookUrl.Authority}.");
            await Task.Delay(1);
        }

        return Stopwatch.GetElapsedTime(since);
    }

    /// <summary>Lets what comes after a reply come to its end.</summary>
    private async Task PauseAsync()
    {
        await gateway.SettledAsync();
        await Task.Delay(30);
    }

    private int Replies(string conversation) => gateway.Messages(conversation).Count(m => m.Author == "bot");
}
