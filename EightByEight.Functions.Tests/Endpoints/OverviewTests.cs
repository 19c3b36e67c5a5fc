using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Functions.Tests.Endpoints;

/// <summary>The settings of the Endpoint itself.</summary>
public sealed class OverviewTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_name_belongs_to_one_endpoint_whatever_its_case_also_when_many_want_it_at_a_time()
    {
        await using var endpoints = new EndpointsOf(azurite.NewAccount());
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => CreatedAsync(endpoints, i % 2 == 0 ? "Acme" : "ACME")));
        var one = Assert.Single(outcomes, outcome => outcome is not null)!;
        var other = (await CreatedAsync(endpoints, "Other"))!;

        await Assert.ThrowsAsync<NameTakenException>(() => RenamedAsync(endpoints, other.Id, "acme"));
        await RenamedAsync(endpoints, one.Id, "Former Acme");
        await RenamedAsync(endpoints, other.Id, "acme");
        Assert.NotNull(await endpoints.Store.DeleteAsync(other.Id, _ => true, CancellationToken.None));
        Assert.NotNull(await CreatedAsync(endpoints, "Acme"));
    }

    [Theory]
    [InlineData("Europe/London", "Tuesday", "2026-06-30 23:30:00", -60)]
    [InlineData("Asia/Kolkata", "Wednesday", "2026-07-01 04:00:00", -330)]
    public void The_Flow_is_told_the_time_of_the_Endpoints_time_zone(
        string zone, string dayOfWeek, string plain, int offset)
    {
        var at = new DateTimeOffset(2026, 6, 30, 22, 30, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

        var time = CurrentTime.In(zone, at);

        Assert.Equal((dayOfWeek, plain, offset), ((string)time["dayOfWeek"]!, (string)time["plain"]!, (int)time["timezoneOffset"]!));
        Assert.Equal("2026-06-30T22:30:00.000Z", (string)time["ISODate"]!);
        Assert.Equal(
            ["year", "month", "day", "hour", "minute", "second", "milliseconds", "weekday", "dayOfWeek", "ISODate", "plain", "grain", "timezoneOffset"],
            time.Select(member => member.Key));
    }

    private static async Task<Endpoint?> CreatedAsync(EndpointsOf endpoints, string name)
    {
        try
        {
            return await endpoints.Store.CreateAsync(
                new(EndpointsOf.Settings with { Name = name }, new Dictionary<string, string?>()), CancellationToken.None);
        }
        catch (NameTakenException)
        {
            return null;
        }
    }

    private static Task<Changed?> RenamedAsync(EndpointsOf endpoints, string id, string name) => endpoints.Store.ChangeAsync(
        id, _ => true,
        before => Task.FromResult(new EndpointChange(before.Settings with { Name = name }, new Dictionary<string, string?>())), CancellationToken.None);
}
