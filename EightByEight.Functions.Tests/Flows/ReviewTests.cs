using EightByEight.Connector.Flows;
using EightByEight.DevHost;

namespace EightByEight.Functions.Tests.Flows;

/// <summary><c>flow check</c> and <c>flow draw</c>.</summary>
public sealed class ReviewTests
{
    [Fact]
    public void All_that_keeps_a_document_from_being_a_Flow_is_told_at_once_with_its_place() =>
        Assert.Equal(["3:5", "4:5", "5:11"], Places("name: a\nstart:\n  - shout: Hi\n  - stpo\n  - goTo: nowhere\n"));

    [Theory]
    [InlineData("- stop\n  - say: never", "4:5")]
    [InlineData("- if: context.a\n    then: [ stop ]\n    else: [ endConversation ]\n  - say: never\n  - say: nor this", "6:5")]
    [InlineData("- say: a\nother:\n  - say: never\n  - goTo: other", "5:5")]
    [InlineData("- think: menu\n  - say: never", "4:5")]
    [InlineData("- if: context.a\n    then:\n      - goTo: other\n      - say: never\nother:\n  - say: b", "6:9")]
    public void A_step_to_which_no_way_leads_is_named(string steps, string place) =>
        Assert.Equal([place], Places($"name: a\nstart:\n  {steps}\n"));

    [Theory]
    [InlineData("- if: context.a\n    then: [ stop ]\n  - say: b")]
    [InlineData("- goTo: other\n  - { say: later, id: later }\nother:\n  - goTo: later")]
    [InlineData("- forEach: context.items\n    as: context.item\n    do: [ say: b ]\n  - say: c")]
    [InlineData("- switch: input.text\n    cases: { a: [ stop ] }\n  - say: b")]
    [InlineData("- handover: { queueId: q, message: m }\n    onQueued: [ say: b ]\n  - say: c")]
    public void A_step_that_can_be_reached_is_not(string steps) => Assert.Empty(Places($"name: a\nstart:\n  {steps}\n"));

    [Fact]
    public void A_name_that_no_expression_finds_is_told_with_its_place_and_the_one_that_was_meant()
    {
        var problem = Assert.Single(FlowReview.Check("name: a\nstart:\n  - say: \"Hi {{ inptu.user.name }}, {{ [1].map(n => n + Math.PI).length }}\"\n"));

        Assert.Equal((3, 17), (problem.Line, problem.Column));
        Assert.Contains("Did you mean 'input'?", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("- say: 'You said {{ input.txt }}'", "3:29", "Did you mean 'text'?")]
    [InlineData("- if: input.text && input?.reslt?.id\n    then: [ stop ]", "3:30", "Did you mean 'result'?")]
    [InlineData("- code: |\n      const said = input.text;\n      context.a = input.lokaleId;", "5:25", "Did you mean 'localeId'?")]
    public void A_member_that_input_never_has_is_told_with_its_place(string step, string place, string meant)
    {
        var problem = Assert.Single(FlowReview.Check($"name: a\nstart:\n  {step}\n"));

        Assert.Equal(place, $"{problem.Line}:{problem.Column}");
        Assert.Contains(meant, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("input.data.anything + input.toString() + input['any'] + context.input.txt")]
    [InlineData("[{ a: 1 }].map(input => input.a).length + input.text")]
    [InlineData("(() => { input.seen = 1; return input.seen })()")]
    public void What_may_be_a_member_of_input_is_no_fault(string expression) =>
        Assert.Empty(FlowReview.Check("name: a\nstart:\n  - say: \"{{ " + expression + " }}\"\n"));

    [Theory]
    [InlineData("- switch: input.intent\n    cases: { order: [ stop ], ordr: [ stop ], '': [ stop ] }", "5:31")]
    [InlineData("- question: Where?\n    intents: { Order: [ stop ], cancel: [ stop ] }", "5:33")]
    [InlineData("- switch: input.text\n    cases: { order: [ stop ], other: [ stop ] }", null)]
    [InlineData("- say: { text: a, quickReplies: [ { title: a, intent: help } ] }\n  - switch: input.intent\n    cases: { order: [ stop ], help: [ stop ], now: [ stop ] }\n  - think: cIntent:now", null)]
    public void An_intent_that_is_not_declared_is_told_where_it_is_waited_for(string steps, string? place) =>
        Assert.Equal(place is null ? [] : [place], Places($"name: a\nintents: {{ order: {{ examples: [ my order ], reply: a }} }}\nstart:\n  {steps}\n"));

    [Theory]
    [InlineData("start:\n  - switch: input.intent\n    cases: { order: [ stop ] }")]
    [InlineData("intents: { a: { reply: a } }\nnlu: { provider: rasa, url: 'https://rasa.example.com' }\nstart:\n  - switch: input.intent\n    cases: { order: [ stop ] }")]
    public void An_intent_that_others_recognise_is_no_fault(string flow) => Assert.Empty(Places($"name: a\n{flow}\n"));

    [Fact]
    public void Bounds_between_which_there_is_no_number_are_told_and_a_stored_Flow_goes_on()
    {
        const string source = "name: a\nstart:\n  - question: { text: a, type: number, min: 5, max: 3 }\n";

        Assert.Equal(["3:53"], Places(source));
        Assert.Equal("a", Flow.Parse(source, isStored: true).Name);
    }

    [Theory]
    [InlineData("crypto.randomUUID()")]
    [InlineData("new Date().getTime() + JSON.stringify(context).length + parseInt('1') + NaN")]
    [InlineData("[1].map(n => { const m = n; return m; })")]
    public void What_expressions_find_is_no_fault(string expression) =>
        Assert.Empty(FlowReview.Check("name: a\nstart:\n  - say: \"{{ " + expression + " }}\"\n"));

    [Fact]
    public void What_JavaScript_has_and_a_Flow_does_not_is_told() =>
        Assert.Single(FlowReview.Check("name: a\nstart:\n  - say: \"{{ new Proxy({}, {}) }}\"\n"));

    [Fact]
    public void A_Flow_is_drawn_with_its_branches_jumps_and_loops() => Assert.Equal("""
        flowchart TD
          subgraph s_start["start"]
            n0[/"question: Your #quot;order#quot;?"/]
            n1{"if: context.a #gt; 1"}
            n2["goTo: more"]
          end
          subgraph s_more["more"]
            n3{"forEach: context.items"}
            n4["say: {{ context.item }}"]
            n5["stop"]
          end
          n0 --> n1
          n1 -->|"then"| n2
          n3 -->|"do"| n4
          n3 --> n5
          n4 --> n3
          n2 --> n3

        """, FlowReview.Draw("""
        name: drawn
        start:
          - question: { text: 'Your "order"?' }
          - if: context.a > 1
            then: [ goTo: more ]
        more:
          - forEach: context.items
            as: context.item
            do: [ say: "{{ context.item }}" ]
          - stop
        """), ignoreLineEndingDifferences: true);

    [Fact]
    public void A_drawing_names_cases_and_intents_as_the_Flow_does()
    {
        var drawing = FlowReview.Draw("name: a\nstart:\n  - switch: input.text\n    cases: { 'no way': [ stop ], default: [ { say: a } ] }\n  - question: Where?\n    intents: { cancel: [ stop ] }\n");

        Assert.Contains("-->|\"no way\"|", drawing, StringComparison.Ordinal);
        Assert.Contains("-->|\"default\"|", drawing, StringComparison.Ordinal);
        Assert.Contains("-->|\"cancel\"|", drawing, StringComparison.Ordinal);
        Assert.DoesNotContain("case0", drawing, StringComparison.Ordinal);
        Assert.DoesNotContain("intent0", drawing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_the_terminal_each_fault_names_file_line_and_column_and_the_exit_code_tells_a_pipeline()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var (good, bad) = (Path.Combine(folder.FullName, "good.yaml"), Path.Combine(folder.FullName, "bad.yaml"));
            await File.WriteAllTextAsync(good, "name: good\nstart:\n  - say: Hi\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(bad, "name: bad\nstart:\n  - stop\n  - say: never\n", TestContext.Current.CancellationToken);

            Assert.Equal((0, "The Flow is well.\n"), await RunAsync("check", good));
            var (code, said) = await RunAsync("check", good, bad);
            Assert.Equal(1, code);
            Assert.StartsWith($"{bad}(4,5): No way leads to this 'say'.", said, StringComparison.Ordinal);
            Assert.StartsWith("flowchart TD", (await RunAsync("draw", bad)).Said, StringComparison.Ordinal);
            await Assert.ThrowsAsync<DevHostException>(() => RunAsync("check", Path.Combine(folder.FullName, "none.yaml")));
            await Assert.ThrowsAsync<DevHostException>(() => RunAsync("try"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_sample_Flows_are_well() =>
        Assert.Equal(0, (await RunAsync(["check", .. Directory.GetFiles(Path.Combine(Infrastructure.Repository.Root, "flows"), "*.yaml")])).Code);

    private static string[] Places(string source) => [.. FlowReview.Check(source).Select(problem => $"{problem.Line}:{problem.Column}")];

    private static async Task<(int Code, string Said)> RunAsync(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (await FlowCommand.RunAsync(["flow", .. args], output, TestContext.Current.CancellationToken), output.ToString());
    }
}
