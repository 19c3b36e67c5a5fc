namespace EightByEight.Functions.Tests.Flows;

/// <summary>Which language a customer writes.</summary>
public sealed class LanguageOfTests
{
    [Theory]
    [InlineData("I need help with my order", "en")]
    [InlineData("Ich brauche Hilfe mit meiner Bestellung", "de")]
    [InlineData("je voudrais annuler ma commande", "fr")]
    [InlineData("quiero hablar con un agente", "es")]
    [InlineData("Vorrei parlare con un operatore", "it")]
    [InlineData("Onde está a minha encomenda?", "pt")]
    [InlineData("Waar is mijn pakket gebleven?", "nl")]
    [InlineData("Gdzie jest moja paczka?", "pl")]
    [InlineData("где моя посылка", "ru")]
    [InlineData("我的包裹在哪里", "zh")]
    [InlineData("荷物はどこですか", "ja")]
    [InlineData("제 소포는 어디에 있나요", "ko")]
    [InlineData("พัสดุของฉันอยู่ที่ไหน", "th")]
    [InlineData("Gói hàng của tôi ở đâu?", "vi")]
    [InlineData("أين طردي؟", "ar")]
    public void A_text_tells_its_language(string text, string language) => Assert.Equal(language, Told(text));

    [Theory]
    [InlineData("")]
    [InlineData("12345")]
    [InlineData("ok")]
    public void What_tells_no_language_is_empty(string text) => Assert.Equal("", Told(text));

    [Theory]
    [InlineData("Where is my parcel?", "en")]
    [InlineData("Wo ist mein Paket?", "de-AT")]
    [InlineData("Quero cancelar", "pt-BR")]
    public void Among_the_languages_of_a_bot_short_texts_tell_it_as_the_bot_writes_it(string text, string language) =>
        Assert.Equal(language, Told(text, ", ['en', 'de-AT', 'pt-BR']"));

    [Fact]
    public void The_only_language_of_a_bot_is_the_one() => Assert.Equal("de", Told("hi", ", 'de'"));

    [Fact]
    public void What_is_no_text_tells_none() => Assert.Equal("", Conversation.Render("languageOf(42) + languageOf(null) + languageOf()"));

    [Fact]
    public void A_language_that_nobody_can_tell_is_named()
    {
        var conversation = new Conversation("name: a\nstart: [ { say: \"{{ languageOf('x', ['en', 'tlh']) }}!\" } ]");

        Assert.Equal("!", conversation.Say("hi"));
        Assert.Contains("does not know the language 'tlh'", Assert.Single(conversation.Last.Warnings).Message);
    }

    [Fact]
    public void A_text_of_a_megabyte_costs_no_more_than_its_beginning() =>
        Assert.Equal("en", Told(string.Concat(Enumerable.Repeat("I need help with my order. ", 8)) + new string('я', 1_000_000)));

    [Fact]
    public void Code_asks_for_it_too() => Assert.Equal("fr", new Conversation("""
        name: code
        start:
          - code: context.language = languageOf(input.text)
          - say: "{{ context.language }}"
        """).Say("je voudrais annuler ma commande"));

    private static string Told(string text, string among = "") => new Conversation($$$"""
        name: told
        start:
          - say: "{{ languageOf(input.text{{{among}}}) }}."
        """).Say(text).TrimEnd('.');
}
