using System.Text.RegularExpressions;

namespace EightByEight.Functions.Tests.Flows;

public partial class DocumentationTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(SampleFlowTests.Root, "docs", "flows.md"));

    [Fact]
    public void Each_example_is_a_flow_that_answers()
    {
        var examples = ExamplePattern.Matches(Page).Select(match => match.Groups[1].Value).ToList();
        Assert.True(examples.Count >= 12, $"Only {examples.Count} examples were found.");
        foreach (var example in examples)
        {
            var conversation = new Conversation(example);
            conversation.Say("Hi");
            Assert.True(conversation.Last.Failure is null, $"{conversation.Flow.Name}: {conversation.Last.Failure}");
        }
    }

    [Theory]
    [InlineData("say")]
    [InlineData("question")]
    [InlineData("if, then, else")]
    [InlineData("optionalQuestion")]
    [InlineData("closeHandover")]
    [InlineData("scheduleHandback")]
    [InlineData("transcript")]
    [InlineData("switch")]
    [InlineData("forEach")]
    [InlineData("while")]
    [InlineData("once")]
    [InlineData("interval")]
    [InlineData("set")]
    [InlineData("setState")]
    [InlineData("resetContext")]
    [InlineData("setSessionExpiration")]
    [InlineData("call")]
    [InlineData("return")]
    [InlineData("think")]
    [InlineData("goTo")]
    [InlineData("waitForInput")]
    [InlineData("http")]
    [InlineData("code")]
    [InlineData("agent")]
    [InlineData("ask")]
    [InlineData("handover")]
    [InlineData("queueStatus")]
    [InlineData("schedule")]
    [InlineData("dataProtection")]
    [InlineData("endConversation")]
    [InlineData("stop")]
    public void Each_step_has_a_chapter_with_an_example(string step)
    {
        var chapter = Page[Page.IndexOf($"### {step}\n", StringComparison.Ordinal)..];
        var next = chapter.IndexOf("\n#", 1, StringComparison.Ordinal);
        Assert.Matches(ExamplePattern, chapter[..next]);
    }

    [Fact]
    public void Each_word_for_yes_and_no_in_the_table_is_understood()
    {
        var rows = YesNoPattern.Matches(Page);
        Assert.Equal(4, rows.Count);
        foreach (Match row in rows)
        {
            Understands(row.Groups[1].Value, true);
            Understands(row.Groups[2].Value, false);
        }

        static void Understands(string words, bool value)
        {
            foreach (var word in words.Split(',', StringSplitOptions.TrimEntries))
            {
                var conversation = new Conversation("name: a\nstart: [ { question: { text: '?', type: yesNo, saveTo: context.a } } ]");
                conversation.Say("hi");
                conversation.Say(word);
                Assert.True(conversation.Context["a"]?.GetValue<bool>() == value, word);
            }
        }
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ExamplePattern { get; }

    [GeneratedRegex(@"^\| (?:English|German|Spanish|French) \| (.*?) \| (.*?) \|$", RegexOptions.Multiline)]
    private static partial Regex YesNoPattern { get; }
}
