using System.Text;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Models;

/// <summary>An answer that a model still writes. One writes, and one reads: by position, so that a piece that was not committed comes again.</summary>
internal sealed class ModelStream
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private TaskCompletionSource _more = New();
    private ModelAnswer? _answer;
    private string? _fault;
    private bool _isOver;

    public void Write(string text)
    {
        if (text.Length == 0) return;
        lock (_gate)
        {
            _text.Append(text);
            Signal();
        }
    }

    /// <summary>Nothing more is written.</summary>
    /// <param name="answer">All of it.</param>
    /// <param name="fault">Why it ends before its end; null: it does not.</param>
    public void End(ModelAnswer? answer, string? fault)
    {
        lock (_gate)
        {
            (_answer, _fault, _isOver) = (answer, fault, true);
            Signal();
        }
    }

    /// <summary>The sentences after those that came, as soon as there is one; or the end.</summary>
    public async Task<FlowAnswer> NextAsync(ModelRequest request, string id, CancellationToken cancellation)
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (Next(request, id) is { } answer) return answer;
                more = _more.Task;
            }

            await more.WaitAsync(cancellation);
        }
    }

    private FlowAnswer? Next(ModelRequest request, string id)
    {
        var text = _text.ToString();
        var told = Math.Min(request.Told, text.Length);
        if (_answer is { } whole) return whole with { Text = text[told..] };
        if (request.InOnePiece && !_isOver) return null;
        var end = Sentences.EndOf(text, told);
        // What a break left of a sentence is not said.
        if (_isOver) return end == 0 ? new FlowAnswer(null, _fault) : new ModelAnswer { Text = text[told..end], Broken = _fault };
        return end > told ? new ModelAnswer { Text = text[told..end], Continues = id } : null;
    }

    private void Signal()
    {
        var more = _more;
        _more = New();
        more.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
