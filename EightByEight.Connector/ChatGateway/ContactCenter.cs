using System.Text.Json;
using System.Text.Json.Serialization;
using static EightByEight.Connector.ChatGateway.Repeating;

namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// How a queue is served now. Source: the answers that 8x8's own extension for Cognigy.AI reads from <c>GET /cc/v1/stats/rt/queue/{id}</c>.
/// </summary>
public sealed record QueueStatistics
{
    /// <summary>The queue's name.</summary>
    [JsonPropertyName("queue-name")]
    public string? Name { get; init; }

    /// <summary>How many interactions wait.</summary>
    [JsonPropertyName("queue-size")]
    public int Size { get; init; }

    /// <summary>How long the first of them waits, in seconds.</summary>
    [JsonPropertyName("longest-wait-time")]
    public int LongestWait { get; init; }

    /// <summary>How long those of the last 30 minutes waited on average, in seconds.</summary>
    [JsonPropertyName("thirty-min-avg-wait-time")]
    public int AverageWait { get; init; }

    /// <summary>Agents who wait for an interaction.</summary>
    [JsonPropertyName("agent-count-waitTransact")]
    public int Available { get; init; }

    /// <summary>Agents who talk.</summary>
    [JsonPropertyName("agent-count-busy")]
    public int Busy { get; init; }

    /// <summary>Agents who finish an interaction.</summary>
    [JsonPropertyName("agent-count-postProcess")]
    public int PostProcessing { get; init; }

    /// <summary>Agents who work offline.</summary>
    [JsonPropertyName("agent-count-workOffline")]
    public int WorkingOffline { get; init; }

    /// <summary>Agents who have a break.</summary>
    [JsonPropertyName("agent-count-onBreak")]
    public int OnBreak { get; init; }

    /// <summary>Agents who are not there.</summary>
    [JsonPropertyName("agent-count-loggedOut")]
    public int LoggedOut { get; init; }
}

/// <summary>The statistics and schedules of the contact centre, beside the Chat Gateway.</summary>
public sealed partial class ChatGatewayClient
{
    /// <summary>How a queue is served now.</summary>
    public async Task<QueueStatistics> GetQueueStatisticsAsync(
        ChatGatewayAccount account, string queueId, CancellationToken cancellation) =>
        (await AskAsync(Freely, account, HttpMethod.Get, $"/cc/v1/stats/rt/queue/{queueId}", null, SmallJson.Default.QueueAnswer,
            cancellation)).Queue ?? throw Unreadable("queue");

    /// <summary><c>open</c>, <c>closed</c>, or <c>choice1</c> to <c>choice6</c>.</summary>
    public async Task<string> GetScheduleStatusAsync(ChatGatewayAccount account, string scheduleId, CancellationToken cancellation)
    {
        var answer = await AskAsync(Freely, account, HttpMethod.Get, $"/cc/v1/schedules/{scheduleId}/status", null,
            SmallJson.Default.ScheduleAnswer, cancellation);
        var status = answer.Status?.Status ?? throw Unreadable("schedule-status.status");
        return status.ToString() switch
        {
            "0" or "Open" => "open",
            "-1" or "Closed" => "closed",
            ['C', 'h', 'o', 'i', 'c', 'e', ' ', '#', >= '1' and <= '6' and var choice] => $"choice{choice}",
            _ => throw Unreadable("schedule-status.status"),
        };
    }

    private static ChatGatewayException Unreadable(string member) =>
        new($"8x8's answer lacks '{member}', or it has a value that is not known.", Delivery.Refused);
}

internal sealed record QueueAnswer(QueueStatistics? Queue);

internal sealed record ScheduleAnswer([property: JsonPropertyName("schedule-status")] ScheduleStatus? Status);

/// <summary>A number or a text.</summary>
internal sealed record ScheduleStatus(JsonElement? Status);
