using FsCheck.Xunit;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>
/// Random stories of a customer, a bot that hands over, queues and agents, told by 8x8 late and out of order: whatever comes, the bot is
/// silent beside an agent, nobody's words are lost, and somebody is in charge.
/// </summary>
public sealed class StoryProperties
{
    private const int Stories = 300;

    [Property(MaxTest = Stories)]
    public async Task The_bot_says_nothing_while_an_agent_is_in(int seed, bool inOrder)
    {
        var story = await StoryAsync(seed, inOrder);

        if (story.SpokenBeside.Count > 0) Assert.Fail($"Beside an agent {string.Join("; ", story.SpokenBeside)}\n{story}");
    }

    [Property(MaxTest = Stories)]
    public async Task What_the_customer_says_is_answered_unless_people_had_or_get_the_conversation(int seed, bool inOrder)
    {
        var story = await StoryAsync(seed, inOrder);

        // What overtakes the news that the agent has left was said to the agent, as far as anybody can know.
        var overtaken = inOrder ? 0 : ToldStory.Latest;
        foreach (var text in story.Texts)
            if (!story.IsAnswered(text) && !story.World.WereInCharge(text.At - overtaken, story.AbsorbedAt(text)) && !story.World.AgentAfter(text.At))
                Assert.Fail($"{text.Data["text"]} was lost.\n{story}");
    }

    [Property(MaxTest = Stories)]
    public async Task Nothing_is_answered_twice_and_in_the_end_somebody_is_in_charge(int seed, bool inOrder)
    {
        var story = await StoryAsync(seed, inOrder);
        var people = story.World.Who is Who.Queue or Who.Agent;

        var text = await story.SaysAtTheEndAsync("Is there anybody?");

        Assert.Equal(story.Answered.Distinct(), story.Answered);
        // A handover that met an agent or an end on its way is over for the bot: it answers beside the queue.
        if (story.IsAnswered(text) == people && !(story.World is { Who: Who.Queue, IsTangled: true }))
            Assert.Fail($"In charge: {story.World.Who}. Answered by the bot: {story.IsAnswered(text)}.\n{story}");
    }

    private static async Task<ToldStory> StoryAsync(int seed, bool inOrder)
    {
        var story = new ToldStory(new Random(seed), inOrder);
        await story.TellAsync(steps: 30);
        return story;
    }
}
