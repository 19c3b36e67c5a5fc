using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Transformers;

namespace EightByEight.Connector.Privacy;

/// <summary>All that rests of a customer, line by line; what is sealed is opened.</summary>
internal sealed class CustomerExport(
    ConnectorStorage storage, ConversationStore conversations, Profiles profiles, EndpointDirectory endpoints, StoredFiles files,
    SessionStorage transformers, DayTables days, RowJson rows)
{
    /// <summary>Each line says its <c>kind</c>. The last one is of the kind <c>end</c>: an export without it is not whole.</summary>
    public async IAsyncEnumerable<JsonObject> LinesAsync(
        IReadOnlyList<CustomerTrace> traces, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var count = 0;
        foreach (var customer in traces.Select(trace => trace.ProfileId).OfType<string>())
            if (await profiles.FindAsync(customer, cancellation) is { } profile)
            {
                count++;
                yield return Line("profile", new()
                {
                    ["customer"] = profile.CustomerId,
                    ["usedAt"] = profile.UsedAt.ToString("O"),
                    ["data"] = profile.Profile,
                });
            }

        var names = new Dictionary<CustomerTrace, ConversationNames>();
        foreach (var trace in traces)
            if (trace.Key is { } key && !HandoverKey.IsHandover(key))
                names[trace] = ConversationNames.Of(trace.ConversationId, (await conversations.ReadAsync(key, cancellation)).State);
        var all = names.Values.SelectMany(one => one.Ids).ToHashSet();
        foreach (var trace in traces)
        {
            if (trace.Key is not { } key) continue;
            var lines = names.TryGetValue(trace, out var known)
                ? OfAsync(key, trace.ConversationId, known, all, cancellation)
                : OfHandoverAsync(key, cancellation);
            await foreach (var line in lines)
            {
                count++;
                line["conversationId"] = trace.ConversationId;
                line["endpoint"] = key.EndpointId;
                yield return line;
            }
        }

        yield return new() { ["kind"] = "end", ["lines"] = count };
    }

    private async IAsyncEnumerable<JsonObject> OfAsync(
        ConversationKey key, string conversationId, ConversationNames names, IReadOnlyCollection<string> all,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var row in InAsync(storage.Conversations, key.ToString(), cancellation))
            if (row.RowKey != RowKeys.Bell) yield return Line(KindOf(row.RowKey), await rows.OfAsync(key, row, cancellation));
        foreach (var storageKey in names.StorageKeys)
            if (await transformers.ReadAsync(key.EndpointId, storageKey, cancellation) is { Values: { Count: > 0 } kept })
                yield return Line("transformerStorage", new() { ["sessionId"] = storageKey.SessionId, ["data"] = kept });
        await foreach (var (name, value, isShared) in transformers.WrittenByAsync(key.EndpointId, names.Ids, all, names.StorageKeys, cancellation))
            yield return Line("transformerStorage", new() { ["property"] = name, ["shared"] = isShared, ["data"] = value });
        var endpoint = await endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation);
        await foreach (var file in files.OfConversationAsync(key.EndpointId, conversationId, cancellation))
            yield return Line("file", new()
            {
                ["name"] = file.Name,
                ["mimeType"] = file.MimeType,
                ["size"] = file.Size,
                ["status"] = file.Status,
                ["url"] = file.Status == FileStatus.Stored && endpoint is not null ? await LinkAsync(endpoint, file, cancellation) : null,
            });
        foreach (var (name, table) in days.All)
            await foreach (var row in table.OfConversationAsync(key.EndpointId, conversationId, cancellation))
                yield return Line(name, await rows.OfAsync(key, row, cancellation));
    }

    /// <summary>Null: the store cannot be used now, and the rest of the export does not depend on it.</summary>
    private async Task<string?> LinkAsync(Endpoint endpoint, StoredFile file, CancellationToken cancellation)
    {
        try
        {
            return await files.LinkAsync(endpoint, file, cancellation);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private async IAsyncEnumerable<JsonObject> OfHandoverAsync(ConversationKey key, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var row in InAsync(storage.Handovers, key.ToString(), cancellation))
            yield return Line("handover", await rows.OfAsync(key, row, cancellation));
    }

    private static AsyncPageable<TableEntity> InAsync(TableClient table, string partition, CancellationToken cancellation) =>
        table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken: cancellation);

    private static string KindOf(string rowKey) => rowKey[0] switch
    {
        '0' => "conversation",
        '2' => "waiting",
        '4' => "analytics",
        '5' => "eventId",
        '6' => "outbox",
        '7' => "turn",
        '8' => "event",
        '9' => "parked",
        _ => "row",
    };

    private static JsonObject Line(string kind, JsonObject data)
    {
        var line = new JsonObject { ["kind"] = kind };
        foreach (var (name, value) in data.ToArray())
        {
            data.Remove(name);
            line[name] = value;
        }

        return line;
    }
}

/// <summary>What a conversation is called where transformers keep something.</summary>
/// <param name="Ids">Its id, and the ids that its sessions had.</param>
/// <param name="StorageKeys">What a transformer knows of it by itself.</param>
internal sealed record ConversationNames(IReadOnlyCollection<string> Ids, IReadOnlyCollection<StorageKey> StorageKeys)
{
    public static ConversationNames Of(string conversationId, ConversationState state)
    {
        string[] ids = [.. Enumerable.Range(1, Math.Max(1, state.Sessions)).Select(n => $"{conversationId}-{n}")
            .Concat(state.OtherSessions.Values.Append(state.Session).OfType<Session>().Select(session => session.Id))
            .Append(conversationId).Distinct()];
        var users = state.OtherSessions.Values.Append(state.Session).Select(session => session?.UserId).OfType<string>()
            .Append(TransformerView.UserId(conversationId, state with { Session = null })).Distinct();
        return new(ids, [.. users.SelectMany(user => ids.Select(id => new StorageKey(user, id)))]);
    }
}
