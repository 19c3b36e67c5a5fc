using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>What is known of a customer, whatever session and conversation it comes from.</summary>
public sealed class ProfilesTests(AzuriteFixture azurite)
{
    /// <summary>What Azure takes in one binary column of a row.</summary>
    private const int MostOfColumn = 64 * 1024;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private static readonly string Customer = new CustomerKey("acme01", "WhatsApp", "user.1/ü").Id;
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Profiles Make() => Over(azurite.NewAccount()).Profiles;

    private (Profiles Profiles, ConnectorStorage Storage) Over(string account)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            new Dictionary<string, string?> { ["AzureWebJobsStorage"] = account }).Build();
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddSingleton<TimeProvider>(_time)
            .AddConnector(configuration).BuildServiceProvider();
        return (services.GetRequiredService<Profiles>(), services.GetRequiredService<ConnectorStorage>());
    }

    private static ProfileChange Change(long sequence, string set, params string[] removed) => new()
    {
        CustomerId = Customer,
        Sequence = sequence,
        Set = (JsonObject)JsonNode.Parse(set)!,
        Removed = removed,
    };

    private static ConversationKey Conversation(int number) => ConversationKey.Of("ep1", $"c-{number}");

    [Fact]
    public async Task Conversations_of_one_customer_at_a_time_lose_nothing_of_each_other()
    {
        var profiles = Make();
        await Task.WhenAll(Enumerable.Range(1, 8).Select(n => profiles.ApplyAsync(Change(1, $$"""{"m{{n}}":{{n}}}"""), Conversation(n), Cancellation)));
        var profile = (await profiles.FindAsync(Customer, Cancellation))!.Profile;
        Assert.Equal(Enumerable.Range(1, 8).Select(n => $"m{n}"), profile.Select(m => m.Key).Order());
    }

    [Fact]
    public async Task A_turn_that_is_applied_again_undoes_nothing_that_came_after_it()
    {
        var profiles = Make();
        await profiles.ApplyAsync(Change(1, """{"name":"Ann","old":1}"""), Conversation(1), Cancellation);
        await profiles.ApplyAsync(Change(1, """{"name":"Bea"}""", "old"), Conversation(2), Cancellation);
        await profiles.ApplyAsync(Change(1, """{"name":"Ann","old":1}"""), Conversation(1), Cancellation);
        Assert.Equal("""{"name":"Bea"}""", (await profiles.FindAsync(Customer, Cancellation))!.Profile.ToJsonString());
    }

    [Fact]
    public void Only_what_a_turn_changed_is_laid_over_the_profile()
    {
        var change = ProfileChange.Between("c", (JsonObject)JsonNode.Parse("""{"a":1,"b":{"c":1},"d":1}""")!,
            (JsonObject)JsonNode.Parse("""{"a":1,"b":{"c":2},"e":null}""")!)!;
        Assert.Equal("""{"b":{"c":2},"e":null}""", change.Set.ToJsonString());
        Assert.Equal(["d"], change.Removed);
        Assert.Null(ProfileChange.Between("c", [], []));
    }

    [Fact]
    public async Task An_unused_profile_goes_when_its_time_is_over_and_a_used_one_stays()
    {
        var profiles = Make();
        await profiles.ApplyAsync(Change(1, """{"a":1}"""), Conversation(1), Cancellation);
        _time.Advance(TimeSpan.FromDays(20));
        await profiles.ApplyAsync(Change(2, """{"a":2}"""), Conversation(1), Cancellation);
        _time.Advance(TimeSpan.FromDays(20));
        Assert.Equal(0, await profiles.ExpireAsync("ep1", _time.GetUtcNow().AddDays(-30), Cancellation));
        Assert.NotNull(await profiles.FindAsync(Customer, Cancellation));
        _time.Advance(TimeSpan.FromDays(20));
        Assert.Equal(0, await profiles.ExpireAsync("ep2", _time.GetUtcNow().AddDays(-30), Cancellation));
        Assert.Equal(1, await profiles.ExpireAsync("ep1", _time.GetUtcNow().AddDays(-30), Cancellation));
        Assert.Null(await profiles.FindAsync(Customer, Cancellation));
    }

    [Fact]
    public async Task A_profile_is_forgotten_on_demand()
    {
        var profiles = Make();
        Assert.False(await profiles.DeleteAsync(Customer, Cancellation));
        await profiles.ApplyAsync(Change(1, """{"a":1}"""), Conversation(1), Cancellation);
        Assert.True(await profiles.DeleteAsync(Customer, Cancellation));
        Assert.Null(await profiles.FindAsync(Customer, Cancellation));
    }

    [Fact]
    public async Task A_profile_rests_without_a_word_of_whose_it_is_and_one_of_an_earlier_version_moves_there()
    {
        var (profiles, storage) = Over(azurite.NewAccount());
        await FormerAsync(storage, """{"name":"Ann","old":1}""");
        Assert.Equal("""{"name":"Ann","old":1}""", (await profiles.FindAsync(Customer, Cancellation))!.Profile.ToJsonString());

        await profiles.ApplyAsync(Change(1, """{"name":"undone"}"""), Conversation(1), Cancellation);
        await profiles.ApplyAsync(Change(2, """{"seen":true}""", "old"), Conversation(1), Cancellation);

        Assert.Equal("""{"name":"Ann","seen":true}""", (await profiles.FindAsync(Customer, Cancellation))!.Profile.ToJsonString());
        Assert.Equal(Customer, (await profiles.FindAsync(Profiles.PlaceOf(Customer), Cancellation))!.CustomerId);
        var row = Assert.Single(storage.Profiles.Query<TableEntity>(cancellationToken: Cancellation));
        Assert.True(Seals.IsSealed(row.GetBinary("Profile")));
        foreach (var one in storage.Index.Query<TableEntity>(cancellationToken: Cancellation).Append(row))
            Assert.DoesNotContain(one, cell => $"{cell.Value}".Contains(Customer, StringComparison.Ordinal));
        Assert.True(await profiles.DeleteAsync(Customer, Cancellation));
        Assert.Empty(storage.Index.Query<TableEntity>(cancellationToken: Cancellation));
    }

    [Fact]
    public async Task The_largest_profile_rests_sealed_in_one_column_and_a_larger_one_is_not_kept()
    {
        var (profiles, storage) = Over(azurite.NewAccount());
        var largest = $$"""{"a":"{{new string('x', Profiles.MaxSize - 8)}}"}""";

        await profiles.ApplyAsync(Change(1, largest), Conversation(1), Cancellation);
        await profiles.ApplyAsync(Change(2, """{"b":1}"""), Conversation(1), Cancellation);

        Assert.Equal(largest, (await profiles.FindAsync(Customer, Cancellation))!.Profile.ToJsonString());
        Assert.InRange(Assert.Single(storage.Profiles.Query<TableEntity>(cancellationToken: Cancellation)).GetBinary("Profile").Length, 1, MostOfColumn);
    }

    [Fact]
    public async Task A_profile_of_an_earlier_version_that_is_too_large_to_be_sealed_stays_until_a_change_makes_it_fit()
    {
        var (profiles, storage) = Over(azurite.NewAccount());
        var large = $$"""{"n":1,"a":"{{new string('x', MostOfColumn - 1 - 14)}}"}""";
        Assert.Equal(MostOfColumn - 1, large.Length);
        await FormerAsync(storage, large);

        await profiles.ApplyAsync(Change(2, """{"n":2}"""), Conversation(1), Cancellation);

        Assert.Equal(large, (await profiles.FindAsync(Customer, Cancellation))!.Profile.ToJsonString());
        Assert.InRange(Assert.Single(storage.Profiles.Query<TableEntity>(cancellationToken: Cancellation)).GetBinary("Profile").Length, 1, MostOfColumn);

        await profiles.ApplyAsync(Change(3, """{"n":3}""", "a"), Conversation(1), Cancellation);
        Assert.Equal("""{"n":3}""", (await profiles.FindAsync(Customer, Cancellation))!.Profile.ToJsonString());
        Assert.Single(storage.Profiles.Query<TableEntity>(cancellationToken: Cancellation));
    }

    [Fact]
    public async Task Profiles_whose_key_cannot_be_read_are_deleted_all_the_same()
    {
        var account = azurite.NewAccount();
        var (before, storage) = Over(account);
        await before.ApplyAsync(Change(1, """{"a":1}"""), Conversation(1), Cancellation);
        await before.ApplyAsync(Change(1, """{"a":1}""") with { CustomerId = "t.c.other" }, Conversation(2), Cancellation);
        await storage.Handovers.UpdateEntityAsync(
            new TableEntity("seal", "seal") { ["Private"] = "unreadable" }, Azure.ETag.All, cancellationToken: Cancellation);
        var profiles = Over(account).Profiles;
        await Assert.ThrowsAsync<EndpointSecretException>(() => profiles.FindAsync(Customer, Cancellation));

        Assert.True(await profiles.DeleteAsync(Customer, Cancellation));
        Assert.Equal(1, await profiles.ExpireAsync("ep1", _time.GetUtcNow().AddDays(1), Cancellation));

        Assert.Empty(storage.Profiles.Query<TableEntity>(cancellationToken: Cancellation));
        Assert.Empty(await new Customers(storage).FindAsync(Customers.PartitionOfCustomer(Customer), Cancellation).ToListAsync(Cancellation));
        Assert.DoesNotContain(storage.Index.Query<TableEntity>(cancellationToken: Cancellation), row => row.PartitionKey.StartsWith("profile|", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_version_before_wrote_anew_after_a_roll_back_goes_when_its_time_is_over()
    {
        var (profiles, storage) = Over(azurite.NewAccount());
        await profiles.ApplyAsync(Change(1, """{"a":1}"""), Conversation(1), Cancellation);
        await FormerAsync(storage, """{"a":2}""");
        _time.Advance(TimeSpan.FromDays(20));
        await profiles.ApplyAsync(Change(2, """{"a":3}"""), Conversation(1), Cancellation);

        await profiles.ExpireAsync("ep1", _time.GetUtcNow().AddDays(-10), Cancellation);

        Assert.Equal(Profiles.PlaceOf(Customer), Assert.Single(storage.Profiles.Query<TableEntity>(cancellationToken: Cancellation)).PartitionKey);
        Assert.Equal("""{"a":3}""", (await profiles.FindAsync(Customer, Cancellation))!.Profile.ToJsonString());
    }

    /// <summary>As earlier versions wrote it.</summary>
    private async Task FormerAsync(ConnectorStorage storage, string json)
    {
        await storage.ReadyAsync();
        await storage.Profiles.AddEntityAsync(new TableEntity(Customer, "profile")
        {
            ["Profile"] = System.Text.Encoding.UTF8.GetBytes(json),
            ["Turns"] = """{"ep1|c-1":1}""",
            ["Endpoint"] = "ep1",
            ["UsedAt"] = _time.GetUtcNow(),
        }, Cancellation);
        await storage.Index.AddEntityAsync(new TableEntity($"profile|ep1|{ActiveIndex.Day(_time.GetUtcNow())}", Customer), Cancellation);
    }

    [Fact]
    public async Task A_profile_lives_across_conversations_where_contact_profiles_are_on_and_with_its_session_where_not()
    {
        const string Flow = """
            name: counting
            start:
              - set: { profile.seen: "{{ (profile.seen || 0) + 1 }}" }
              - say: "seen {{ profile.seen }}"
            """;
        await using var connector = await TestConnector.StartAsync(azurite, Flow, new()
        {
            ["dataProtection"] = new JsonObject { ["contactProfiles"] = true },
        });
        const string Ann = """{"userId":"ann"}""";
        Assert.Equal(["seen 1"], await connector.BotSaysAsync(connector.Start("hi", user: Ann), 1));
        Assert.Equal(["seen 2"], await connector.BotSaysAsync(connector.Start("hi", user: Ann), 1));
        Assert.Equal(["seen 1"], await connector.BotSaysAsync(connector.Start("hi", user: """{"userId":"bob"}"""), 1));
        await connector.PatchAsync(new() { ["dataProtection"] = new JsonObject { ["contactProfiles"] = false } });
        await Eventually.GetAsync(async () => (await connector.BotSaysAsync(connector.Start("hi", user: Ann), 1))[0],
            said => said == "seen 1", "the profile no longer used");
    }

    [Fact]
    public async Task A_change_that_makes_a_profile_too_large_is_left_out_with_a_warning()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: large
            start:
              - say: "{{ (profile.notes || '').length }}"
              - set: { profile.notes: "{{ 'x'.repeat(40000) + (profile.notes || '') }}" }
            """, new() { ["dataProtection"] = new JsonObject { ["contactProfiles"] = true } });
        var conversation = connector.Start("hi", user: """{"userId":"ann"}""");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.CustomerSays(conversation, "more");
        await connector.BotSaysAsync(conversation, 2);
        connector.Gateway.CustomerSays(conversation, "and");

        Assert.Equal(["0", "40000", "40000"], await connector.BotSaysAsync(conversation, 3));
        var turns = (await connector.SettledAsync(conversation, 3))["turns"]!.AsArray();
        Assert.Equal([false, true, true], turns.Select(turn => turn!["warnings"]?[0]!["message"]!.ToString().Contains("larger than", StringComparison.Ordinal) ?? false));
    }
}
