using Azure.Data.Tables;

namespace EightByEight.Functions.Tests;

public sealed class AzuriteTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Accounts_do_not_see_each_others_tables()
    {
        var one = new TableServiceClient(azurite.NewAccount());
        var other = new TableServiceClient(azurite.NewAccount());
        await one.CreateTableAsync("Mine", TestContext.Current.CancellationToken);

        Assert.Single(one.Query(cancellationToken: TestContext.Current.CancellationToken));
        Assert.Empty(other.Query(cancellationToken: TestContext.Current.CancellationToken));
    }
}
