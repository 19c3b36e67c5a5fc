using EightByEight.Connector.Flows;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>The step <c>code</c>. What its sandbox keeps is in <see cref="SandboxTests"/>.</summary>
public class CodeTests
{
    [Fact]
    public void It_changes_context_and_profile_and_no_input()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - set: { context.items: [ 1, 2 ], context.old: 1, profile.name: Ann }
              - code: |
                  const sum = list => list.reduce((a, b) => a + b, 0);
                  context.sum = sum(context.items);
                  context.items.push(3);
                  delete context.old;
                  profile.visits = (profile.visits ?? 0) + 1;
                  input.text = 'changed';
              - say: "{{ JSON.stringify(context) }} {{ JSON.stringify(profile) }} {{ input.text }}"
            """);

        Assert.Equal("""{"items":[1,2,3],"sum":3} {"name":"Ann","visits":1} hi""", conversation.Say("hi"));
        conversation.Say("hi");
        Assert.Equal(2, (int)conversation.Last.Profile["visits"]!);
    }

    [Theory]
    [InlineData("return input.text.toUpperCase()", "\"HI\"")]
    [InlineData("if (context.none) return 1;", "gone")]
    [InlineData("return { a: [1, undefined], b: undefined, c: new Date(0) }", """{"a":[1,null],"c":"1970-01-01T00:00:00.000Z"}""")]
    [InlineData("context = { result: 1 }; return 2", "2")]
    [InlineData("context.self = context.context = 5", "gone")]
    [InlineData("async function f() { await 1; return { a: 1 } } return f()", "{\"a\":1}")]
    [InlineData("const f = async () => 3; return await f() + await (4)", "7")]
    [InlineData("for await (const one of [f(1), f(2)]) context.n = one; return context.n; async function f(n) { return n }", "2")]
    [InlineData("await Promise.all([1, 2].map(async n => { await n; context.n = n })); return context.n", "2")]
    [InlineData("const await = 5; return await", "5")]
    [InlineData("const f = async () => await 3; f(); return 8", "8")]
    public void What_it_returns_is_stored(string script, string stored)
    {
        var conversation = new Conversation($"name: a\nstart:\n  - set: {{ context.got: 7 }}\n  - code: {{ script: \"{script}\", saveTo: context.got }}");
        conversation.Say("hi");

        Assert.Null(conversation.Last.Failure);
        Assert.Equal(stored, conversation.Context["got"]?.ToJsonString() ?? "gone");
    }

    [Fact]
    public void Blocks_share_nothing_but_the_memory()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - code: var secret = 1; let other = 2; context.a = typeof secret
              - code: context.b = typeof secret + typeof other
            """);
        conversation.Say("hi");

        Assert.Equal(("number", "undefinedundefined"), ((string)conversation.Context["a"]!, (string)conversation.Context["b"]!));
    }

    [Fact]
    public void A_repeated_turn_computes_the_same()
    {
        string Say(string id)
        {
            var conversation = new Conversation("""
                name: a
                start:
                  - code: context.a = [Math.random(), crypto.randomUUID(), Date.now(), new Date(), globalThis.Math.random()]
                  - say: "{{ JSON.stringify(context.a) }}"
                """)
            { EventId = id };
            return conversation.Say("hi");
        }

        Assert.Equal(Say("1"), Say("1"));
        Assert.NotEqual(Say("1"), Say("2"));
        Assert.Contains("2026-04-30T10:00:00.000Z", Say("1"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_it_throws_fails_the_turn_and_names_the_line_of_the_code()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - say: Before.
              - code: |
                  context.a = 1;
                  // The next line:
                  context.order.id = 2;
            """);

        Assert.StartsWith("Before.", conversation.Say("hi"), StringComparison.Ordinal);
        var failure = conversation.Last.Failure!;
        Assert.Equal(("a", "start/1", 4), (failure.Flow, failure.Step, failure.Line));
        Assert.Contains("(line 3 of the code)", failure.Message, StringComparison.Ordinal);
        Assert.Empty(conversation.Context);
    }

    [Theory]
    [InlineData("context = 5", "no object in 'context'")]
    [InlineData("context.big = 'x'.repeat(70000)", "larger than 65536 bytes")]
    [InlineData("throw new Error('Out of stock')", "Out of stock (line 1 of the code)")]
    [InlineData("nobody.x", "nobody is not defined")]
    [InlineData("throw { a: 1 }", "{\"a\":1} (line 1 of the code)")]
    [InlineData("throw 'gone'", "gone (line 1 of the code)")]
    [InlineData("throw new Error()", "Error (line 1 of the code)")]
    [InlineData("const a = {}; a.a = a; throw a", "[object Object] (line 1 of the code)")]
    [InlineData("return Promise.reject(new Error('No stock'))", "No stock (line 1 of the code)")]
    [InlineData("await 1; throw { a: 1 }", "{\"a\":1}")]
    [InlineData("return new Promise(() => {})", "returns a promise that nothing settles")]
    [InlineData("await new Promise(() => {})", "returns a promise that nothing settles")]
    [InlineData("await 1; while (true) {}", "The code runs")]
    [InlineData("await 1; context = 5", "no object in 'context'")]
    public void What_it_must_not_do_fails_the_turn(string script, string why)
    {
        var failure = Conversation.Run($"name: a\nstart:\n  - code: \"{script}\"").Failure!;

        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.Equal(("a", "start/0", 3), (failure.Flow, failure.Step, failure.Line));
    }

    [Theory]
    [InlineData("- code: |\n      const a = 1;\n      const b = ;", 5, 17, "not JavaScript")]
    [InlineData("- code: await f(); const = 1", 3, 28, "not JavaScript")]
    [InlineData("- code: const = 1", 3, 17, "not JavaScript")]
    [InlineData("- code: \"}; context.a = 1; {\"", 3, 12, "not JavaScript")]
    [InlineData("- code: import fs from 'fs'", 3, 11, "not JavaScript")]
    [InlineData("- code: { saveTo: context.a }", 3, 11, "lacks 'script'")]
    [InlineData("- code: [ 1 ]", 3, 11, "text, or an object")]
    [InlineData("- code: { script: return 1, saveTo: input.a }", 3, 39, "not a place to store")]
    public void What_is_no_code_is_refused_where_it_stands(string step, int line, int column, string why)
    {
        var problem = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart:\n  {step}")).Problems[0];

        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
        Assert.Equal((line, column), (problem.Line, problem.Column));
    }

    [Fact]
    public void A_value_that_holds_itself_fails_the_turn_without_a_line_that_no_author_wrote()
    {
        var failure = Conversation.Run("name: a\nstart:\n  - code: const a = {}; a.a = a; return a").Failure!;

        Assert.Contains("Cyclic", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("of the code", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_method_of_the_engine_throws_is_told_with_the_line_of_the_code_that_called_it()
    {
        var failure = Conversation.Run("name: a\nstart:\n  - code: |\n      const a = 'x';\n      a.repeat(-1);\n").Failure!;

        Assert.Contains("(line 2 of the code)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rejected_promise_of_which_nothing_is_taken_is_told_to_the_operator()
    {
        var result = Conversation.Run("name: a\nstart:\n  - code: |\n      (async () => { throw new Error('lost') })();\n      Promise.reject(1).catch(() => {});\n");

        Assert.Null(result.Failure);
        Assert.Equal([new FlowLine(LogLevel.Warning, "A promise was rejected, and nothing in the code takes that: lost")], result.Log);
    }

    [Fact]
    public void A_name_that_nobody_knows_is_told_with_its_place()
    {
        var problem = Assert.Single(FlowReview.Check("name: a\nstart:\n  - code: |\n      console.log(1);\n      const n = 1;\n      context.a = contxt.b + n;\n"));

        Assert.Equal((6, 19), (problem.Line, problem.Column));
        Assert.Contains("'context'?", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_console_writes_to_the_log_of_the_endpoint()
    {
        var result = Conversation.Run("name: a\nstart:\n  - code: \"console.log('a', 1, { b: [2] }, null); console.error(new Error('c'))\"");

        Assert.Equal([new FlowLine(LogLevel.Information, "a 1 {\"b\":[2]} null"), new FlowLine(LogLevel.Error, "Error: c")], result.Log);
    }

    [Fact]
    public void The_operator_says_how_long_code_and_expressions_may_run()
    {
        // A quick machine runs the million statements that are allowed sooner than the usual second is over, but not within a millisecond.
        var conversation = new Conversation("name: a\nstart:\n  - code: while (true) {}") { Limits = new() { ScriptTime = TimeSpan.FromMilliseconds(1) } };
        conversation.Say("hi");

        Assert.Contains("longer than 0.001 s", conversation.Last.Failure!.Message, StringComparison.Ordinal);
    }
}
