using EightByEight.DevHost;

[assembly: AssemblyFixture(typeof(EightByEight.Functions.Tests.AzuriteFixture))]

namespace EightByEight.Functions.Tests;

/// <summary>
/// One real Azurite for the whole run. A test takes a storage account of its own, so that tests can run side by side
/// without seeing each other's tables and queues. Take it by a constructor parameter.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    /// <summary>Their names and keys go by one environment variable, which holds no more than some 1,290.</summary>
    private const int Accounts = 1200;
    private int _next;

    public Azurite Azurite { get; private set; } = null!;

    /// <summary>The connection string of an account that nobody used before.</summary>
    public string NewAccount() => Azurite.ConnectionString(NewAccountName());

    public string NewAccountName()
    {
        var number = Interlocked.Increment(ref _next);
        return number <= Accounts ? Name(number) : throw new InvalidOperationException("Raise AzuriteFixture.Accounts.");
    }

    public async ValueTask InitializeAsync() =>
        Azurite = await Azurite.StartAsync(folder: null, Enumerable.Range(1, Accounts).Select(Name));

    public ValueTask DisposeAsync() => Azurite.DisposeAsync();

    private static string Name(int number) => $"account{number:d4}";
}
