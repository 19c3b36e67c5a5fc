using System.Diagnostics;
using System.Text;
using EightByEight.DevHost;
using EightByEight.DevHost.Chats;
using EightByEight.Functions.Tests.Agents;
using EightByEight.Functions.Tests.Flows;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Development;

/// <summary><c>chat</c>: a person, or a pipe, talks to a Flow.</summary>
public sealed class ChatTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chat");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Steps_are_shown_as_they_run_then_what_is_said_then_what_is_remembered() => Assert.Equal("""
        > Hi
          · set count  (line 3)
          · say  (line 4)
        bot: Hello! What can I do for you?
             [1] Buy   [2] Complain
          = context.count: 1
          = context.cart.items: ["tea"]
        > Hi again
          · set count  (line 3)
          · say  (line 4)
        bot: Hello! What can I do for you?
             [1] Buy   [2] Complain
          = context.count: 2 (was 1)

        """, await ChatAsync("""
        start:
          - { id: count, set: { context.count: "{{ (context.count ?? 0) + 1 }}", context.cart: { items: [ tea ] } } }
          - say: { text: Hello! What can I do for you?, quickReplies: [ Buy, Complain ] }
        """, "Hi", "Hi again"), ignoreLineEndingDifferences: true);

    [Theory]
    [InlineData("2", "You took complaint.")]
    [InlineData("complain", "You took complaint.")]
    [InlineData(":say 2", "You took 2.")]
    [InlineData("3", "You took 3.")]
    public async Task A_number_or_a_title_clicks_what_is_offered(string typed, string answer) =>
        Assert.Contains($"bot: {answer}\n", await ChatAsync("""
            start:
              - say: { text: What can I do?, quickReplies: [ Buy, { title: Complain, payload: complaint } ] }
              - waitForInput
              - say: "You took {{ input.text }}."
            """, "Hi", typed), StringComparison.Ordinal);

    [Fact]
    public async Task A_number_answers_a_question_once_other_things_are_said() =>
        Assert.Contains("context.cups: 2\n", await ChatAsync("""
            start:
              - say: { text: What can I do?, quickReplies: [ Buy, Complain ] }
              - waitForInput
              - question: { text: How many?, type: number, saveTo: context.cups }
            """, "Hi", "1", "2"), StringComparison.Ordinal);

    [Fact]
    public async Task A_card_is_read_in_words_and_filled_in_with_form()
    {
        var output = await ChatAsync("""
            start:
              - say:
                  adaptiveCard:
                    type: AdaptiveCard
                    version: "1.3"
                    body: [ { type: TextBlock, text: Which size? }, { type: Input.Number, id: size } ]
                    actions: [ { type: Action.Submit, title: Send } ]
              - waitForInput
              - say: "Size {{ input.data.adaptivecards.size }}."
            """, "Hi", """:form { "size": 42 }""");

        Assert.Contains("bot: Which size?\n", output, StringComparison.Ordinal);
        Assert.Contains(""":form { "size": "…" }""", output, StringComparison.Ordinal);
        Assert.Contains("bot: Size 42.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_comes_without_a_text() =>
        Assert.Contains("bot: Paid: 12.\n", await ChatAsync("start: [ { say: \"Paid: {{ input.data.paid }}.\" } ]", """:data { "paid": 12 }"""), StringComparison.Ordinal);

    [Fact]
    public async Task A_Flow_that_fails_tells_where_and_the_chat_goes_on()
    {
        var output = await ChatAsync("""
            start:
              - if: input.text === 'boom'
                then:
                  - set: { context.a: "{{ nobody.a }}" }
              - say: Still here.
            """, "boom", "Hi");

        Assert.Contains("✗ The Flow failed. test, start/0/then/0, line 5: ", output, StringComparison.Ordinal);
        Assert.Contains("nobody is not defined", output, StringComparison.Ordinal);
        Assert.Contains("bot: Still here.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handover_is_told_and_played()
    {
        var output = await ChatAsync("""
            start:
              - handover: { queueId: "7", message: One moment., summary: Likes tea }
                onQueued: [ { say: "You are in {{ input.handover.queueName }}." } ]
              - say: "Welcome back: {{ input.handover.status }}."
            """, "Hi", ":queue Tea", "Anybody?", ":agent joins", ":agent Hello!", ":agent left");

        Assert.StartsWith("> Hi\n  · handover  (line 3)\nbot: One moment.\n", output, StringComparison.Ordinal);
        Assert.Contains("→ 8x8 would give the customer to queue 7 now (summary: Likes tea).", output, StringComparison.Ordinal);
        Assert.Contains("bot: You are in Tea.\n", output, StringComparison.Ordinal);
        Assert.Contains("> Anybody?\n  The Flow does not hear this", output, StringComparison.Ordinal);
        Assert.Contains("= handover: \"agent\"", output, StringComparison.Ordinal);
        Assert.Contains("bot: Welcome back: completed.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_really_made()
    {
        await using var server = await AgentServer.StartAsync(_ => (200, """{ "state": "on its way" }"""));
        server.Dress = (_, answer) => answer.ContentType = "application/json";

        var output = await ChatAsync($$$"""
            start:
              - http: { url: "{{{server.Url}}}/orders/1" }
              - say: "It is {{ input.result.body.state }}."
            """, "Hi");

        Assert.Contains($"→ GET {server.Url}/orders/1: 200\n", output, StringComparison.Ordinal);
        Assert.Contains("bot: It is on its way.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_conversation_repeats_no_request()
    {
        await using var server = await AgentServer.StartAsync();

        await ChatAsync($$"""start: [ { http: { url: "{{server.Url}}", method: POST } } ]""", "Hi", ":reset", "Hi");

        Assert.Equal(2, server.Calls.Select(call => call.Headers["Idempotency-Key"].ToString()).Distinct().Count());
    }

    [Fact]
    public async Task What_needs_8x8_or_a_connection_is_told_and_fails_until_the_author_answers_it()
    {
        var output = await ChatAsync("""
            start:
              - queueStatus: { queueId: "7", saveTo: context.queue }
                onError: [ { set: { context.queue: { waiting: 0 } } } ]
              - http: { url: "http://127.0.0.1:9/x", connection: orders }
                onError: [ { say: No answer. } ]
              - say: "{{ context.queue.waiting }} wait, {{ input.result.body?.state }}."
            """, "Hi", """:answer queueStatus { "waiting": 3 }""", """:answer http { "state": "shipped" }""", "Hi");

        Assert.Contains("→ 8x8 would be asked how the queue 7 is.\n    Answer in its place with :answer queueStatus", output, StringComparison.Ordinal);
        Assert.Contains("→ GET http://127.0.0.1:9/x would be asked with the connection 'orders', which a chat does not have.\n", output, StringComparison.Ordinal);
        Assert.Contains("bot: No answer.\n", output, StringComparison.Ordinal);
        Assert.Contains("bot: 3 wait, shipped.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Time_passes_when_it_is_told_to()
    {
        var output = await ChatAsync("start: [ { say: \"It is {{ input.currentTime.hour }}, input {{ input.execution }}.\" } ]", "Hi", ":time +35m", "Hi");

        Assert.Contains("It is Monday, 2 March 2026, 09:35 UTC now.", output, StringComparison.Ordinal);
        Assert.Contains("bot: It is 9, input 1.\n  This is a new session", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_time_of_the_clock_passes_as_well()
    {
        var output = await ChatAsync("start: [ { say: \"It is {{ input.currentTime.hour }}.\" } ]",
            Lines("Hi", new("Hi", () => _time.Advance(TimeSpan.FromHours(2)))));

        Assert.Contains("bot: It is 9.\n", output, StringComparison.Ordinal);
        Assert.Contains("bot: It is 11.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_locale_and_the_channel_can_be_chosen()
    {
        var output = await ChatAsync("start: [ { say: { text: { en: Hello!, de: Hallo! }, quickReplies: [ A, B ] } } ]", "Hi", ":locale de", "Hi", ":channel SMS", "Hi");

        Assert.Contains("bot: Hello!\n     [1] A   [2] B\n", output, StringComparison.Ordinal);
        Assert.Contains("bot: Hallo!\n     [1] A   [2] B\n", output, StringComparison.Ordinal);
        Assert.Contains("bot: Hallo!\n     1. A\n     2. B\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_conversation_that_the_Flow_ends_is_followed_by_a_new_one()
    {
        var output = await ChatAsync("start: [ { set: { context.n: \"{{ (context.n ?? 0) + 1 }}\" } }, { say: \"{{ context.n }}\" }, endConversation ]", "Hi", "Hi");

        Assert.Equal(2, output.Split("→ 8x8 would close the conversation.").Length - 1);
        Assert.Equal(2, output.Split("bot: 1\n").Length - 1);
    }

    [Fact]
    public async Task Called_Flows_lie_beside_it_and_their_steps_say_so()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "other.yaml"), "name: other\nstart: [ { say: From the other. } ]\n", TestContext.Current.CancellationToken);

        var output = await ChatAsync("start: [ { call: other } ]", "Hi");

        Assert.Contains("  · say  (line 2 of other)\nbot: From the other.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Flow_that_is_saved_meanwhile_is_loaded_again_and_a_broken_one_is_told_once()
    {
        var output = await ChatAsync("start: [ { say: Old. } ]", Lines(
            "Hi", new("Hi", () => Save("start: [ { sey: Broken. } ]")), "Hi", new("Hi", () => Save("start: [ { say: New. } ]"))));

        Assert.Contains($"""
            bot: Old.
            > Hi
              ✗ {Flow}(2,12): 'sey' is not a step. Did you mean 'say'?
            """, output, StringComparison.Ordinal);
        Assert.Single(output.Split('\n'), line => line.Contains("the one before goes on", StringComparison.Ordinal));
        Assert.Equal(3, output.Split("bot: Old.\n").Length - 1);
        Assert.Contains($"  {Flow} was saved and is loaded again.", output, StringComparison.Ordinal);
        Assert.EndsWith("bot: New.\n", output, StringComparison.Ordinal);

        void Save(string steps) => File.WriteAllText(Flow, "name: test\n" + steps);
    }

    [Fact]
    public async Task Who_types_in_a_terminal_is_told_of_a_saved_Flow_at_once_and_prompted_again()
    {
        await File.WriteAllTextAsync(Flow, "name: test\nstart: [ { say: Old. } ]\n", TestContext.Current.CancellationToken);
        var output = new ConcurrentOutput { NewLine = "\n" };
        var lines = Lines("Hi", new("Hi", () =>
        {
            File.WriteAllText(Flow, "name: test\nstart: [ { say: New. } ]\n");
            Eventually.GetAsync(output.ToString, said => said.EndsWith(":reset begins anew.\n> ", StringComparison.Ordinal), "a prompt after what is told")
                .GetAwaiter().GetResult();
        }));

        await ChatCommand.RunAsync(["chat", Flow], new ChatTerminal(lines, output) { IsInteractive = true, Time = _time }, TestContext.Current.CancellationToken);

        Assert.Contains("bot: Old.\n> \n  ", output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("bot: New.\n> \n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Flow_that_is_none_is_told_as_flow_check_does_with_another_exit_code()
    {
        await File.WriteAllTextAsync(Flow, "name: test\nstart: [ { sey: Hi } ]\n", TestContext.Current.CancellationToken);
        var (chat, check) = (new StringWriter(), new StringWriter());

        var exit = await ChatCommand.RunAsync(["chat", Flow], new ChatTerminal(TextReader.Null, chat), TestContext.Current.CancellationToken);
        await FlowCommand.RunAsync(["flow", "check", Flow], check, TestContext.Current.CancellationToken);

        Assert.Equal(1, exit);
        Assert.Equal(check.ToString(), chat.ToString());
    }

    [Theory]
    [InlineData("Hi", "> ")]
    [InlineData(":nonsense", "✗ There is no :nonsense.")]
    [InlineData(":time tomorrow", "✗ It is used like this:  :time +35m")]
    [InlineData(":form", "✗ Write an object in JSON behind it")]
    [InlineData(":locale nonsense_", "✗ endpoint: $.locale")]
    [InlineData(":help", ":agent joins")]
    public async Task A_command_that_is_wrong_says_what_would_be_right_and_the_chat_goes_on(string typed, string told)
    {
        var output = await ChatAsync("start: [ { say: Hello! } ]", typed, "Hi");

        Assert.Contains(told, output, StringComparison.Ordinal);
        Assert.EndsWith("bot: Hello!\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_a_terminal_gets_colours_and_no_text_steers_it()
    {
        const string flow = "start: [ { say: \"{{ String.fromCharCode(27) }}[2JHello!\" } ]";

        Assert.DoesNotContain('\e', await ChatAsync(flow, "Hi"));
        var coloured = await ChatAsync(flow, Lines("Hi"), hasColours: true);
        Assert.Contains("\e[36mbot: ", coloured, StringComparison.Ordinal);
        Assert.DoesNotContain("\e[2J", coloured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_talks_to_a_sample_by_its_name()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ChatCommand).Assembly.Location, "chat", "welcome"])
        {
            WorkingDirectory = SampleFlowTests.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var chat = Process.Start(start)!;
        await chat.StandardInput.WriteAsync("Hi\nJust chat\nAnn\n");
        chat.StandardInput.Close();
        var output = await chat.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await chat.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, chat.ExitCode);
        Assert.Contains("> Just chat\n", output, StringComparison.Ordinal);
        Assert.Contains("bot: Nice to meet you, Ann.", output, StringComparison.Ordinal);
        Assert.Contains("= context.name: \"Ann\"\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
    }

    private string Flow => Path.Combine(_folder.FullName, "test.yaml");

    private Task<string> ChatAsync(string steps, params string[] lines) => ChatAsync(steps, Lines([.. lines.Select(line => (Typed)line)]));

    /// <summary>What a chat prints, without its first line.</summary>
    private async Task<string> ChatAsync(string steps, TextReader lines, bool hasColours = false)
    {
        await File.WriteAllTextAsync(Flow, "name: test\n" + steps, TestContext.Current.CancellationToken);
        var output = new StringWriter { NewLine = "\n" };
        var terminal = new ChatTerminal(lines, output) { HasColours = hasColours, Time = _time };
        Assert.Equal(0, await ChatCommand.RunAsync(["chat", Flow], terminal, TestContext.Current.CancellationToken));
        var all = output.ToString();
        return all[(all.IndexOf('\n', StringComparison.Ordinal) + 1)..];
    }

    private static TypedLines Lines(params Typed[] lines) => new(lines);

    /// <summary>A line, and perhaps what happens before it is typed.</summary>
    private sealed record Typed(string Line, Action? Before = null)
    {
        public static implicit operator Typed(string line) => new(line);
    }

    /// <summary>Is read while it is written.</summary>
    private sealed class ConcurrentOutput : TextWriter
    {
        private readonly StringBuilder _written = new();

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(string? value)
        {
            lock (_written) _written.Append(value);
        }

        public override string ToString()
        {
            lock (_written) return _written.ToString();
        }
    }

    /// <summary>Lines that are typed one after the other.</summary>
    private sealed class TypedLines(IEnumerable<Typed> lines) : TextReader
    {
        private readonly Queue<Typed> _lines = new(lines);

        public override string? ReadLine()
        {
            if (!_lines.TryDequeue(out var typed)) return null;
            typed.Before?.Invoke();
            return typed.Line;
        }

        public override ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) => ValueTask.FromResult(ReadLine());
    }
}
