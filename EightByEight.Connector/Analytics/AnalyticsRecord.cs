using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Analytics;

/// <summary>What analytics keep of one turn. Its key is that of the turn, so that writing it again changes nothing.</summary>
public sealed record AnalyticsRecord
{
    /// <summary>A longer text is cut, and larger data are left out, in characters.</summary>
    public const int MaxText = 8_000;

    /// <summary>A longer goal is cut, in characters.</summary>
    public const int MaxGoal = 200;

    /// <summary>A longer value of the Flow's own is cut, in characters.</summary>
    public const int MaxValue = 1_024;

    /// <summary>Farther than this from the receipt, 8x8's time is not believed.</summary>
    private static readonly TimeSpan Believed = TimeSpan.FromDays(30);

    internal static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>When the customer spoke, by 8x8; by our clock where 8x8 tells none, or one more than 30 days off.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>8x8's id of the conversation.</summary>
    public string ConversationId { get; set; } = "";

    /// <summary>The number of the turn in its conversation, from 1.</summary>
    public long Sequence { get; set; }

    /// <summary>0, and for what a turn that paused did later 1, 2 and so on: each part has a record, and all together are one turn.</summary>
    public int Part { get; set; }

    /// <summary>8x8's event id.</summary>
    public string EventId { get; set; } = "";

    /// <summary>8x8's event type, or <c>$inject</c>, <c>$input</c> or <c>$handover</c>.</summary>
    public string EventType { get; set; } = "";

    /// <summary>The session.</summary>
    public string? SessionId { get; set; }

    /// <summary>The how manieth input of the session it was, from 1.</summary>
    public int Execution { get; set; }

    /// <summary>The channel as 8x8 names it.</summary>
    public string? Channel { get; set; }

    /// <summary>The Endpoint's locale.</summary>
    public string? LocaleId { get; set; }

    /// <summary>The Flow's name.</summary>
    public string? Flow { get; set; }

    /// <summary>What the customer wanted; null: nothing was recognised, or nothing recognises.</summary>
    public string? Intent { get; set; }

    /// <summary>How sure that is, 0 to 1.</summary>
    public double? IntentScore { get; set; }

    /// <summary>Whether the bot understood; null: nobody said.</summary>
    public bool? Understood { get; set; }

    /// <summary>From the start of the turn until its answers were known, in milliseconds.</summary>
    public long DurationMs { get; set; }

    /// <summary>How many messages it said.</summary>
    public int Outputs { get; set; }

    /// <summary>Whether it gave the conversation to people.</summary>
    public bool Handover { get; set; }

    /// <summary>Whether its Flow failed.</summary>
    public bool Failed { get; set; }

    /// <summary>The goals that were reached.</summary>
    public IReadOnlyList<string> Goals { get; set; } = [];

    /// <summary>The Flow's own values: texts, numbers, true and false.</summary>
    public JsonObject Custom { get; set; } = [];

    /// <summary>What the customer said; <c>***</c> where that is masked.</summary>
    public string? Text { get; set; }

    /// <summary>The input's data without 8x8's request; null: none, more than 8,000 characters, or masked.</summary>
    public JsonNode? Data { get; set; }

    /// <summary>The customer's IP address; <c>***</c> where that is masked.</summary>
    public string? Ip { get; set; }

    /// <summary>Whose words they are, for who is told beside the record; never stored.</summary>
    internal string? UserId { get; set; }

    /// <summary>Whether it is kept, beside being told.</summary>
    internal bool IsKept { get; set; } = true;

    /// <summary>What the customer said and what the Flow remembers: masked wherever it is quoted.</summary>
    internal IEnumerable<string?> Words { get; set; } = [];

    /// <summary>What a run of a Flow tells of its turn.</summary>
    internal static AnalyticsRecord Of(JsonObject input, FlowResult result, IEnumerable<string?> words)
    {
        var data = (input["data"] as JsonObject)?.DeepClone().AsObject();
        data?.Remove("request");
        return new()
        {
            SessionId = (string?)input["sessionId"],
            Execution = (int?)input["execution"] ?? 0,
            Channel = (string?)input["channel"],
            LocaleId = (string?)input["localeId"],
            Flow = (string?)input["flowName"],
            UserId = (string?)input["userId"],
            Intent = result.Understanding?.Intent,
            IntentScore = result.Understanding?.Score,
            Understood = result.Tracked.Understood ?? result.Understanding?.IsUnderstood,
            Failed = result.Failure is not null,
            Goals = result.Tracked.Goals,
            Custom = result.Tracked.Custom,
            Text = Cut(result.Tracked.Text ?? (string?)input["text"], MaxText),
            Data = data is { Count: > 0 } && data.ToJsonString(Relaxed).Length <= MaxText ? data : null,
            Ip = Masking.AddressOf(input),
            Words = words,
        };
    }

    /// <summary>The record of a turn that is about to be committed, with nothing in it that the turn keeps to itself.</summary>
    internal AnalyticsRecord For(Conversations.Turn turn, string conversationId)
    {
        var record = this with
        {
            At = Believable(turn),
            ConversationId = conversationId,
            Sequence = turn.Sequence,
            Part = turn.Part,
            Text = turn.Part == 0 ? Text : null,
            Data = turn.Part == 0 ? Data : null,
            EventId = turn.EventId,
            EventType = turn.EventType,
            DurationMs = Math.Max(0, turn.CommittedAt - (turn.StartedAt ?? turn.CommittedAt)),
            Outputs = turn.Outputs.Count,
            Handover = turn.Action == ConversationAction.HandOver,
        };
        var hides = turn.Hides is not null;
        string Told(string text, int most) => Cut(hides ? Masking.WithoutQuotes(text, Words) : text, most)!;
        var custom = new JsonObject();
        foreach (var (name, value) in Custom)
            custom[name] = value is JsonValue text && text.TryGetValue(out string? said) ? Told(said, MaxValue) : value?.DeepClone();
        return record with
        {
            Text = record.Text is null ? null : hides ? Masking.Mask : record.Text,
            Data = hides ? null : record.Data,
            Ip = Ip is null ? null : hides ? Masking.Mask : Ip,
            Goals = [.. Goals.Select(goal => Told(goal, MaxGoal))],
            Custom = custom,
        };
    }

    internal void WriteTo(TableEntity row)
    {
        row["At"] = At.UtcDateTime;
        row["Conversation"] = ConversationId;
        row["Sequence"] = Sequence;
        row["Part"] = Part;
        row["EventId"] = EventId;
        row["EventType"] = EventType;
        row["Session"] = SessionId;
        row["Execution"] = Execution;
        row["Channel"] = Channel;
        row["LocaleId"] = LocaleId;
        row["Flow"] = Flow;
        row["Intent"] = Intent;
        row["IntentScore"] = IntentScore;
        row["Understood"] = Understood;
        row["DurationMs"] = DurationMs;
        row["Outputs"] = Outputs;
        row["Handover"] = Handover;
        row["Failed"] = Failed;
        row["Goals"] = Goals.Count == 0 ? null : JsonSerializer.Serialize(Goals, AnalyticsJson.Default.IReadOnlyListString);
        row["Custom"] = Custom.Count == 0 ? null : Custom.ToJsonString(Relaxed);
        row["Text"] = Text;
        row["Data"] = Data?.ToJsonString(Relaxed);
        row["Ip"] = Ip;
    }

    internal static AnalyticsRecord From(TableEntity row) => new()
    {
        At = row.GetDateTimeOffset("At") ?? default,
        ConversationId = row.GetString("Conversation") ?? "",
        Sequence = row.GetInt64("Sequence") ?? 0,
        Part = row.GetInt32("Part") ?? 0,
        EventId = row.GetString("EventId") ?? "",
        EventType = row.GetString("EventType") ?? "",
        SessionId = row.GetString("Session"),
        Execution = row.GetInt32("Execution") ?? 0,
        Channel = row.GetString("Channel"),
        LocaleId = row.GetString("LocaleId"),
        Flow = row.GetString("Flow"),
        Intent = row.GetString("Intent"),
        IntentScore = row.GetDouble("IntentScore"),
        Understood = row.GetBoolean("Understood"),
        DurationMs = row.GetInt64("DurationMs") ?? 0,
        Outputs = row.GetInt32("Outputs") ?? 0,
        Handover = row.GetBoolean("Handover") ?? false,
        Failed = row.GetBoolean("Failed") ?? false,
        Goals = row.GetString("Goals") is { } goals ? JsonSerializer.Deserialize(goals, AnalyticsJson.Default.IReadOnlyListString)! : [],
        Custom = row.GetString("Custom") is { } custom ? JsonNode.Parse(custom)!.AsObject() : [],
        Text = row.GetString("Text"),
        Data = row.GetString("Data") is { } data ? JsonNode.Parse(data) : null,
        Ip = row.GetString("Ip"),
    };

    private static string? Cut(string? text, int most) => text?.Length > most ? text[..most] : text;

    private static DateTimeOffset Believable(Conversations.Turn turn)
    {
        var received = turn.ReceivedAt > 0 ? turn.ReceivedAt : turn.CommittedAt;
        var told = Math.Abs(turn.Timestamp - received) <= Believed.TotalMilliseconds ? turn.Timestamp : received;
        return DateTimeOffset.FromUnixTimeMilliseconds(told);
    }
}

/// <summary>When something was said, in the keys of tables.</summary>
internal static class AnalyticsKeys
{
    public static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    /// <summary>Records rest by Endpoint and day: what is older than a day is a range of partitions.</summary>
    public static string Partition(string endpointId, DateTimeOffset at) => $"{endpointId}|{Day(at)}";

    /// <summary>In the order of time; the same for each writing of a turn's record.</summary>
    public static string Row(ConversationKey key, DateTimeOffset at, long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{at.ToUnixTimeMilliseconds():D15}|{key.Conversation}|{sequence:D10}");
}
