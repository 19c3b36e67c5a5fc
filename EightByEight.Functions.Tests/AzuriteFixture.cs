using System.Collections.Concurrent;
using System.Reflection;
using Azure.Storage.Queues;
using EightByEight.DevHost;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(EightByEight.Functions.Tests.AzuriteFixture))]
[assembly: EightByEight.Functions.Tests.EmptiesItsQueues]

namespace EightByEight.Functions.Tests;

/// <summary>
/// One real Azurite for the whole run. A test takes a storage account of its own, so that tests can run side by side
/// without seeing each other's tables and queues. Take it by a constructor parameter.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    /// <summary>Their names and keys go by one environment variable, which holds no more than some 1,290.</summary>
    private const int Accounts = 1200;

    /// <summary>What the tests that run took, by their ids.</summary>
    private static readonly ConcurrentDictionary<string, ConcurrentBag<string>> Taken = [];
    private static readonly ConcurrentBag<Task> Emptying = [];
    private int _next;

    public Azurite Azurite { get; private set; } = null!;

    /// <summary>The connection string of an account that nobody used before.</summary>
    public string NewAccount() => Azurite.ConnectionString(NewAccountName());

    public string NewAccountName()
    {
        var number = Interlocked.Increment(ref _next);
        if (number > Accounts) throw new InvalidOperationException("Raise AzuriteFixture.Accounts.");
        if (TestContext.Current.Test is { } test) Taken.GetOrAdd(test.UniqueID, _ => []).Add(Azurite.ConnectionString(Name(number)));
        return Name(number);
    }

    /// <summary>Begins to delete the queues of all accounts that a test took.</summary>
    public static void EmptyQueues(string test)
    {
        if (Taken.TryRemove(test, out var accounts)) Emptying.Add(Task.WhenAll(accounts.Select(EmptyAsync)));
    }

    public async ValueTask InitializeAsync() =>
        Azurite = await Azurite.StartAsync(folder: null, Enumerable.Range(1, Accounts).Select(Name));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Emptying);
        await Azurite.DisposeAsync();
    }

    private static async Task EmptyAsync(string account)
    {
        var queues = new QueueServiceClient(account);
        await foreach (var queue in queues.GetQueuesAsync()) await queues.DeleteQueueAsync(queue.Name);
    }

    private static string Name(int number) => $"account{number:d4}";
}

/// <summary>
/// A test leaves no messages behind: Azurite keeps those of all accounts together and sorts all of them anew at each look into any queue,
/// so that what a thousand tests left would cost more than the tests.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class EmptiesItsQueuesAttribute : BeforeAfterTestAttribute
{
    public override void After(MethodInfo methodUnderTest, IXunitTest test) => AzuriteFixture.EmptyQueues(test.UniqueID);
}
