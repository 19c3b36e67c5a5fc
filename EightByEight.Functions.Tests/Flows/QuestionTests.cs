using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Flows;

public class QuestionTests
{
    [Fact]
    public void It_asks_waits_stores_and_goes_on_below()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: Name?, saveTo: context.customer.name }
              - say: "Hello {{ context.customer.name }}, {{ input.result }}"
            """);
        Assert.Equal("Name?", conversation.Say("hi"));
        Assert.Equal("start/0", conversation.Position!.Step);
        Assert.Equal("Hello Ann, Ann", conversation.Say(" Ann "));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void It_reprompts_and_counts_until_there_is_an_answer()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: How many?, type: number, reprompt: "{{ input.text }}?" }
              - say: "{{ input.result + 1 }}"
            """);
        conversation.Say("hi");
        Assert.Equal("many?", conversation.Say("many"));
        Assert.Equal("more?", conversation.Say("more"));
        Assert.Equal(2, conversation.Position!.Reprompts);
        Assert.Equal("4", conversation.Say("3"));
    }

    [Fact]
    public void Without_a_reprompt_it_repeats_the_question()
    {
        var conversation = new Conversation("name: a\nstart: [ { question: { text: How many?, type: number } } ]");
        conversation.Say("hi");
        Assert.Equal("How many?", conversation.Say("many"));
    }

    [Theory]
    [InlineData("text")]
    [InlineData("number")]
    [InlineData("yesNo")]
    public void Data_alone_never_answers(string type)
    {
        var conversation = new Conversation($"name: a\nstart: [ {{ question: {{ text: Name?, type: {type} }} }}, {{ say: Thanks }} ]");
        conversation.Say("hi");
        Assert.Equal("Name?", conversation.Send(new JsonObject { ["text"] = "", ["data"] = new JsonObject { ["x"] = 1 } }));
        Assert.Equal("Name?", conversation.Send(new JsonObject { ["data"] = 5 }));
        Assert.Equal("Name?", conversation.Send(new JsonObject { ["text"] = 5 }));
        Assert.Equal("Name?", conversation.Say("   "));
    }

    [Theory]
    [InlineData("00123", "\"00123\"")]
    [InlineData("5", "\"5\"")]
    [InlineData("true", "\"true\"")]
    public void A_text_stays_a_text(string said, string stored) => Assert.Equal(stored, Answer("type: text", said));

    [Theory]
    [InlineData("5", "5")]
    [InlineData(" -3 ", "-3")]
    [InlineData("+4", "4")]
    [InlineData("1,5", "1.5")]
    [InlineData("1.5", "1.5")]
    [InlineData(".5", "0.5")]
    [InlineData("0.125", "0.125")]
    [InlineData("1234,567", "1234.567")]
    [InlineData("1 000", "1000")]
    [InlineData("1 234 567,5", "1234567.5")]
    [InlineData("1'000", "1000")]
    [InlineData("1,234.50", "1234.5")]
    [InlineData("1.234,50", "1234.5")]
    [InlineData("1,234,567", "1234567")]
    [InlineData("1.234.567", "1234567")]
    [InlineData("007", "7")]
    [InlineData("1,000", null)]
    [InlineData("1.500", null)]
    [InlineData("1,2,3", null)]
    [InlineData("1e5", null)]
    [InlineData("0x10", null)]
    [InlineData("٣", null)]
    [InlineData("five", null)]
    [InlineData("Infinity", null)]
    [InlineData("1 2", null)]
    public void A_number_is_understood_in_the_notations_of_many_countries(string said, string? stored) =>
        Assert.Equal(stored, Answer("type: number", said));

    [Fact]
    public void A_number_without_end_is_none() => Assert.Null(Answer("type: number", new string('9', 400)));

    [Theory]
    [InlineData("123456", "\"123456\"")]
    [InlineData("12345", null)]
    [InlineData("1234567", null)]
    public void A_regex_must_match(string said, string? stored) =>
        Assert.Equal(stored, Answer("type: regex, pattern: '^[0-9]{6}$'", said));

    [Fact]
    public void The_answer_of_a_regex_is_its_match() =>
        Assert.Equal("\"AB-1234\"", Answer("type: regex, pattern: '[A-Z]{2}-[0-9]{4}'", "it is AB-1234, I think"));

    [Fact]
    public void A_regex_does_not_depend_on_the_culture()
    {
        var before = Thread.CurrentThread.CurrentCulture;
        Thread.CurrentThread.CurrentCulture = new System.Globalization.CultureInfo("tr-TR");
        try
        {
            Assert.Equal("\"TITLE\"", Answer("type: regex, pattern: '(?i)^title$'", "TITLE"));
        }
        finally
        {
            Thread.CurrentThread.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_regex_that_takes_for_ever_is_no_answer() =>
        Assert.Null(Answer("type: regex, pattern: '^((a+)+)\\1$'", new string('a', 60) + "!"));

    [Theory]
    [InlineData("yes", "true")]
    [InlineData("YES!", "true")]
    [InlineData("Ja, bitte", "true")]
    [InlineData("Sí", "true")]
    [InlineData("d’accord", "true")]
    [InlineData("👍", "true")]
    [InlineData("no", "false")]
    [InlineData("Nein.", "false")]
    [InlineData("non merci", "false")]
    [InlineData("perhaps", null)]
    [InlineData("nothing", null)]
    public void Yes_and_no_are_understood_in_four_languages(string said, string? stored) =>
        Assert.Equal(stored, Answer("type: yesNo", said));

    [Theory]
    [InlineData("s", "\"s\"")]
    [InlineData("S", "\"s\"")]
    [InlineData("small", "\"s\"")]
    [InlineData(" LARGE ", "\"Large\"")]
    [InlineData("1", "\"s\"")]
    [InlineData("2", "\"Large\"")]
    [InlineData("42", "\"42\"")]
    [InlineData("0", null)]
    [InlineData("4", null)]
    [InlineData("99999999999", null)]
    [InlineData("medium", null)]
    public void A_choice_is_made_by_payload_title_or_number(string said, string? stored) =>
        Assert.Equal(stored, Answer("type: choice, options: [ { title: Small, payload: s }, Large, { title: Odd, payload: 42 } ]", said));

    [Fact]
    public void The_options_are_shown_with_the_question_and_with_the_reprompt()
    {
        var conversation = new Conversation("""
            name: a
            start: [ { question: { text: Size?, type: choice, options: [ S, L ], reprompt: S or L? } } ]
            """);
        conversation.Say("hi");
        Assert.Equal(["S", "L"], conversation.Last.Outputs[0].QuickReplies.Select(reply => reply.Payload));
        conversation.Say("XXL");
        Assert.Equal("S or L?", conversation.Last.Outputs[0].Text);
        Assert.Equal(["S", "L"], conversation.Last.Outputs[0].QuickReplies.Select(reply => reply.Title));
    }

    [Fact]
    public void What_cannot_be_stored_fails_and_says_why()
    {
        var conversation = new Conversation("""
            name: a
            start: [ { set: { context.order: text } }, { question: { text: Id?, saveTo: context.order.id } } ]
            """);
        conversation.Say("hi");
        conversation.Say("5");
        Assert.Contains("'context.order' is there already", conversation.Last.Failure!.Message);
    }

    /// <summary>The value that an answer stores, as JSON; null when it is asked again.</summary>
    private static string? Answer(string type, string said)
    {
        var conversation = new Conversation($"name: a\nstart: [ {{ question: {{ text: '?', {type}, saveTo: context.answer }} }} ]");
        conversation.Say("hi");
        conversation.Say(said);
        Assert.Null(conversation.Last.Failure);
        return conversation.Position is null ? conversation.Context["answer"]!.ToJsonString(Relaxed) : null;
    }

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
