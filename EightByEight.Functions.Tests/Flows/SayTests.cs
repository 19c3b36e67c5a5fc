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
}
