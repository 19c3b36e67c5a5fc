using System.Diagnostics;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>Works on conversations that were woken: see <c>docs/conversation-protocol.md</c>.</summary>
public sealed partial class ConversationWorker
{
    private readonly Workshop _workshop;
    private readonly Desk _desk;
    private readonly LateVerdicts _verdicts;
    private readonly Places _places;

    internal ConversationWorker(Workshop workshop, Desk desk, LateVerdicts verdicts, Places places) =>
        (_workshop, _desk, _verdicts, _places) = (workshop, desk, verdicts, places);

    /// <summary>Processes one message of the queue <c>conversations</c>. The host deletes the message when this returns.</summary>
    /// <param name="message">The text of the queue message.</param>
    /// <param name="dequeueCount">How often the message was received: more than once means that somebody died or failed with it.</param>
    /// <exception cref="Azure.RequestFailedException">Storage failed: the host has to deliver the message again.</exception>
    public async Task ProcessAsync(string message, long dequeueCount, CancellationToken cancellation)
    {
        if (!WakeUp.TryParse(message, out var wakeUp))
        {
            Log.NotOurs(_workshop.Logger);
            return;
        }

        await _workshop.Storage.ReadyAsync().WaitAsync(cancellation);
        if (wakeUp.NotBefore - _workshop.Time.GetUtcNow().ToUnixTimeMilliseconds() is > 0 and var early)
        {
            await _workshop.WakeUps.PutAsync(wakeUp, TimeSpan.FromMilliseconds(early), cancellation);
            return;
        }

        var key = ConversationKey.Parse(wakeUp.Key)!.Value;
        if (ScanKey.IsScan(key))
        {
            await _verdicts.LookAsync(key, cancellation);
            await _workshop.WakeUps.DeleteBackupAsync(wakeUp, cancellation);
            return;
        }

        var (place, away) = await _places.TakeAsync(key.EndpointId, cancellation);
        using var given = place;
        // What somebody may have died with is worked on at once: put again, it would look like new.
        if (place is null && dequeueCount == 1)
        {
            Log.SentAway(_workshop.Logger, key, away.TotalSeconds);
            await _workshop.WakeUps.PutOffAsync(wakeUp, away, cancellation);
            return;
        }

        using var activity = Telemetry.Activities.StartActivity("process conversation", ActivityKind.Consumer, wakeUp.TraceParent);
        activity?.SetTag("eightbyeight.endpoint.id", key.EndpointId);
        activity?.SetTag("eightbyeight.conversation.id", key.Conversation);
        var end = HandoverKey.IsHandover(key)
            ? await _desk.WorkAsync(key, wakeUp, cancellation)
            : await new ConversationRun(_workshop, key, wakeUp, dequeueCount).WorkAsync(cancellation);
        if (end == RunEnd.Finished)
            await _workshop.WakeUps.DeleteBackupAsync(wakeUp, cancellation);
    }

    /// <summary>
    /// Processes one message of the queue <c>conversations-poison</c>: its processing died or failed twenty times. It is put
    /// back, since attempts are counted by event and only they park; what dies even before it can count is announced to a person.
    /// </summary>
    public async Task ReviveAsync(string message, CancellationToken cancellation)
    {
        if (!WakeUp.TryParse(message, out var wakeUp))
        {
            Log.NotOurs(_workshop.Logger);
            return;
        }

        await _workshop.Storage.ReadyAsync().WaitAsync(cancellation);
        var key = ConversationKey.Parse(wakeUp.Key)!.Value;
        var rounds = wakeUp.Rounds + 1;
        if (rounds > MaxRounds)
        {
            Log.Stuck(_workshop.Logger, key);
            Telemetry.Parked.Add(1, new KeyValuePair<string, object?>("kind", nameof(ParkedKind.Conversation)));
            await _workshop.Parked.AnnounceStuckAsync(
                key, "Processing fails before an attempt can be counted. See the log for this conversation, then retry.", cancellation);
            return;
        }

        Log.Revived(_workshop.Logger, key, rounds);
        var delay = TimeSpan.FromSeconds(Math.Min(300, 10 * Math.Pow(2, rounds)));
        await _workshop.WakeUps.PutAsync(new WakeUp { Key = wakeUp.Key, IsBackup = true, Rounds = rounds }, delay, cancellation);
    }

    private const int MaxRounds = 5;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A queue message is not a wake-up of this product; it is dropped.")]
        public static partial void NotOurs(ILogger logger);

        [LoggerMessage(2, LogLevel.Warning, "The wake-up of {Conversation} came back from the poison queue, round {Round}.")]
        public static partial void Revived(ILogger logger, ConversationKey conversation, int round);

        [LoggerMessage(3, LogLevel.Error, "Processing of {Conversation} dies before it begins: it is announced as parked.")]
        public static partial void Stuck(ILogger logger, ConversationKey conversation);

        [LoggerMessage(4, LogLevel.Information, "All places of the Endpoint are taken: {Conversation} comes again in {Seconds:0.0} s.")]
        public static partial void SentAway(ILogger logger, ConversationKey conversation, double seconds);
    }
}

/// <summary>What a run works with.</summary>
internal sealed record Workshop(
    ConnectorStorage Storage,
    ConversationStore Store,
    WakeUps WakeUps,
    ParkedWork Parked,
    ActiveIndex Active,
    EndpointDirectory Endpoints,
    TurnRunner Turns,
    TransformerRoom Transformers,
    ChatGatewayClient Gateway,
    MediaUploads Media,
    IncomingFiles Files,
    Indicators Indicators,
    Profiles Profiles,
    Customers Customers,
    EndpointLog Log,
    Analytics.Dashbot Dashbot,
    IOptions<ConversationOptions> Conversations,
    IOptions<ChatGatewayOptions> ChatGateway,
    TimeProvider Time,
    ILogger<ConversationWorker> Logger);
