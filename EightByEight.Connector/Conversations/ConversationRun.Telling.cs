using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector.Analytics;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Conversations;

/// <content>What others than the customer learn of a turn: analytics, the Endpoint's log, Dashbot.</content>
internal sealed partial class ConversationRun
{
    /// <summary>As it was when it was last looked at; null: not yet.</summary>
    private Endpoint? _endpoint;

    /// <summary>The record that is committed with its turn, which costs no request; null: none is kept.</summary>
    private TableEntity? Recorded(Turn turn, string conversationId) => turn.Record is { IsKept: true } record
        ? AnalyticsStore.Row(key, record.For(turn, conversationId)) : null;

    /// <summary>After the commit, and without holding the conversation up for longer than one write to the log.</summary>
    private async Task TellAsync(Turn turn, string conversationId, CancellationToken cancellation)
    {
        if (turn is { EventType: StoredEvent.Injected or StoredEvent.Notified, UnsentReason: { } undeliverable })
            await SayAsync(LogLevel.Warning, "connector", $"Turn {turn.Sequence} is not delivered: {undeliverable}", conversationId, cancellation);
        if (turn.Log.Count > 0)
            await workshop.Log.SayAsync(
                key.EndpointId, [.. turn.Log.Select(line => line with { ConversationId = conversationId, SessionId = turn.SessionId })], cancellation);
        if (turn.Record is { } record && await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation) is { } endpoint
            && Dashbot.IsTold(endpoint)) _told = workshop.Dashbot.TellAsync(endpoint, turn, record.For(turn, conversationId), _told);
    }

    /// <summary>Says in the Endpoint's log what came of a conversation.</summary>
    private Task SayAsync(LogLevel level, string source, string message, string conversationId, CancellationToken cancellation) =>
        workshop.Log.SayAsync(key.EndpointId, [new(Now, level, source, message, conversationId, _turn?.SessionId)], cancellation);

    /// <summary>What 8x8 says went wrong, without what it may quote of the customer where the Endpoint masks anything.</summary>
    private string Words(ChatGatewayException failed, Snapshot snapshot) =>
        _endpoint is { Settings.DataProtection.Seals: false } ? failed.Message : Masking.WithoutQuotes(failed.Message,
        [
            _turn?.Text, .. _turn?.Outputs.Select(output => output.Text) ?? [],
            .. Masking.Leaves(snapshot.State.Session?.Context), .. Masking.Leaves(snapshot.State.Session?.Profile),
            .. snapshot.State.Facts.User.Value is { } user ? Masking.Leaves(JsonNode.Parse(user)) : [],
        ]);
}
