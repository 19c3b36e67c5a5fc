using EightByEight.Connector.Models;

namespace EightByEight.Functions.Tests.Models;

/// <summary>Where sentences end while a model still writes.</summary>
public class SentenceTests
{
    [Theory]
    [InlineData("Hello there", "")]
    [InlineData("Hello.", "")]
    [InlineData("Hello. ", "")]
    [InlineData("Hello. How", "Hello. ")]
    [InlineData("Hello! How are you? I", "Hello! How are you? ")]
    [InlineData("Wait… What", "Wait… ")]
    [InlineData("Wait… what", "")]
    [InlineData("He said \"Go.\" Then", "He said \"Go.\" ")]
    [InlineData("**Done.** Next", "**Done.** ")]
    public void A_sentence_is_whole_when_the_next_one_begins(string text, string whole) => Assert.Equal(whole, text[..Sentences.EndOf(text, 0)]);

    [Theory]
    [InlineData("Dr. Smith and Mr. J. Doe, e.g. Monday")]
    [InlineData("It costs 3.50 euros at www.example.com/a?b=c today")]
    [InlineData("Wir haben z.B. Schuhe, d.h. Stiefel, am 3. Mai wieder")]
    [InlineData("Call `a.b(). Then` it")]
    public void A_full_stop_inside_a_sentence_is_none(string text) => Assert.Equal(0, Sentences.EndOf(text, 0));

    [Theory]
    [InlineData("- One. Two.\n- Three. Four.\n- Five")]
    [InlineData("1. One. Two.\n2. Three. Four.\n3. Five")]
    [InlineData("| a. B | c. D |\n| e. F | g")]
    [InlineData("```\nOne. Two. Three.\n\nFour. Five.\n")]
    public void Lists_tables_and_code_stay_in_one_piece(string text) => Assert.Equal(0, Sentences.EndOf(text, 0));

    [Theory]
    [InlineData("Take these:\n\n- One. Two.\n- Three", "Take these:\n\n")]
    [InlineData("- One\n- Two\n\nThen go", "- One\n- Two\n\n")]
    [InlineData("```\nOne. Two.\n```\nThat was it. So", "```\nOne. Two.\n```\nThat was it. ")]
    public void A_blank_line_ends_what_stands_above(string text, string whole) => Assert.Equal(whole, text[..Sentences.EndOf(text, 0)]);

    [Theory]
    [InlineData("您好。请问", "您好。")]
    [InlineData("こんにちは！「元気？」はい", "こんにちは！「元気？」")]
    public void Wide_full_stops_need_no_space(string text, string whole) => Assert.Equal(whole, text[..Sentences.EndOf(text, 0)]);

    [Fact]
    public void Whatever_comes_in_whatever_pieces_nothing_is_lost_or_doubled()
    {
        const string text = "Hello, Dr. Who. It is 3.50. Take:\n\n- a. b\n- c\n\n```\nx. Y\n```\nBye! 再见。";
        var (from, pieces) = (0, new List<string>());
        for (var length = 1; length <= text.Length; length++)
        {
            var end = Sentences.EndOf(text[..length], from);
            if (end > from) pieces.Add(text[from..end]);
            from = end;
        }

        Assert.Equal(text, string.Concat(pieces) + text[from..]);
        Assert.True(pieces.Count >= 4);
    }
}
