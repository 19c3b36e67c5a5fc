using System.Xml.Linq;
using EightByEight.DevHost;
using EightByEight.Functions.Tests.Flows;

namespace EightByEight.Functions.Tests.Development;

/// <summary><c>flow test</c>: conversations of a script, through the product's own turns and without storage.</summary>
public sealed class FlowTestTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flow-test");

    public void Dispose() => _folder.Delete(recursive: true);

    public static TheoryData<string> Samples =>
        [.. Directory.GetFiles(Path.Combine(SampleFlowTests.Root, "flows", "tests"), "*.test.yaml").Select(file => Path.GetFileName(file)!)];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task The_tests_of_each_sample_pass(string file)
    {
        var (exit, output) = await RunAsync(Path.Combine(SampleFlowTests.Root, "flows", "tests", file));
        Assert.True(exit == 0, output);
    }

    [Fact]
    public void Each_sample_has_tests() => Assert.Equal(
        Directory.GetFiles(Path.Combine(SampleFlowTests.Root, "flows"), "*.yaml").Select(Path.GetFileNameWithoutExtension).Order(),
        Directory.GetFiles(Path.Combine(SampleFlowTests.Root, "flows", "tests")).Select(file => Path.GetFileName(file).Replace(".test.yaml", "", StringComparison.Ordinal)).Order());

    [Fact]
    public async Task What_is_said_and_not_expected_stands_beside_what_is_expected_with_its_place()
    {
        var (exit, output) = await TestAsync("""
            start:
              - say: Hello!
              - say: { text: How can I help?, quickReplies: [ Buy, Return ] }
              - say: Bye!
            """, """
            - customer: Hi
            - bot: Hello!
            - bot: { text: How can I help?, quickReplies: [ Buy, Complain ] }
            - bot: Bye!
            """);
        Assert.Equal(1, exit);
        Assert.Contains("""
              ✗ test
                  FILE(6,9): not as expected
                  after customer: Hi
                    Hello!
                  - How can I help?  [Buy] [Complain]
                  + How can I help?  [Buy] [Return]
                    Bye!
            """, output, StringComparison.Ordinal);
        Assert.EndsWith("1 test, 1 failed.\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("- bot: Bye!", "- Bye!\n")]
    [InlineData("- customer: Hi\n- customer: Hi again\n- bot: Hello!", "after customer: Hi\n      + Hello!\n")]
    [InlineData("- customer: Hi\n- bot: Hello!\n- bot: Hello!", "- Hello!\n")]
    [InlineData("- customer: Hi\n- bot: { contains: Good }", "- … Good …\n      + Hello!")]
    [InlineData("- customer: { click: Buy }", "There is no button 'Buy' to click. None is shown.")]
    [InlineData("- customer: Hi\n- bot: Hello!\n- expect: { context: { order: 1 } }", "context.order: expected 1, is nothing")]
    [InlineData("- customer: Hi\n- bot: Hello!\n- expect: { handover: requested }", "handover: expected \"requested\", is nothing")]
    [InlineData("- customer: Hi\n- bot: Hello!\n- expect: { ended: true }", "ended: expected true, is false")]
    public async Task A_script_that_expects_something_else_fails(string conversation, string told)
    {
        var (exit, output) = await TestAsync("start: [ { say: Hello! } ]", conversation);
        Assert.Equal(1, exit);
        Assert.Contains(told, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flow_that_fails_fails_its_test_unless_that_is_expected()
    {
        const string flow = "start: [ { set: { context.a: \"{{ nobody.a }}\" } } ]";
        var (exit, output) = await TestAsync(flow, "- customer: Hi\n- bot: Sorry, something went wrong. Please try again.");
        Assert.Equal(1, exit);
        Assert.Contains("The Flow failed at start/0, line 2:", output, StringComparison.Ordinal);
        Assert.Equal(0, (await TestAsync(flow, """
            - customer: Hi
            - expect: { failure: nobody is not defined }
            - bot: Sorry, something went wrong. Please try again.
            """)).Exit);
    }

    [Fact]
    public async Task What_no_stub_answers_fails_the_test_and_says_how_to_write_one()
    {
        var (exit, output) = await TestAsync("start: [ { id: look, queueStatus: { queueId: \"7\", saveTo: context.queue } } ]", "- customer: Hi");
        Assert.Equal(1, exit);
        Assert.Contains("The step start/0 (queueStatus, line 2) asks the world, and no stub answers: {\"queueId\":\"7\",\"step\":\"queueStatus\"}", output,
            StringComparison.Ordinal);
        Assert.Contains("- { step: queueStatus, answer: … }", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("step: queueStatus")]
    [InlineData("step: look")]
    [InlineData("step: start/0")]
    [InlineData("step: queueStatus, when: { queueId: \"7\" }")]
    public async Task A_stub_names_the_step_by_its_kind_its_id_or_its_path_or_by_what_it_asks(string stub)
    {
        var (exit, output) = await TestAsync("""
            start:
              - id: look
                queueStatus: { queueId: "7", saveTo: context.queue }
                onError: [ { say: Nobody knows. } ]
              - say: "{{ context.queue?.waiting }} wait."
            """, $$"""
            - customer: Hi
            - bot: 3 wait.
            - customer: And now?
            - bot: 2 wait.
            - customer: And now?
            - bot: 2 wait.
            """, $"stubs: [ {{ {stub}, answers: [ {{ waiting: 3 }}, {{ waiting: 2 }} ] }}, {{ step: schedule, answer: open }} ]");
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task A_stub_of_a_url_or_an_error_answers_for_an_agent()
    {
        const string flow = """
            start:
              - agent: { webhook: "https://bot.example.com/talk" }
                onError: [ { say: It is away. } ]
            """;
        var (exit, output) = await TestAsync(flow, "- customer: Hi\n- bot: Hello from afar.\n- expect: { asked: [ { text: Hi } ] }",
            "stubs: [ { url: \"https://bot.example.com/*\", answer: { outputs: [ { text: Hello from afar. } ] } } ]");
        Assert.True(exit == 0, output);
        (exit, output) = await TestAsync(flow, "- customer: Hi\n- bot: It is away.", "stubs: [ { step: agent, error: 503 } ]");
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task A_virtual_agent_may_speak_later()
    {
        var (exit, output) = await TestAsync("""
            start:
              - agent: { directLine: }
                onHandover: [ { say: "For {{ input.agent.handover.queueId }}." }, stop ]
            """, """
            - customer: Is it there?
            - bot: Let me see.
            - wait: 1 minute
            - later: Found it.
            - bot: Found it.
            - later: { outputs: [ Shall I?, { text: Or not?, quickReplies: [ No ] } ], data: { found: 1 } }
            - bot: Shall I?
            - bot: { text: Or not?, quickReplies: [ No ] }
            - later: { handover: { queueId: "7" } }
            - bot: For 7.
            """, "stubs: [ { step: agent, answer: { outputs: [ Let me see. ] } } ]");
        Assert.True(exit == 0, output);
    }

    [Theory]
    [InlineData("- later: Found it.", "No step 'agent' waits for it")]
    [InlineData("- later: { text: Found it. }", "'later' has no member 'text'")]
    [InlineData("- later: [ Found it. ]", "'later' is an object, not a list")]
    public async Task What_nobody_can_say_later_is_told(string line, string why)
    {
        var (exit, output) = await TestAsync("start: [ { say: Hello. } ]", $"- customer: Hi\n- bot: Hello.\n{line}", "");
        Assert.Equal(1, exit);
        Assert.Contains(why, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("answer: { name: Ann }", "200 Ann")]
    [InlineData("answer: { status: 201, body: { name: Bob } }", "201 Bob")]
    [InlineData("answer: { status: 404 }", "failed 404 The stub answered 404.")]
    [InlineData("error: It is away.", "failed null It is away.")]
    public async Task A_server_that_is_asked_by_http_is_stubbed_with_its_body_its_status_or_an_error(string answer, string said)
    {
        var (exit, output) = await TestAsync("""
            start:
              - http: { url: "https://api.example.com/{{ input.text }}", json: { a: 1 } }
                onError:
                  - say: "failed {{ String(input.result.status) }} {{ input.result.error }}"
                  - stop
              - say: "{{ input.result.status }} {{ input.result.body.name }}"
            """, $"- customer: Hi\n- bot: {said}", $"stubs: [ {{ url: \"https://api.example.com/Hi\", when: {{ method: POST, json: {{ a: 1 }} }}, {answer} }} ]");
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task A_service_that_understands_is_stubbed()
    {
        var (exit, output) = await TestAsync("""
            intents: { cancel: { reply: As you like. }, help: { reply: Sure. } }
            nlu: { provider: rasa, url: "https://rasa.example.com" }
            start: [ { say: Welcome! } ]
            """, "- customer: forget it\n- bot: As you like.\n- expect: { intent: cancel }\n- customer: help me\n- bot: Sure.",
            "stubs: [ { step: nlu, when: { text: forget it }, answer: { ranking: [ { intent: cancel, score: 0.9 } ] } }, { step: nlu, answer: help } ]");
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task Translation_goes_by_the_words_of_the_script_and_what_is_missing_fails_the_test()
    {
        const string flow = "start: [ { question: { text: How are you?, saveTo: context.mood } }, { say: Nice! } ]";
        const string settings = """
            endpoint: { translation: { enabled: true, flowLanguage: en, userLanguage: de } }
            translations: { Hallo: Hello, gut: fine, How are you?: Wie geht es?, Nice!: Schön! }
            """;
        var (exit, output) = await TestAsync(flow, """
            - customer: Hallo
            - bot: Wie geht es?
            - customer: gut
            - bot: Schön!
            - expect: { context: { mood: fine } }
            """, settings);
        Assert.True(exit == 0, output);
        (exit, output) = await TestAsync(flow, "- customer: Guten Tag", settings);
        Assert.Equal(1, exit);
        Assert.Contains("'Guten Tag' is to be translated to EN", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Time_passes_as_the_script_says_and_delays_are_not_waited_for()
    {
        var (exit, output) = await TestAsync("""
            start:
              - delay: 300
              - say: "{{ input.currentTime.ISODate.slice(0, 10) }}, {{ input.session.isNew ? 'new' : 'known' }}"
            """, """
            - customer: Hi
            - bot: 2026-05-04, new
            - wait: 10 minutes
            - customer: Hi
            - bot: 2026-05-04, known
            - wait: 1 day
            - customer: Hi
            - bot: 2026-05-05, new
            """, "now: 2026-05-04T08:00:00Z");
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task Cards_are_sent_filled_in_and_media_are_known_by_their_urls()
    {
        var (exit, output) = await TestAsync("""
            start:
              - say:
                  adaptiveCard:
                    type: AdaptiveCard
                    version: "1.3"
                    body: [ { type: Input.Text, id: name, label: Your name } ]
                    actions: [ { type: Action.Submit, title: Send } ]
              - waitForInput
              - say: "Hello {{ input.data.adaptivecards.name }}!"
              - say: { image: "https://example.com/a.png" }
            """, """
            - customer: Hi
            - bot: { cards: [ { type: AdaptiveCard, body: [ { id: name, label: Your name } ] } ] }
            - customer: { form: { name: Ann } }
            - bot: Hello Ann!
            - bot: { media: [ "https://example.com/a.png" ] }
            """);
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task What_is_injected_reaches_the_flow()
    {
        var (exit, output) = await TestAsync("start: [ { say: \"{{ input.data.order ? 'Order ' + input.data.order : 'Hello' }}\" } ]", """
            - customer: Hi
            - bot: Hello
            - inject: { data: { order: 7 } }
            - bot: Order 7
            - inject: { sessionId: rehearsal-1, text: "", data: { order: 8 } }
            - bot: Order 8
            - inject: Hey
            - bot: Hello
            """);
        Assert.True(exit == 0, output);
    }

    [Theory]
    [InlineData("{ txt: hey }", "'inject' has no member 'txt'. Did you mean 'text'?")]
    [InlineData("{ text: [ hey ] }", "$.text must be a string.")]
    [InlineData("{ data: 7 }", "$.data must be an object.")]
    [InlineData("{ whenEnded: deliver }", "There is nothing to say: give $.text, $.data or $.attachments.")]
    [InlineData("{ sessionId: other, text: hey }", "No session runs in the conversation.")]
    [InlineData("{ conversationId: other, text: hey }", "There is no conversation 'other': this one is 'rehearsal', and a body need not name it.")]
    public async Task What_cannot_be_injected_fails_the_test_with_the_reason_and_its_place(string body, string reason)
    {
        var (exit, output) = await TestAsync("start: [ stop ]", $"- customer: Hi\n- inject: {body}");
        Assert.Equal(1, exit);
        Assert.Contains("FILE(6,", output, StringComparison.Ordinal);
        Assert.Contains(reason, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Beside_an_agent_nothing_is_injected_unless_it_says_so()
    {
        const string flow = """
            start:
              - if: input.data.order
                then: [ { say: Shipped. }, stop ]
              - handover: { queueId: "7", message: One moment. }
            """;
        const string settings = "endpoint: { handover: { returnScriptId: s1 } }";
        const string conversation = "- customer: Hi\n- bot: One moment.\n- queue: Tea\n- agent: joins\n- inject: { data: { order: 7 }";
        var (_, refused) = await TestAsync(flow, conversation + " }", settings);
        Assert.Contains("An agent is in the conversation", refused, StringComparison.Ordinal);
        var (exit, output) = await TestAsync(flow, conversation + ", whenAgent: deliver }\n- bot: Shipped.", settings);
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task A_transcript_hides_what_is_blind_and_leaves_out_what_is_excluded()
    {
        var (exit, output) = await TestAsync("""
            start:
              - dataProtection: { blind: true }
              - say: { text: Only for you, excludeFromTranscript: true }
              - question: { text: "Card?", saveTo: context.card }
              - dataProtection: { blind: false }
              - waitForInput
              - say: { text: Only for you, excludeFromTranscript: true }
              - waitForInput
              - transcript: { format: text }
              - say: "{{ input.transcript }}"
            """, """
            - customer: Hi
            - bot: Only for you
            - bot: Card?
            - customer: "4111"
            - customer: Thanks
            - bot: Only for you
            - customer: And?
            - bot: "user: ***\nbot: ***\nuser: ***\nuser: Thanks\nuser: And?"
            """);
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task An_input_that_began_blind_stays_so_after_its_turn_paused()
    {
        var (exit, output) = await TestAsync("""
            start:
              - dataProtection: { blind: true }
              - question: { text: "Card?", saveTo: context.card }
              - dataProtection: { blind: false }
              - delay: 1
              - say: "{{ context.card }}"
              - transcript: { format: text, turns: 1 }
              - say: "{{ input.transcript }}"
            """, """
            - customer: Hi
            - bot: Card?
            - customer: "4111"
            - bot: "4111"
            - bot: "user: ***\nbot: ***\nuser: ***\nbot: ***"
            """);
        Assert.True(exit == 0, output);
    }

    [Theory]
    [InlineData("leave the queue please")]
    [InlineData("please leave the queue")]
    public async Task A_handover_is_cancelled_by_what_the_customer_means(string text)
    {
        var (exit, output) = await TestAsync("""
            intents: { stopWaiting: [ leave the queue please ] }
            start:
              - handover: { queueId: "7", message: One moment., cancelIntent: stopWaiting }
              - say: "{{ input.handover.status }}"
            """, $"- customer: Hi\n- bot: One moment.\n- queue: Tea\n- customer: nice weather\n- customer: {text}\n- bot: cancelled", "endpoint: { handover: { returnScriptId: s1 } }");
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task A_flow_that_is_called_is_found_beside_its_caller()
    {
        Write("address.yaml", "name: address\nstart: [ { question: Which town? }, { return: \"{{ input.result }}\" } ]");
        var (exit, output) = await TestAsync("start: [ { call: { flow: address, saveTo: context.town } }, { say: \"To {{ context.town }}.\" } ]", """
            - customer: Hi
            - bot: Which town?
            - customer: Rome
            - bot: To Rome.
            """);
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task All_that_is_wrong_with_a_script_is_told_with_its_place()
    {
        Write("main.yaml", "name: main\nstart: [ stop ]");
        var (exit, output) = await RunAsync(Write("a.test.yaml", """
            flow: main.yaml
            test: 1
            tests:
              - name: one
                conversation:
                  - custmer: Hi
                  - wait: a while
                  - expect: { contxt: { } }
            """));
        Assert.Equal(1, exit);
        Assert.Contains("(2,1): not as expected", output, StringComparison.Ordinal);
        Assert.Contains("(6,9): not as expected", output, StringComparison.Ordinal);
        Assert.Contains("'wait' is a time such as 30 seconds", output, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'context'?", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_faulty_flow_or_setting_is_told()
    {
        var (exit, output) = await TestAsync("start: [ { sya: Hi } ]", "- customer: Hi");
        Assert.Equal(1, exit);
        Assert.Contains("main.yaml(2,12): 'sya' is not a step.", output, StringComparison.Ordinal);
        (exit, output) = await TestAsync("start: [ stop ]", "- customer: Hi", "endpoint: { timeZone: Mars, transformers: { input: true } }");
        Assert.Equal(1, exit);
        Assert.Contains("endpoint.transformers cannot be rehearsed", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task JUnit_has_one_suite_for_each_file_and_one_failure_for_each_that_fails()
    {
        Write("main.yaml", "name: main\nstart: [ { say: Hello! } ]");
        var script = Write("a.test.yaml", """
            flow: main.yaml
            tests:
              - { name: well, conversation: [ { customer: Hi }, { bot: Hello! } ] }
              - { name: wrong, conversation: [ { customer: Hi }, { bot: Bye! } ] }
            """);
        var report = Path.Combine(_folder.FullName, "junit.xml");
        await RunAsync(script, "--junit", report);
        var suite = XDocument.Load(report).Root!.Elements("testsuite").Single();
        Assert.Equal(("2", "1"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value));
        Assert.Equal(["well", "wrong"], suite.Elements("testcase").Select(test => test.Attribute("name")!.Value));
        Assert.Contains("- Bye!\n+ Hello!", suite.Descendants("failure").Single().Value, StringComparison.Ordinal);
    }

    private Task<(int Exit, string Output)> TestAsync(string flow, string conversation, string settings = "")
    {
        Write("main.yaml", "name: main\n" + flow);
        return RunAsync(Write("a.test.yaml", "flow: main.yaml\n" + (settings.Length == 0 ? "" : settings + "\n")
            + "tests:\n  - name: test\n    conversation:\n" + string.Concat(conversation.Split('\n').Select(line => $"      {line}\n"))));
    }

    private string Write(string name, string content)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    private static async Task<(int Exit, string Output)> RunAsync(params string[] args)
    {
        var output = new StringWriter { NewLine = "\n" };
        var exit = await FlowCommand.RunAsync(["flow", "test", .. args], output, TestContext.Current.CancellationToken);
        return (exit, output.ToString().Replace(args[0], "FILE", StringComparison.Ordinal));
    }
}
