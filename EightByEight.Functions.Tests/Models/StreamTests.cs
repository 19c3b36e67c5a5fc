using EightByEight.Connector.Models;

namespace EightByEight.Functions.Tests.Models;

/// <summary>Answers that come in pieces, while the model still writes them.</summary>
public class StreamTests
{
    private static int _number;

    [Fact]
    public async Task Each_sentence_comes_as_soon_as_it_is_whole_and_the_rest_at_the_end()
    {
        await using var llm = await StreamingLlm.StartAsync();
        var request = Request(llm);

        llm.Write("Hel").Write("lo. How").Write(" are");
        var first = await NextAsync(request);
        llm.Write(" you? I am").Write(" fine").End();
        var second = await NextAsync(request, first);
        var rest = second.Continues is null ? second : await NextAsync(request, first, second);

        Assert.Equal("Hello. ", first.Text);
        Assert.Equal("How are you? I am fine", second.Continues is null ? second.Text : second.Text + rest.Text);
        Assert.Null(rest.Continues);
        Assert.True((bool)Assert.Single(llm.Calls)["stream"]!);
    }

    [Fact]
    public async Task A_piece_that_was_not_committed_comes_again_and_the_model_is_asked_once()
    {
        await using var llm = await StreamingLlm.StartAsync();
        var request = Request(llm);
        llm.Write("One. Two");

        Assert.Equal("One. ", (await NextAsync(request)).Text);
        Assert.Equal("One. ", (await NextAsync(request)).Text);
        Assert.Single(llm.Calls);
    }

    [Fact]
    public async Task After_enough_pieces_the_rest_comes_in_one()
    {
        await using var llm = await StreamingLlm.StartAsync();
        var request = Request(llm);
        llm.Write("One. Two");
        var first = await NextAsync(request);
        llm.Write(". Three. Four.").End();

        var rest = await NextAsync(request with { InOnePiece = true }, first);

        Assert.Equal(("Two. Three. Four.", null), (rest.Text, rest.Continues));
    }

    [Fact]
    public async Task Calls_come_with_the_last_piece()
    {
        await using var llm = await StreamingLlm.StartAsync();
        var request = Request(llm) with { Tools = [new("look", "Looks.", new() { ["type"] = "object" })] };
        llm.Write("Let me see. ").Call("a", "look", "{}").End("tool_calls");

        var answer = await NextAsync(request);
        if (answer.Continues is not null) answer = await NextAsync(request, answer);

        Assert.Equal(("a", "look", null), Assert.Single(answer.Calls) is var call ? (call.Id, call.Name, call.Problem) : default);
    }

    [Fact]
    public async Task Where_it_breaks_off_what_was_whole_stays_and_the_reason_comes()
    {
        await using var llm = await StreamingLlm.StartAsync();
        var request = Request(llm);
        llm.Write("One. Tw");
        var first = await NextAsync(request);
        llm.Break();

        var rest = await NextAsync(request, first);

        Assert.Equal(("", null), (rest.Text, rest.Continues));
        Assert.NotNull(rest.Broken);
    }

    [Fact]
    public async Task Where_it_breaks_off_before_a_sentence_is_whole_there_is_no_answer()
    {
        await using var llm = await StreamingLlm.StartAsync();
        llm.Write("On").Break();

        Assert.NotNull((await Llm.NextAsync(Request(llm))).Error);
    }

    [Fact]
    public async Task What_another_process_began_ends_with_what_came_and_the_model_is_not_asked()
    {
        await using var llm = await StreamingLlm.StartAsync();

        var rest = (ModelAnswer)await Llm.NextAsync(Request(llm) with { Continues = "elsewhere", Told = 5 });

        Assert.Contains("lost with its process", rest.Broken, StringComparison.Ordinal);
        Assert.Empty(llm.Calls);
    }

    private static ModelRequest Request(StreamingLlm llm) => Llm.Request(llm.Url) with { MayStream = true, Id = $"stream-{Interlocked.Increment(ref _number)}" };

    /// <summary>What comes after the pieces that came.</summary>
    private static async Task<ModelAnswer> NextAsync(ModelRequest request, params ModelAnswer[] came)
    {
        var answer = await Llm.NextAsync(came.Length == 0 ? request : request with { Continues = came[^1].Continues, Told = came.Sum(piece => piece.Text.Length) });
        return answer as ModelAnswer ?? throw new InvalidOperationException(answer.Error);
    }
}
