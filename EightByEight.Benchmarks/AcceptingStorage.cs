using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace EightByEight.Benchmarks;

/// <summary>A table that accepts everything at once and keeps nothing.</summary>
internal sealed class AcceptingTable : TableClient
{
    private static readonly Task<Response<IReadOnlyList<Response>>> Accepted =
        Task.FromResult(Response.FromValue<IReadOnlyList<Response>>([], null!));

    public override Task<Response<IReadOnlyList<Response>>> SubmitTransactionAsync(
        IEnumerable<TableTransactionAction> transactionActions, CancellationToken cancellationToken = default) => Accepted;

    public override Task<Response<TableItem>> CreateIfNotExistsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<Response<TableItem>>(null!);
}

/// <summary>A queue that accepts everything at once and keeps nothing.</summary>
internal sealed class AcceptingQueue : QueueClient
{
    private static readonly Task<Response<SendReceipt>> Accepted = Task.FromResult(Response.FromValue(
        QueuesModelFactory.SendReceipt($"{Guid.NewGuid()}", default, default, "AgAAAAMAAAAAAAAAdGVzdHJlY2VpcHQ=", default), null!));

    public override Task<Response<SendReceipt>> SendMessageAsync(
        string messageText, TimeSpan? visibilityTimeout, TimeSpan? timeToLive, CancellationToken cancellationToken = default) => Accepted;

    public override Task<Response> CreateIfNotExistsAsync(
        IDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) => Task.FromResult<Response>(null!);
}
