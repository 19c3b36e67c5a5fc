using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

public class FormatTests
{
    [Theory]
    [InlineData("", 1, 1, "A Flow is an object")]
    [InlineData("hello", 1, 1, "A Flow is an object")]
    [InlineData("- a", 1, 1, "A Flow is an object")]
    [InlineData("name: a", 1, 1, "'start' is missing")]
    [InlineData("start: [ stop ]", 1, 1, "'name' is missing")]
    [InlineData("name: Order Status\nstart: [ stop ]", 1, 7, "lower-case")]
    [InlineData("name: \"a\\n\"\nstart: [ stop ]", 1, 7, "lower-case")]
    [InlineData("name: a\nstart: say", 2, 1, "not a list of steps")]
    [InlineData("name: a\nstart: []", 2, 1, "no step")]
    [InlineData("name: a\neror: x\nstart: [ stop ]", 2, 1, "Did you mean 'error'?")]
    [InlineData("name: a\nerror: \"{{ 1 }}\"\nstart: [ stop ]", 2, 8, "no {{ }}")]
    [InlineData("name: a\nstart: [ stop ]\n1st: [ stop ]", 3, 1, "cannot name a section")]
    [InlineData("name: a\nname: b\nstart: [ stop ]", 2, 1, "twice")]
    [InlineData("name: a\nstart:\n  - sya: Hello", 3, 5, "Did you mean 'say'?")]
    [InlineData("name: a\nstart:\n  - Hello", 3, 5, "A step is expected")]
    [InlineData("name: a\nstart:\n  - { id: x }", 3, 5, "A step is missing")]
    [InlineData("name: a\nstart:\n  - say: Hello\n    stop: true", 4, 5, "two steps")]
    [InlineData("name: a\nstart:\n  - say: { txt: Hello }", 3, 12, "Did you mean 'text'?")]
    [InlineData("name: a\nstart:\n  - say: { en: a, deutsch: b }", 3, 19, "'deutsch' is no language tag, such as de or de-AT, and 'en' beside it is")]
    [InlineData("name: a\nstart:\n  - say: { text: { en: a, fooo: b } }", 3, 27, "'fooo' is no language tag")]
    [InlineData("name: a\nstart:\n  - say: { text: A, quickReplies: [ { de: a, english: b } ] }", 3, 46, "'english' is no language tag")]
    [InlineData("name: a\nstart:\n  - say: [ Hello ]", 3, 10, "not a list")]
    [InlineData("name: a\nstart:\n  - say:", 3, 9, "not nothing")]
    [InlineData("name: a\nstart:\n  - say: { text: { a: b } }", 3, 18, "'text' is a text")]
    [InlineData("name: a\nstart:\n  - say: {{ input.text }}", 3, 11, "needs quotes")]
    [InlineData("name: a\nstart:\n  - say: Hello\n    quickReplies: [ A ]", 4, 5, "'say' has no member 'quickReplies'")]
    [InlineData("name: a\nstart:\n  - say: { text: A, quickReplies: [ { payload: b } ] }", 3, 37, "needs a title")]
    [InlineData("name: a\nstart:\n  - say: { text: A, quickReplies: [ '' ] }", 3, 37, "title cannot be empty")]
    [InlineData("name: a\nstart:\n  - say: { text: A, quickReplies: A }", 3, 35, "is a list")]
    [InlineData("name: a\nstart:\n  - say: \"{{ 1 + }}\"", 3, 18, "not a JavaScript expression")]
    [InlineData("name: a\nstart:\n  - say: \"Hi {{ a b }}\"", 3, 19, "not a JavaScript expression")]
    [InlineData("name: a\nstart:\n  - say: |\n      Hello\n      {{ a b }}", 5, 12, "not a JavaScript expression")]
    [InlineData("name: a\nstart:\n  - say: \"{{ }}\"", 3, 14, "missing between")]
    [InlineData("name: a\nstart:\n  - say: \"{{ a\"", 3, 10, "has no }}")]
    [InlineData("name: a\nstart:\n  - say: \"{{ 1); (2 }}\"", 3, 15, "not a JavaScript expression")]
    [InlineData("name: a\nstart:\n  - if: a ===\n    then: [ stop ]", 3, 14, "not a JavaScript expression")]
    [InlineData("name: a\nstart:\n  - if: \"{{ a }}\"\n    then: [ stop ]", 3, 9, "without {{ }}")]
    [InlineData("name: a\nstart:\n  - if: a", 3, 5, "lacks 'then'")]
    [InlineData("name: a\nstart:\n  - if: a\n    then: stop", 4, 11, "list of steps")]
    [InlineData("name: a\nstart:\n  - if: a\n    then: [ stop ]\n    esle: [ stop ]", 5, 5, "Did you mean 'else'?")]
    [InlineData("name: a\nstart:\n  - goTo: strat", 3, 11, "Did you mean 'start'?")]
    [InlineData("name: a\nstart:\n  - { id: x, say: A }\n  - { id: x, say: B }", 4, 11, "names another")]
    [InlineData("name: a\nstart:\n  - { id: start, say: A }", 3, 11, "names another")]
    [InlineData("name: a\nstart:\n  - { id: a b, say: A }", 3, 11, "cannot be an id")]
    [InlineData("name: a\nstart:\n  - switch: input.text\n    cases: { yes: stop }", 4, 19, "'yes' is a list of steps")]
    [InlineData("name: a\nstart:\n  - switch: input.text\n    cases: { yes: [] }", 4, 19, "'yes' has no step")]
    [InlineData("name: a\nstart:\n  - question: A?\n    intents: { foo: { say: a } }", 4, 21, "'foo' is a list of steps")]
    [InlineData("name: a\nstart:\n  - handover: { agentId: '7' }", 3, 17, "only a queue or a script")]
    [InlineData("name: a\nstart:\n  - handover:\n      - queueId: '101'", 4, 7, "'handover' is a text, or an object with queueId")]
    [InlineData("name: a\nstart:\n  - handover: [ a ]", 3, 15, "'handover' is a text, or an object with queueId")]
    [InlineData("name: a\nstart:\n  - handover: { queueId: '1', scriptId: '2' }", 3, 31, "not to both")]
    [InlineData("name: a\nstart:\n  - handover: { queue: '1' }", 3, 17, "Did you mean 'queueId'?")]
    [InlineData("name: a\nstart:\n  - handover: { queueId: '1', cancelButton: No }", 3, 31, "write one")]
    [InlineData("name: a\nstart:\n  - handover: { queueId: '1', timeoutMinutes: soon }", 3, 47, "number of minutes")]
    [InlineData("name: a\nstart:\n  - handover: { queueId: '1', withoutReturn: cry }", 3, 46, "wait or end")]
    [InlineData("name: a\nstart:\n  - handover: { queueId: '1', continueAt: nowhere }", 3, 43, "no section")]
    [InlineData("name: a\nstart:\n  - handover: { queueId: '1', user: { nme: A } }", 3, 39, "Did you mean 'name'?")]
    [InlineData("name: a\nstart:\n  - http: { url: 'https://a.example', headers: { X-Auth-Token: abc } }", 3, 50, "'X-Auth-Token' looks like credentials")]
    [InlineData("name: a\nstart:\n  - http: { url: 'https://a.example', headers: { Ocp-Apim-Subscription-Key: abc } }", 3, 50, "looks like credentials")]
    [InlineData("name: a\nstart:\n  - handover: '1'\n    onQueued: [ { question: Why? } ]", 4, 19, "cannot stand in 'onQueued'")]
    [InlineData("name: a\nstart:\n  - handover: '1'\n    onAgent: [ { if: 'true', then: [ { goTo: start } ] } ]", 4, 40, "cannot stand in 'onAgent'")]
    [InlineData("name: a\nstart:\n  - goTo: x\n  - handover: '1'\n    onQueued: [ { say: A }, { say: B, id: x } ]", 3, 11, "'x' lies in 'onQueued'")]
    [InlineData("name: a\nstart:\n  - handover: '1'\n    onAgent: [ { if: 'true', then: [ { say: B, id: x } ] } ]\n  - handover: { queueId: '1', continueAt: x }", 5, 43, "'x' lies in 'onAgent'")]
    [InlineData("name: a\nstart:\n  - handover: '1'\n    onInactivity: [ { say: B, id: x } ]\nmore:\n  - goTo: x", 6, 11, "'x' lies in 'onInactivity'")]
    [InlineData("name: a\nstart:\n  - optionalQuestion: { text: A, type: yesNo }\n    then: [ { if: 'true', then: [ { say: B, id: x } ] } ]\n  - goTo: x", 5, 11, "'x' lies in 'then'")]
    [InlineData("name: a\nstart:\n  - optionalQuestion: { text: A, type: yesNo }\n    then: [ { say: B, id: x } ]\n  - handover: { queueId: '1', continueAt: x }", 5, 43, "'x' lies in 'then'")]
    [InlineData("name: a\nstart:\n  - optionalQuestion: { text: A, type: yesNo }\n    then:\n      - say: B\n        id: x\n      - optionalQuestion: { text: A, type: yesNo }\n        then: [ { goTo: x } ]", 8, 25, "'x' lies in 'then'")]
    [InlineData("name: a\nstart:\n  - endConversation: now", 3, 22, "takes nothing")]
    [InlineData("name: a\nstart:\n  - stop: now", 3, 11, "takes nothing")]
    [InlineData("name: a\nstart:\n  - set: { input.x: 1 }", 3, 12, "not a place to store")]
    [InlineData("name: a\nstart:\n  - set: { context: 1 }", 3, 12, "not a place to store")]
    [InlineData("name: a\nstart:\n  - set: { context.__proto__.x: 1 }", 3, 12, "not a place to store")]
    [InlineData("name: a\nstart:\n  - set: { context.a-b: 1 }", 3, 12, "not a place to store")]
    [InlineData("name: a\nstart:\n  - set: {}", 3, 10, "places and values")]
    [InlineData("name: a\nstart:\n  - question: { text: A, saveTo: session.x }", 3, 34, "not a place to store")]
    [InlineData("name: a\nstart:\n  - question: { type: text }", 3, 15, "lacks 'text'")]
    [InlineData("name: a\nstart:\n  - question: { text: A, type: nmber }", 3, 32, "Did you mean 'number'?")]
    [InlineData("name: a\nstart:\n  - question: { text: A, type: regex }", 3, 15, "lacks 'pattern'")]
    [InlineData("name: a\nstart:\n  - question: { text: A, type: regex, pattern: '(' }", 3, 48, "not a regular expression")]
    [InlineData("name: a\nstart:\n  - question: { text: A, type: choice }", 3, 15, "lacks 'options'")]
    [InlineData("name: a\nstart:\n  - question: { text: A, pattern: x }", 3, 26, "belongs to questions of type regex")]
    [InlineData("name: a\nstart: [ stop", 3, 1, "This is not YAML")]
    [InlineData("name: a\n\tstart: [ stop ]", 1, 7, "This is not YAML")]
    [InlineData("name: a\nstart: [ stop ]\n---\nname: b", 3, 1, "second document")]
    [InlineData("name: !js a\nstart: [ stop ]", 1, 7, "Tags")]
    [InlineData("name: a\nstart: [ *other ]", 2, 10, "no '&other'")]
    [InlineData("name: a\nstart: &s [ *s ]", 2, 13, "cannot hold itself")]
    public void A_document_that_is_not_a_flow_is_refused_with_its_place(string source, int line, int column, string message)
    {
        var problem = Assert.Single(Assert.Throws<FlowFormatException>(() => Flow.Parse(source)).Problems);
        Assert.Contains(message, problem.Message);
        Assert.Equal((line, column), (problem.Line, problem.Column));
    }

    [Fact]
    public void All_problems_are_told_at_once_in_the_order_of_the_document()
    {
        var refused = Assert.Throws<FlowFormatException>(() => Flow.Parse("""
            name: A
            start:
              - say: "{{ 1 + }}"
              - goTo: nowhere
              - question: { text: A, type: choose, saveTo: x }
            other:
              - jump: start
            """));
        Assert.Equal([1, 3, 4, 5, 5, 7], refused.Problems.Select(problem => problem.Line));
        Assert.Contains("line 4, column 11: There is no section", refused.Message);
    }

    [Fact]
    public void Aliases_may_be_used()
    {
        var result = Conversation.Run("""
            name: a
            start:
              - say: { text: A, quickReplies: &menu [ Tea, Coffee ] }
              - say: { text: B, quickReplies: *menu }
            """);
        Assert.Equal(["Tea", "Coffee"], result.Outputs[1].QuickReplies.Select(reply => reply.Title));
    }

    [Fact]
    public void Aliases_count_in_full()
    {
        var bomb = "name: a\na0: &a0 [ x, x, x, x, x, x, x, x, x, x ]\n" + string.Join('\n', Enumerable.Range(1, 9).Select(i =>
            $"a{i}: &a{i} [ {string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))} ]"));
        Assert.Contains("20000 values", Refusal(bomb));
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Deep_nesting_is_refused(string opening) =>
        Assert.Contains("nested more than 50", Refusal("name: a\nstart:\n  " + string.Concat(Enumerable.Repeat(opening, 100_000))));

    [Theory]
    [InlineData("(")]
    [InlineData("[")]
    [InlineData("!")]
    [InlineData("-")]
    [InlineData("{a:")]
    [InlineData("a?")]
    [InlineData("a=>")]
    [InlineData("`${")]
    [InlineData("new ")]
    [InlineData("a(")]
    public void An_expression_nested_without_end_is_refused(string opening)
    {
        var expression = string.Concat(Enumerable.Repeat(opening, 4_000 / opening.Length));
        Assert.NotEmpty(Refusal($"name: a\nstart:\n  - if: '{expression}'\n    then: [ stop ]"));
    }

    /// <summary>As long as an expression may be, in a thread with a small stack.</summary>
    [Theory]
    [InlineData("1", "+1", "", "")]
    [InlineData("", "(", "1", ")")]
    [InlineData("", "!", "1", "")]
    [InlineData("", "[", "", "]")]
    [InlineData("", "1?", "1", ":0")]
    [InlineData("", "a=>", "1", "")]
    [InlineData("", "1,", "1", "")]
    [InlineData("a", ".a", "", "")]
    [InlineData("a", "()", "", "")]
    [InlineData("", "`${", "1", "}`")]
    [InlineData("/", "(", "a", ")")]
    public void A_deep_expression_never_takes_the_process_down(string start, string open, string middle, string close)
    {
        var count = 4_000 / (open.Length + close.Length);
        var expression = start + string.Concat(Enumerable.Repeat(open, count)) + middle + string.Concat(Enumerable.Repeat(close, count));
        if (start == "/") expression += "/";
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(() => Conversation.RunExpression(expression)), 512 * 1024);
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(60)));
        Assert.True(thrown is null or FlowFormatException, thrown?.ToString());
    }

    [Fact]
    public void A_document_over_one_mebibyte_is_refused() =>
        Assert.Contains("1 MiB", Refusal("name: a\nstart: [ stop ]\n" + new string('#', 1024 * 1024)));

    [Fact]
    public void A_name_of_64_characters_is_the_longest()
    {
        Assert.Equal(64, Flow.Parse($"name: {new string('a', 64)}\nstart: [ stop ]").Name.Length);
        Assert.Contains("64", Refusal($"name: {new string('a', 65)}\nstart: [ stop ]"));
    }

    [Fact]
    public void An_expression_of_more_than_4096_characters_is_refused() =>
        Assert.Contains("4096", Refusal($"name: a\nstart: [ {{ say: \"{{{{ '{new string('a', 4096)}' }}}}\" }} ]"));

    private static string Refusal(string source) => Assert.Throws<FlowFormatException>(() => Flow.Parse(source)).Problems[^1].Message;

    [Theory]
    [InlineData("agent: { rasa: 'https://me:secret@rasa.example.com' }", "user name or a password")]
    [InlineData("agent: { rasa: 'https://rasa.example.com?token=abc' }", "'token'")]
    [InlineData("agent: { webhook: 'https://bot.example.com/hook?a=1&Access_Token=abc' }", "'Access_Token'")]
    [InlineData("agent: { directLine: 'https://me@directline.example.com' }", "user name or a password")]
    [InlineData("ask: { url: 'https://me:secret@llm.example.com/v1', model: m }", "user name or a password")]
    [InlineData("ask: { url: 'https://llm.example.com/v1?api-version=1&api_key=abc', model: m }", "'api_key'")]
    [InlineData("http: 'https://me:secret@api.example.com/{{ input.text }}'", "user name or a password")]
    [InlineData("http: 'https://api.example.com/{{ input.text }}?sig=abc'", "'sig'")]
    [InlineData("http: { url: 'https://api.example.com', query: { apikey: abc } }", "'apikey'")]
    public void Credentials_in_a_url_are_refused_with_a_word_of_the_connection_that_is_to_hold_them(string step, string why)
    {
        var problem = Assert.Single(Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart:\n  - {step}")).Problems);

        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
        Assert.Contains("connection", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_Direct_Line_has_a_token_url() =>
        Assert.Contains("for directLine alone", Assert.Single(Assert.Throws<FlowFormatException>(() => Flow.Parse(
            "name: a\nstart:\n  - agent: { rasa: 'https://rasa.example.com', tokenUrl: 'https://copilot.example.com' }")).Problems).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("start: [ stop ]\nnlu: { provider: rasa, url: 'https://rasa.example.com?token=abc' }")]
    [InlineData("start: [ stop ]\nnlu: { provider: rasa, url: 'https://me:abc@rasa.example.com' }")]
    public void Credentials_in_the_url_of_what_understands_are_refused(string flow)
    {
        var problem = Assert.Single(Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\n{flow}")).Problems);

        Assert.Contains("connection", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http: 'https://api.example.com/?token={{ context.token }}&sort=key'")]
    [InlineData("http: { url: 'https://api.example.com', query: { token: '{{ context.token }}' } }")]
    [InlineData("agent: { rasa: 'https://rasa.example.com?stream=false&token=' }")]
    [InlineData("agent: { directLine: , tokenUrl: 'https://copilot.example.com/directline/token?api-version=2022-03-01-preview' }")]
    [InlineData("ask: { url: 'https://llm.example.com/v1?api-version=2024-10-21', model: m }")]
    public void A_url_without_credentials_of_its_own_is_taken(string step) => Flow.Parse($"name: a\nstart:\n  - {step}");
}
