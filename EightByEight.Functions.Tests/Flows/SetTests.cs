namespace EightByEight.Functions.Tests.Flows;

public class SetTests
{
    [Theory]
    [InlineData("5", "5")]
    [InlineData("1.5", "1.5")]
    [InlineData("true", "true")]
    [InlineData("null", "null")]
    [InlineData("yes", "\"yes\"")]
    [InlineData("'5'", "\"5\"")]
    [InlineData("00123", "\"00123\"")]
    [InlineData("\"{{ input.text }}\"", "\"hi\"")]
    [InlineData("\"{{ 1 + 1 }}\"", "2")]
    [InlineData("\"{{ 1 + 1 }}!\"", "\"2!\"")]
    [InlineData("\"{{ input }}\"", "{\"text\":\"hi\"}")]
    [InlineData("\"{{ [1, { a: null }] }}\"", "[1,{\"a\":null}]")]
    [InlineData("[ 1, \"{{ 2 }}\", { a: \"{{ input.text }}\", b: \"{{ undefined }}\" } ]", "[1,2,{\"a\":\"hi\"}]")]
    [InlineData("\"{{ NaN }}\"", "null")]
    public void A_value_keeps_its_type(string value, string stored)
    {
        var result = Conversation.Run($"name: a\nstart: [ {{ set: {{ context.v: {value} }} }} ]");
        Assert.Null(result.Failure);
        Assert.Equal($$"""{"v":{{stored}}}""", result.Context.ToJsonString());
    }

    [Fact]
    public void A_text_that_is_cut_through_an_emoji_ends_with_a_replacement_character()
    {
        var result = Conversation.Run("""
            name: a
            start:
              - set: { context.cut: "{{ '😀 \\\\ud83d 😀'.slice(0, 11) }}", context.halves: "{{ '😀'.split('') }}" }
              - code: "context.coded = '😀'[0]"
              - say: "{{ context.cut + context.halves.join('') + context.coded }}"
            """);

        Assert.Null(result.Failure);
        Assert.Equal("😀 \\ud83d \ufffd\ufffd\ufffd\ufffd", result.Outputs[0].Text);
        Assert.Equal("\ufffd", (string?)result.Context["coded"]);
    }

    [Fact]
    public void Values_are_set_in_order_and_see_those_before()
    {
        var result = Conversation.Run("""
            name: a
            start:
              - set: { context.a.b: 1, context.c: "{{ context.a.b + 1 }}", profile.d: "{{ context.c + 1 }}" }
              - say: "{{ profile.d }}{{ profile.d + 1 }}"
            """);
        Assert.Equal("""{"a":{"b":1},"c":2}""", result.Context.ToJsonString());
        Assert.Equal("""{"d":3}""", result.Profile.ToJsonString());
        Assert.Equal("34", result.Outputs[0].Text);
    }

    [Fact]
    public void What_is_set_is_what_the_next_expression_sees()
    {
        var result = Conversation.Run("""
            name: a
            start:
              - say: "{{ [context.list.length, typeof context.gone].join() }}"
              - set: { context.list: "{{ context.list.concat(4) }}" }
              - set: { context.deep.er.value: "{{ context.list }}", context.gone: "{{ undefined }}", context.none: null }
              - set: { context.deep.er.more: { a: [] }, profile.name: Ann }
              - say: "{{ [JSON.stringify(context), JSON.stringify(profile)].join() }}"
              - set: { context.list: "{{ context.list.map(x => x * 2).toReversed() }}" }
              - say: "{{ context.list.join('') }}"
            """, """{"list":[1,2,3],"gone":"x"}""");
        Assert.Null(result.Failure);
        Assert.Equal(
            ["3,string", """{"list":[1,2,3,4],"deep":{"er":{"value":[1,2,3,4],"more":{"a":[]}}},"none":null},{"name":"Ann"}""", "8642"],
            result.Outputs.Select(output => output.Text));
    }

    [Fact]
    public void Undefined_removes_what_was_there()
    {
        var result = Conversation.Run("name: a\nstart: [ { set: { context.a: \"{{ undefined }}\" } } ]", """{"a":1,"b":2}""");
        Assert.Equal("""{"b":2}""", result.Context.ToJsonString());
    }
}
