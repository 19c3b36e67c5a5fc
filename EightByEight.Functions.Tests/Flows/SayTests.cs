using EightByEight.Connector.Content;

namespace EightByEight.Functions.Tests.Flows;

public class SayTests
{
    [Fact]
    public void Quick_replies_have_a_title_and_a_payload_that_defaults_to_it()
    {
        var result = Conversation.Run("""
            name: a
            start:
              - say:
                  text: Choose
                  quickReplies: [ { title: "Yes {{ 1 + 1 }}", payload: "y{{ input.text }}" }, { title: 5 }, Other ]
            """);
        var output = Assert.Single(result.Outputs);
        Assert.Equal("Choose", output.Text);
        Assert.Equal([new QuickReply("Yes 2", "yhi"), new QuickReply("5", "5"), new QuickReply("Other", "Other")],
            output.QuickReplies);
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("false", "false")]
    [InlineData("''", "")]
    [InlineData("null", "")]
    [InlineData("undefined", "")]
    [InlineData("context.missing", "")]
    [InlineData("context.a.b.c", "")]
    [InlineData("({ a: { b: 1 } })", """{"a":{"b":1}}""")]
    [InlineData("{ a: { b: 1 } }", """{"a":{"b":1}}""")]
    [InlineData("[1, 'é', null]", """[1,"é",null]""")]
    [InlineData("1.50", "1.5")]
    [InlineData("1e21", "1e+21")]
    [InlineData("'}}'", "}}")]
    [InlineData("'{{'", "{{")]
    [InlineData("new Date(0)", "1970-01-01T00:00:00.000Z")]
    [InlineData("1 // a comment", "1")]
    [InlineData("input.text", "hi")]
    public void A_template_renders(string expression, string text) => Assert.Equal(text, Conversation.Render(expression));

    [Theory]
    [InlineData("input.text")]
    [InlineData("input.missing")]
    [InlineData("input.missing.more")]
    [InlineData("input.missing?.more.and")]
    [InlineData("input.user.name")]
    [InlineData("input.user.name.length")]
    [InlineData("input.user.toString.name")]
    [InlineData("input.list.length")]
    [InlineData("input.zero")]
    [InlineData("input.one")]
    [InlineData("input.big")]
    [InlineData("input.no")]
    [InlineData("input.nothing")]
    [InlineData("input.nothing?.x")]
    [InlineData("input.empty")]
    [InlineData("input.user")]
    [InlineData("input.constructor")]
    public void A_plain_path_says_what_javascript_says(string path)
    {
        const string input = """
            { "text": "hi", "user": { "name": "Ann Ö </b>" }, "list": [ 1, 2 ], "zero": 0, "one": 1.0, "no": false,
              "big": 12345678901234567890, "nothing": null, "empty": "" }
            """;
        Assert.Equal(Conversation.Render($"({path}, {path})", input: input), Conversation.Render(path, input: input));
        Assert.Equal(Truth($"(0, {path})"), Truth(path));

        string Truth(string condition) => Conversation.Run($$"""
            name: a
            start: [ { if: "{{condition}}", then: [ { say: yes } ], else: [ { say: no } ] } ]
            """, input: input) is { Failure: null, Outputs: [var output] } ? output.Text : "failed";
    }

    [Fact]
    public void An_expression_that_throws_renders_nothing_and_leaves_a_warning()
    {
        var result = Conversation.Run("""
            name: a
            start:
              - say: "Order <{{ context.order.id }}> and {{ (() => { throw new Error('odd') })() }}."
            """);
        Assert.Equal("Order <> and .", result.Outputs[0].Text);
        Assert.Null(result.Failure);
        Assert.Equal([("start/0", 3), ("start/0", 3)], result.Warnings.Select(warning => (warning.Step, warning.Line)));
        Assert.Contains("odd", result.Warnings[1].Message);
    }

    [Fact]
    public void An_empty_text_is_not_sent_and_a_zero_is()
    {
        Assert.Empty(Conversation.RunExpression("''").Outputs);
        Assert.Equal("0", Conversation.RunExpression("0").Outputs[0].Text);
        Assert.Single(Conversation.Run("name: a\nstart: [ { say: { text: '', quickReplies: [ A ] } } ]").Outputs);
    }

    [Fact]
    public void What_an_expression_changes_is_gone_afterwards()
    {
        var result = Conversation.Run("""
            name: a
            start:
              - say: "{{ (context.n = 2, context.list.push(3), context.n) }} {{ context.n }} {{ context.list.length }}"
              - say: "{{ (input.text = 'changed') }} {{ input.text + '!' }}"
            """, """{ "n": 1, "list": [ 1, 2 ] }""");
        Assert.Equal(["2 1 2", "changed hi!"], result.Outputs.Select(output => output.Text));
        Assert.Equal("""{"n":1,"list":[1,2]}""", result.Context.ToJsonString());
    }

    [Theory]
    [InlineData("linear", "A B C C C")]
    [InlineData("loop", "A B C A B")]
    public void One_of_several_texts_is_said_in_order(string order, string said)
    {
        var conversation = new Conversation($"name: a\nstart: [ {{ say: {{ text: [ A, B, C ], order: {order} }} }} ]");
        Assert.Equal(said, string.Join(" ", Enumerable.Range(0, 5).Select(_ => conversation.Say("hi"))));
    }

    [Fact]
    public void One_of_several_texts_is_said_at_random()
    {
        var conversation = new Conversation("name: a\nstart: [ { say: { text: [ A, B, C ] } } ]");
        Assert.Equal(["A", "B", "C"], Enumerable.Range(0, 60).Select(_ => conversation.Say("hi")).Distinct().Order());
    }

    [Fact]
    public void What_has_a_condition_is_shown_only_when_it_holds()
    {
        var result = Conversation.Run("""
            name: a
            start:
              - say: { text: T, quickReplies: [ { title: Yes, if: context.open }, { title: No, if: "!context.open" }, Always ] }
              - say: { text: B, buttons: [ { title: Yes, if: context.open }, { title: Call, phone: "1", if: "true" } ] }
              - say: { gallery: [ { title: One, if: context.open }, { title: Two, buttons: [ { title: Not, if: context.open } ] } ] }
              - say: { list: { items: [ { title: One, if: context.open }, { title: Two } ], button: { title: More, if: context.open } } }
              - say: { gallery: [ { title: One, if: context.open } ] }
            """, """{ "open": false }""");
        Assert.Null(result.Failure);
        Assert.Equal(4, result.Outputs.Count);
        Assert.Equal(["No", "Always"], result.Outputs[0].QuickReplies.Select(reply => reply.Title));
        Assert.Equal(["Call"], ((Buttons)result.Outputs[1].Rich!).Items.Select(button => button.Title));
        Assert.Equal(["Two"], ((Gallery)result.Outputs[2].Rich!).Items.Select(item => item.Title));
        Assert.Empty(((Gallery)result.Outputs[2].Rich!).Items[0].Buttons);
        Assert.Null(((ItemList)result.Outputs[3].Rich!).Button);
    }

    [Fact]
    public void Data_goes_along_and_an_output_may_stay_out_of_the_transcript()
    {
        var output = Assert.Single(Conversation.Run(
            "name: a\nstart: [ { say: { text: A, data: { n: \"{{ 1 + 1 }}\", missing: \"{{ undefined }}\" }, excludeFromTranscript: true } } ]").Outputs);
        Assert.Equal("""{"n":2}""", output.Data!.ToJsonString());
        Assert.True(output.IsUnrecorded);
    }

    [Theory]
    [InlineData("text: A, audience: user", "the whole conversation")]
    [InlineData("text: A, audience: agent", "handover's 'summary'")]
    [InlineData("text: A, audience: all", "one of both, user, agent")]
    [InlineData("text: A, order: loop", "several texts")]
    [InlineData("text: [ A, B ], order: lop", "Did you mean 'loop'?")]
    [InlineData("text: [ ]", "list of texts")]
    [InlineData("text: A, data: x", "is an object")]
    [InlineData("text: A, excludeFromTranscript: perhaps", "true or false")]
    public void What_8x8_cannot_keep_or_nobody_understands_is_refused(string say, string problem)
    {
        var refused = Assert.Throws<EightByEight.Connector.Flows.FlowFormatException>(
            () => EightByEight.Connector.Flows.Flow.Parse($"name: a\nstart: [ {{ say: {{ {say} }} }} ]"));
        Assert.Contains(problem, refused.Message);
    }

    [Fact]
    public void Both_may_read_it() => Assert.Single(Conversation.Run("name: a\nstart: [ { say: { text: A, audience: both } } ]").Outputs);
}
