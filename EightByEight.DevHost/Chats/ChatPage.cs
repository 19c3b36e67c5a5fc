namespace EightByEight.DevHost.Chats;

/// <summary>What a chat looks like: who says what stands at the left, what happens meanwhile is set in.</summary>
internal sealed class ChatPage(ChatTerminal terminal)
{
    private const string Dim = "2";
    private const string Red = "31";
    private const string Yellow = "33";
    private const string Cyan = "36";

    private readonly TextWriter _output = terminal.Output;
    private bool _prompts;

    /// <summary>It is the customer's turn.</summary>
    public void Prompt()
    {
        if (!terminal.IsInteractive) return;
        _output.Write("> ");
        _output.Flush();
        _prompts = true;
    }

    /// <summary>The customer has typed; a terminal shows it already. Null: there is no more.</summary>
    public void Typed(string? line)
    {
        if (terminal.IsInteractive && line is null) _output.WriteLine();
        if (!terminal.IsInteractive && line is not null) _output.WriteLine($"> {line}");
        _prompts = false;
    }

    public void Step(string text) => Write("  · ", text, Dim);

    public void Say(string text) => Write("bot: ", text, Cyan);

    public void Offer(IEnumerable<string> titles) => Write("     ", string.Join("   ", titles), Cyan);

    public void Hint(string text) => Write("     ", text, Dim);

    /// <summary>What goes out, or would.</summary>
    public void Outside(string text) => Write("  → ", text, Yellow);

    public void Change(string text) => Write("  = ", text, Dim);

    public void Note(string text) => Write("  ", text, null);

    public void Warn(string text) => Write("  ! ", text, Yellow);

    public void Wrong(string text) => Write("  ✗ ", text, Red);

    /// <summary>Further lines stand below the first.</summary>
    private void Write(string lead, string text, string? colour)
    {
        if (_prompts) _output.WriteLine();
        _prompts = false;
        var shown = lead + Printable(text).ReplaceLineEndings("\n" + new string(' ', lead.Length));
        _output.WriteLine(colour is null || !terminal.HasColours ? shown : $"\e[{colour}m{shown}\e[0m");
    }

    /// <summary>A text from elsewhere must not steer the terminal.</summary>
    private static string Printable(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t') ? '\uFFFD' : c));
}
