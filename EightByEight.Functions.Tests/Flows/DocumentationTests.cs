using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

public partial class DocumentationTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(SampleFlowTests.Root, "docs", "flows.md"));

    /// <summary>The Flows on the page.</summary>
    internal static IReadOnlyList<string> Examples { get; } = [.. ExamplePattern.Matches(Page).Select(match => match.Groups[1].Value)];

    [Fact]
    public void Each_example_is_a_flow_that_answers()
    {
        Assert.True(Examples.Count >= 12, $"Only {Examples.Count} examples were found.");
        foreach (var example in Examples)
        {
            var conversation = new Conversation(example);
            conversation.Say("Hi");
            Assert.True(conversation.Last.Failure is null, $"{conversation.Flow.Name}: {conversation.Last.Failure}");
        }
    }

    /// <summary>What the examples wait for.</summary>
    private static readonly string[] Said = ["Hi", "1", "order", "bye", "Deutsch", "start over"];

    public static TheoryData<string> Steps => [.. FlowCompiler.Kinds];

    [Theory]
    [MemberData(nameof(Steps))]
    public void Each_step_has_a_chapter_with_an_example(string step)
    {
        var start = Page.IndexOf(step == "if" ? "### if, then, else\n" : $"### {step}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, "It has no chapter.");
        var chapter = Page[start..];
        var next = chapter.IndexOf("\n#", 1, StringComparison.Ordinal);
        Assert.Matches(ExamplePattern, chapter[..next]);
        Assert.Matches($@"[-\[,] (\{{ )?{step}\b", ExamplePattern.Match(chapter).Value);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Each_step_runs_in_the_example_of_its_chapter(string step)
    {
        var start = Page.IndexOf(step == "if" ? "### if, then, else\n" : $"### {step}\n", StringComparison.Ordinal);
        var chapter = Page[start..];
        var ran = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match example in ExamplePattern.Matches(chapter[..chapter.IndexOf("\n#", 1, StringComparison.Ordinal)]))
        {
            var conversation = new Conversation(example.Groups[1].Value);
            conversation.Flow.Watch = one => ran.Add(one.Kind);
            foreach (var said in Said) conversation.Say(said);
            conversation.Send(new JsonObject
            {
                ["handover"] = new JsonObject { ["status"] = "queued", ["eventType"] = "handoverInactivity", ["inactivityCount"] = 2 },
            });
        }

        Assert.Contains(step, ran);
    }

    [Fact]
    public void The_members_of_input_are_those_that_flow_check_knows()
    {
        var table = Page[Page.IndexOf("`input` has, beside what steps add:", StringComparison.Ordinal)..];
        var told = MemberPattern.Matches(table[..table.IndexOf("\n\nOf the members", StringComparison.Ordinal)]).SelectMany(row => row.Groups[1].Value.Split(", "))
            .Select(member => member.Trim('`').Split('.')[0]);

        Assert.Empty(told.Except(Memory.InputMembers));
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

    [GeneratedRegex(@"^\| ((?:`[A-Za-z.]+`(?:, )?)+) \|", RegexOptions.Multiline)]
    private static partial Regex MemberPattern { get; }

    [GeneratedRegex(@"^\| (?:English|German|Spanish|French) \| (.*?) \| (.*?) \|$", RegexOptions.Multiline)]
    private static partial Regex YesNoPattern { get; }
}
