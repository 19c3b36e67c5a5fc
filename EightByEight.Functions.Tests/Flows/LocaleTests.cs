using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>A text is a string, or an object of locale and string.</summary>
public class LocaleTests
{
    private const string Greeting = "say: { text: { en: Hello, en-GB: Good day, de-AT: Servus, fr: \"Salut {{ input.text }}\" } }";

    [Theory]
    [InlineData("en-GB", null, "Good day")]
    [InlineData("EN-gb", null, "Good day")]
    [InlineData("en-US", null, "Hello")]
    [InlineData("de", null, "Servus")]
    [InlineData("de-DE", null, "Servus")]
    [InlineData("fr-CA", null, "Salut hi")]
    [InlineData("it", "fr", "Salut hi")]
    [InlineData("it", "es", "Hello")]
    [InlineData(null, "de-CH", "Servus")]
    [InlineData(null, null, "Hello")]
    public void The_locale_is_chosen_exactly_then_by_language_then_by_the_endpoint_then_the_first(string? locale, string? endpoint, string said)
    {
        var conversation = new Conversation($"name: a\nstart: [ {{ {Greeting} }} ]") { Locale = endpoint };
        var input = new System.Text.Json.Nodes.JsonObject { ["text"] = "hi" };
        if (locale is not null) input["localeId"] = locale;
        Assert.Equal(said, conversation.Send(input));
    }

    [Fact]
    public void All_texts_may_be_in_several_languages()
    {
        var conversation = new Conversation("""
            name: a
            error: { en: Oops., de: Hoppla. }
            start:
              - say: { en: Hello, de: Hallo }
              - say:
                  text: [ { en: One, de: Eins } ]
                  quickReplies: [ { en: Yes, de: Ja }, { title: { en: No, de: Nein }, payload: no } ]
              - question: { en: Why?, de: Warum? }
              - if: nobody.knows
                then: [ stop ]
            """)
        { Locale = "de" };

        Assert.Equal("Hallo | Eins | Warum?", conversation.Say("hi"));
        Assert.Equal([("Ja", "Ja"), ("Nein", "no")], conversation.Last.Outputs[1].QuickReplies.Select(reply => (reply.Title, reply.Payload)));
        Assert.Equal("Hoppla.", conversation.Say("darum"));
    }

    [Theory]
    [InlineData("say: { text: { english: Hello } }", "'text' is a text")]
    [InlineData("say: { text: { en: { de: Hallo } } }", "'en'")]
    [InlineData("say: { en: \"{{ 1 + }}\" }", "not a JavaScript expression")]
    public void What_is_no_locale_or_no_text_is_refused(string step, string problem)
    {
        var refused = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart: [ {{ {step} }} ]"));
        Assert.Contains(problem, refused.Message);
    }

    [Fact]
    public void A_language_may_have_three_letters()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - setLocale: fil
              - say: { en: Hello!, fil: Kumusta!, fil-PH: Kumusta po! }
              - say: "{{ input.localeId }} {{ input.language }}"
            """);

        Assert.Equal("Kumusta! | fil fil", conversation.Say("hi"));
    }

    [Theory]
    [InlineData("say: { txt: Hello! }", "Did you mean 'text'?")]
    [InlineData("say: { text: { one: a, two: b } }", "'text' is a text")]
    public void Other_words_of_three_letters_are_none(string step, string problem) =>
        Assert.Contains(problem, Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart: [ {{ {step} }} ]")).Message);

    [Fact]
    public void A_locale_that_was_set_stays_and_none_is_the_Endpoints_again()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - switch: input.text
                cases:
                  Deutsch: [ { setLocale: de-AT } ]
                  none: [ { setLocale: "" } ]
              - say: { en: Hello, fr: Salut, de: Hallo }
            """) { Locale = "fr-FR" };

        Assert.Equal("Salut", conversation.Say("hi"));
        Assert.Equal("Hallo", conversation.Say("Deutsch"));
        Assert.Equal("Hallo", conversation.Say("hi"));
        Assert.Equal("Salut", conversation.Say("none"));
        Assert.Equal("Salut", conversation.Say("hi"));
    }
}
