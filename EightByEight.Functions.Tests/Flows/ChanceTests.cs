namespace EightByEight.Functions.Tests.Flows;

/// <summary>A turn may be repeated after a crash: it says the same then.</summary>
public class ChanceTests
{
    private const string Dice = """
        name: dice
        start:
          - say: "{{ (() => [Math.random(), Math.random(), crypto.randomUUID(), Date.now(), new Date()].join(' '))() }}"
          - say: "{{ (m => m.random())(Math) }}"
          - say: { text: [ A, B, C, D, E, F, G, H ] }
        """;

    [Fact]
    public void Chance_ids_and_the_clock_come_from_the_event()
    {
        string Say(string id) => new Conversation(Dice) { EventId = id }.Say("hi");

        Assert.Equal(Say("1"), Say("1"));
        Assert.NotEqual(Say("1"), Say("2"));
    }

    [Fact]
    public void Numbers_differ_within_a_turn_and_lie_between_0_and_1()
    {
        var numbers = Conversation.Render("Array.from({ length: 1000 }, () => Math.random()).join(' ')").Split(' ')
            .Select(number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(1000, numbers.Distinct().Count());
        Assert.All(numbers, number => Assert.InRange(number, 0, 0.9999999999999999));
        Assert.InRange(numbers.Average(), 0.4, 0.6);
    }

    [Fact]
    public void An_id_is_a_version_4_uuid() =>
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", Conversation.Render("crypto.randomUUID()"));

    [Fact]
    public void The_clock_shows_when_the_event_was_received()
    {
        var conversation = new Conversation("name: a\nstart: [ { say: \"{{ new Date().toISOString() }}\" } ]");
        Assert.Equal("2026-04-30T10:00:00.000Z", conversation.Say("hi"));
        conversation.Now = conversation.Now.AddDays(1);
        Assert.Equal("2026-05-01T10:00:00.000Z", conversation.Say("hi"));
    }
}
