using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>What each type of question takes for an answer, and what becomes of it. The clock shows 2026-04-30.</summary>
public class AnswerTests
{
    [Theory]
    [InlineData("5", "5")]
    [InlineData("5.0", "5")]
    [InlineData("-12", "-12")]
    [InlineData("5.", "5")]
    [InlineData("5 !", "5")]
    [InlineData("\u22125", "-5")]
    [InlineData("１２", "12")]
    [InlineData("1.000.", null)]
    [InlineData("5.5", null)]
    [InlineData("99999999999999999999", null)]
    public void Whole_numbers(string said, string? stored) => Assert.Equal(stored, Answer("type: integer", said));

    [Theory]
    [InlineData("1", "1")]
    [InlineData("12", "12")]
    [InlineData("0", null)]
    [InlineData("12.1", null)]
    public void A_number_has_bounds(string said, string? stored) => Assert.Equal(stored, Answer("type: number, min: 1, max: 12", said));

    [Theory]
    [InlineData("20", "20")]
    [InlineData("20%", "20")]
    [InlineData("12,5 %", "12.5")]
    [InlineData("20 percent", "20")]
    [InlineData("20 Prozent", "20")]
    [InlineData("twenty", null)]
    public void Percentages(string said, string? stored) => Assert.Equal(stored, Answer("type: percentage", said));

    [Theory]
    [InlineData("34", "34")]
    [InlineData("34 years old", "34")]
    [InlineData("I'm 34", "34")]
    [InlineData("34 Jahre", "34")]
    [InlineData("J'ai 34 ans", "34")]
    [InlineData("151", null)]
    [InlineData("-1", null)]
    [InlineData("3.5", null)]
    public void Ages(string said, string? stored) => Assert.Equal(stored, Answer("type: age", said));

    [Theory]
    [InlineData("20", "de-DE", """{"value":20,"unit":"C"}""")]
    [InlineData("68", "en-US", """{"value":68,"unit":"F"}""")]
    [InlineData("-3,5 °C", "en-US", """{"value":-3.5,"unit":"C"}""")]
    [InlineData("68F", null, """{"value":68,"unit":"F"}""")]
    [InlineData("20 degrees celsius", null, """{"value":20,"unit":"C"}""")]
    [InlineData("20 Grad", "de", """{"value":20,"unit":"C"}""")]
    [InlineData("20 kelvin", null, null)]
    [InlineData("warm", null, null)]
    public void Temperatures(string said, string? locale, string? stored) => Assert.Equal(stored, Answer("type: temperature", said, locale));

    [Theory]
    [InlineData("12,50 €", null, """{"value":12.5,"unit":"EUR"}""")]
    [InlineData("€12.50", null, """{"value":12.5,"unit":"EUR"}""")]
    [InlineData("USD 1,234.50", null, """{"value":1234.5,"unit":"USD"}""")]
    [InlineData("5 pounds", null, """{"value":5,"unit":"GBP"}""")]
    [InlineData("100 chf", null, """{"value":100,"unit":"CHF"}""")]
    [InlineData("5", "en-GB", """{"value":5,"unit":"GBP"}""")]
    [InlineData("5", "en", null)]
    [InlineData("$5 EUR", null, null)]
    [InlineData("5 apples", null, null)]
    [InlineData("money", null, null)]
    public void Amounts_of_money(string said, string? locale, string? stored) => Assert.Equal(stored, Answer("type: money", said, locale));

    [Fact]
    public void A_bare_amount_is_in_the_currency_of_the_question() =>
        Assert.Equal("""{"value":5,"unit":"EUR"}""", Answer("type: money, currency: EUR", "5"));

    [Theory]
    [InlineData("ann@example.com", "ann@example.com")]
    [InlineData("It is ann.b+c@mail.example.co.uk.", "ann.b+c@mail.example.co.uk")]
    [InlineData("ann@example", null)]
    [InlineData("@example.com", null)]
    [InlineData("a@b.de or c@d.de", null)]
    [InlineData("ann at example.com", null)]
    public void Email_addresses(string said, string? stored) => Assert.Equal(Text(stored), Answer("type: email", said));

    [Theory]
    [InlineData("https://example.com/a?b=c", "https://example.com/a?b=c")]
    [InlineData("example.com", "https://example.com")]
    [InlineData("www.example.com/path", "https://www.example.com/path")]
    [InlineData("ftp://example.com", null)]
    [InlineData("javascript:alert(1)", null)]
    [InlineData("hello", null)]
    [InlineData("see example.com", null)]
    public void Web_addresses(string said, string? stored) => Assert.Equal(Text(stored), Answer("type: url", said));

    [Theory]
    [InlineData("+44 20 7946 0958", null, "+442079460958")]
    [InlineData("020 7946 0958", "en-GB", "+442079460958")]
    [InlineData("(030) 901820", "de-DE", "+4930901820")]
    [InlineData("call me at 030 901820 please", "de-DE", "+4930901820")]
    [InlineData("020 7946 0958", null, null)]
    [InlineData("123", "en-GB", null)]
    [InlineData("later", "en-GB", null)]
    public void Telephone_numbers(string said, string? locale, string? stored) => Assert.Equal(Text(stored), Answer("type: phone", said, locale));

    [Fact]
    public void A_phone_number_may_be_of_the_country_of_the_question() =>
        Assert.Equal(Text("+442079460958"), Answer("type: phone, country: GB", "020 7946 0958"));

    [Theory]
    [InlineData("2026-05-01", null, "2026-05-01")]
    [InlineData("5/1/2026", "en-US", "2026-05-01")]
    [InlineData("5/1/2026", "en", "2026-05-01")]
    [InlineData("1/5/2026", "en-GB", "2026-05-01")]
    [InlineData("1.5.2026", "de", "2026-05-01")]
    [InlineData("01.05.26", "de", "2026-05-01")]
    [InlineData("31.12.51", "de", "1951-12-31")]
    [InlineData("1. Mai 2026", "de-DE", "2026-05-01")]
    [InlineData("1 mai 2026", "fr", "2026-05-01")]
    [InlineData("1er mai", "fr", "2026-05-01")]
    [InlineData("1 de mayo de 2026", "es", "2026-05-01")]
    [InlineData("May 1, 2026", "en", "2026-05-01")]
    [InlineData("may 1st", "en", "2026-05-01")]
    [InlineData("1 May", "en", "2026-05-01")]
    [InlineData("29 April", "en", "2027-04-29")]
    [InlineData("30 April", "en", "2026-04-30")]
    [InlineData("1.5.", "de", "2026-05-01")]
    [InlineData("29 February", "en", "2028-02-29")]
    [InlineData("today", "en", "2026-04-30")]
    [InlineData("Tomorrow", null, "2026-05-01")]
    [InlineData("übermorgen", "de", "2026-05-02")]
    [InlineData("tomorrow.", "en", "2026-05-01")]
    [InlineData("2 May 2026!", "en", "2026-05-02")]
    [InlineData("¿mañana?", "es", "2026-05-01")]
    [InlineData("manana", "es", "2026-05-01")]
    [InlineData("apres-demain", "fr", "2026-05-02")]
    [InlineData("uebermorgen", "de", "2026-05-02")]
    [InlineData("15 aout 2026", "fr", "2026-08-15")]
    [InlineData("15 decembre", "fr", "2026-12-15")]
    [InlineData("3 fevrier 2027", "fr", "2027-02-03")]
    [InlineData("3. Maerz 2027", "de", "2027-03-03")]
    [InlineData("3. Januar 2027", "de-AT", "2027-01-03")]
    [InlineData("3. Jänner 2027", "de-AT", "2027-01-03")]
    [InlineData("3. Jänner 2027", "de-DE", "2027-01-03")]
    [InlineData("Sept 5", "en-US", "2026-09-05")]
    [InlineData("Sept. 5, 2026", "en-US", "2026-09-05")]
    [InlineData("30th of April", "en", "2026-04-30")]
    [InlineData("Fri 30 April 2026", "en", "2026-04-30")]
    [InlineData("Friday, May 1st", "en", "2026-05-01")]
    [InlineData("Fr., 1. Mai", "de", "2026-05-01")]
    [InlineData("Freitag, 1.5.2026", "de", "2026-05-01")]
    [InlineData("mar 3 mar 2027", "es", "2027-03-03")]
    [InlineData("２０２６-０５-０１", "ja", "2026-05-01")]
    [InlineData("Friday", "en", null)]
    [InlineData("3 Mai 2026", "en", null)]
    [InlineData("31.4.2026", "de", null)]
    [InlineData("13/13/2026", "en", null)]
    [InlineData("soon", "en", null)]
    public void Dates_as_the_locale_writes_them(string said, string? locale, string? stored) => Assert.Equal(Text(stored), Answer("type: date", said, locale));

    [Theory]
    [InlineData("👍🏽", "true")]
    [InlineData("👎🏿!", "false")]
    [InlineData("bien sur", "true")]
    [InlineData("Yes, please.", "true")]
    [InlineData("right?", null)]
    public void Yes_and_no_however_they_are_typed(string said, string? stored) => Assert.Equal(stored, Answer("type: yesNo", said));

    [Theory]
    [InlineData("Small.", "\"Small\"")]
    [InlineData("small!", "\"Small\"")]
    [InlineData("1.", "\"Small\"")]
    [InlineData("Any?", "\"any\"")]
    [InlineData("Tall.", null)]
    public void A_choice_at_the_end_of_a_sentence(string said, string? stored) =>
        Assert.Equal(stored, Answer("type: choice, options: [ Small, { title: 'Any?', payload: any } ]", said));

    [Theory]
    [InlineData("type: text", "5.", "\"5.\"")]
    [InlineData("type: regex, pattern: '^[0-9]$'", "5.", null)]
    [InlineData("type: custom, answer: input.text === '5'", "5.", null)]
    public void Marks_are_not_taken_off_where_they_may_mean_something(string type, string said, string? stored) => Assert.Equal(stored, Answer(type, said));

    [Fact]
    public void Today_is_where_the_endpoint_is()
    {
        var conversation = new Conversation("name: a\nstart: [ { question: { text: When?, type: date } }, { say: \"{{ input.result }}\" } ]");
        conversation.Say("hi");
        Assert.Equal("2026-05-02", conversation.Send(new JsonObject
        {
            ["text"] = "tomorrow",
            ["currentTime"] = new JsonObject { ["year"] = 2026, ["month"] = 5, ["day"] = 1 },
        }));
    }

    [Theory]
    [InlineData("14:30", null, "14:30")]
    [InlineData("9:05", null, "09:05")]
    [InlineData("14:30:15", null, "14:30:15")]
    [InlineData("2:30 pm", null, "14:30")]
    [InlineData("2 p.m.", null, "14:00")]
    [InlineData("12am", null, "00:00")]
    [InlineData("2 pm.", null, "14:00")]
    [InlineData("2 p.m.!", null, "14:00")]
    [InlineData("14:30.", null, "14:30")]
    [InlineData("mediodia", "es", "12:00")]
    [InlineData("noon", null, "12:00")]
    [InlineData("14 Uhr 30", "de", "14:30")]
    [InlineData("14 Uhr", "de", "14:00")]
    [InlineData("14h30", "fr", "14:30")]
    [InlineData("14 h", "fr", "14:00")]
    [InlineData("14 h", "en", null)]
    [InlineData("25:00", null, null)]
    [InlineData("later", null, null)]
    public void Times_as_the_locale_writes_them(string said, string? locale, string? stored) => Assert.Equal(Text(stored), Answer("type: time", said, locale));

    [Theory]
    [InlineData("1 hour 30 minutes", 5400)]
    [InlineData("1h30", 5400)]
    [InlineData("1h 30m", 5400)]
    [InlineData("90 min", 5400)]
    [InlineData("1,5 Stunden", 5400)]
    [InlineData("1:30", 5400)]
    [InlineData("PT1H30M", 5400)]
    [InlineData("2 days and 1 hour", 176_400)]
    [InlineData("2 Tage, 1 Stunde und 5 Sekunden", 176_405)]
    [InlineData("30 minutes 1 hour", null)]
    [InlineData("1 day 30", null)]
    [InlineData("5", null)]
    [InlineData("P1Y", null)]
    [InlineData("a while", null)]
    public void Lengths_of_time(string said, int? seconds) => Assert.Equal(seconds is null ? null
        : $$"""{"hour":{{seconds / 3600}},"minute":{{seconds / 60 % 60}},"second":{{seconds % 60}},"seconds":{{seconds}}}""", Answer("type: duration", said));

    [Theory]
    [InlineData("DE89 3704 0044 0532 0130 00", "DE89370400440532013000")]
    [InlineData("DE89 3704 0044 0532 0130 00.", "DE89370400440532013000")]
    [InlineData("gb82 west 1234 5698 7654 32", "GB82WEST12345698765432")]
    [InlineData("DE89 3704 0044 0532 0130 01", null)]
    [InlineData("DE89 3704 0044 0532 0130", null)]
    [InlineData("ZZ89370400440532013000", null)]
    public void Ibans_with_right_check_digits(string said, string? stored) => Assert.Equal(Text(stored), Answer("type: iban", said));

    [Theory]
    [InlineData("deutdeff", "DEUTDEFF")]
    [InlineData("DEUTDEFF500", "DEUTDEFF500")]
    [InlineData("DEUTDEFF5", null)]
    [InlineData("1EUTDEFF", null)]
    public void Bics(string said, string? stored) => Assert.Equal(Text(stored), Answer("type: bic", said));

    [Theory]
    [InlineData("4111 1111 1111 1111", "4111111111111111")]
    [InlineData("5500-0000-0000-0004", "5500000000000004")]
    [InlineData("378282246310005", "378282246310005")]
    [InlineData("4111 1111 1111 1112", null)]
    [InlineData("0000 0000 0000 0000", null)]
    [InlineData("1234", null)]
    public void Card_numbers_with_a_right_check_digit(string said, string? stored) => Assert.Equal(Text(stored), Answer("type: creditCard", said));

    [Theory]
    [InlineData("b-ab 1234", "", "B-AB 1234")]
    [InlineData("M X 1E", "", "M-X 1E")]
    [InlineData("BAB1234", "", null)]
    [InlineData("ab12 cde", ", country: GB", "AB12 CDE")]
    [InlineData("zh 123456", ", country: CH", "ZH 123456")]
    [InlineData("W 12345A", ", country: AT", "W-12345A")]
    [InlineData("hello", ", country: GB", null)]
    public void Licence_plates_of_some_countries(string said, string more, string? stored) => Assert.Equal(Text(stored), Answer($"type: licencePlate{more}", said));

    [Theory]
    [InlineData("192.168.0.1", "192.168.0.1")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("256.1.1.1", null)]
    [InlineData("1.1.1", null)]
    [InlineData("1.1.1.1.", "1.1.1.1")]
    [InlineData("1.1.1.", null)]
    [InlineData("01.1.1.1", null)]
    public void Addresses_of_IPv4(string said, string? stored) => Assert.Equal(Text(stored), Answer("type: ipv4", said));

    [Theory]
    [InlineData("AB", "\"AB\"")]
    [InlineData("A", null)]
    [InlineData("", null)]
    public void What_an_expression_takes_for_an_answer(string said, string? stored) =>
        Assert.Equal(stored, Answer("type: custom, answer: \"input.text.length > 1 && input.text\"", said));

    [Fact]
    public void A_custom_expression_that_throws_is_no_answer() => Assert.Null(Answer("type: custom, answer: input.data.a.b", "x"));

    [Fact]
    public void Data_is_answered_by_data_that_is_not_the_event_itself()
    {
        Assert.Equal("""{"form":{"a":1}}""", Answer("type: data", new JsonObject { ["data"] = new JsonObject { ["form"] = new JsonObject { ["a"] = 1 }, ["request"] = new JsonObject() } }));
        Assert.Null(Answer("type: data", new JsonObject { ["text"] = "x", ["data"] = new JsonObject { ["request"] = new JsonObject(), ["choice"] = new JsonObject() } }));
    }

    [Fact]
    public void A_file_is_answered_by_files()
    {
        var files = new JsonObject { ["data"] = new JsonObject { ["attachments"] = new JsonArray(new JsonObject { ["name"] = "a.pdf", ["url"] = "https://a/b" }) } };
        Assert.Equal("""[{"name":"a.pdf","url":"https://a/b"}]""", Answer("type: file", files));
        Assert.Null(Answer("type: file", "here it is"));
    }

    [Theory]
    [InlineData("number")]
    [InlineData("date")]
    [InlineData("phone")]
    [InlineData("iban")]
    public void Data_alone_never_answers_what_wants_text(string type) =>
        Assert.Null(Answer($"type: {type}", new JsonObject { ["text"] = "", ["data"] = new JsonObject { ["x"] = 1 } }));

    [Fact]
    public void A_triggered_intent_is_no_text() => Assert.Null(Answer("type: text", "cIntent:Cancel"));

    [Theory]
    [InlineData("type: phone, country: XX", "ISO 3166")]
    [InlineData("type: money, currency: EURO", "ISO 4217")]
    [InlineData("type: temperature, unit: K", "C or F")]
    [InlineData("type: licencePlate, country: US", "one of DE, AT, CH, GB")]
    [InlineData("type: number, min: few", "is a number")]
    [InlineData("type: custom", "lacks 'answer'")]
    [InlineData("type: text, min: 1", "belongs to questions of type number")]
    public void What_says_nothing_about_a_type_is_refused(string type, string problem)
    {
        var refused = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart: [ {{ question: {{ text: '?', {type} }} }} ]"));
        Assert.Contains(problem, refused.Message);
    }

    /// <summary>The value that an answer stores, as JSON; null when it is asked again.</summary>
    private static string? Answer(string type, string said, string? locale = null) => Answer(type, new JsonObject { ["text"] = said }, locale);

    private static string? Answer(string type, JsonObject said, string? locale = null)
    {
        var conversation = new Conversation($"name: a\nstart: [ {{ question: {{ text: '?', {type}, saveTo: context.answer }} }} ]") { Locale = locale };
        conversation.Say("hi");
        conversation.Send(said);
        Assert.Null(conversation.Last.Failure);
        return conversation.Position is null ? conversation.Context["answer"]!.ToJsonString(Relaxed) : null;
    }

    private static string? Text(string? stored) => stored is null ? null : JsonSerializer.Serialize(stored, Relaxed);

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
