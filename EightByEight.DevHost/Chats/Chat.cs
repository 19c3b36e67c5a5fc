using System.Text.Json.Nodes;
using EightByEight.Connector.Endpoints;
using EightByEight.DevHost.Rehearsals;

namespace EightByEight.DevHost.Chats;

/// <summary>
/// A conversation with a Flow whose file may change meanwhile. It is a rehearsal without a script: what is typed is what the customer
/// says, and lines that begin with a colon are for all the rest.
/// </summary>
internal sealed partial class Chat : IAsyncDisposable
{
    private readonly ChatSource _source;
    private readonly ChatTerminal _terminal;
    private readonly ChatPage _page;
    private readonly RehearsalStage _stage;
    private readonly ChatOutside _outside;
    private Rehearsal _rehearsal;
    private string _channel = "WebChat";
    private string? _locale;
    private long _since;
    private Task? _saved;

    private Chat(ChatSource source, ChatTerminal terminal)
    {
        (_source, _terminal, _page) = (source, terminal, new ChatPage(terminal));
        _stage = new RehearsalStage(source.Flows) { Watch = Show };
        _outside = new ChatOutside(_stage.World, () => _rehearsal!.Turns, _page);
        _stage.Outside.World = _outside;
        _stage.Outside.Translate = Untranslated;
        _stage.Clock.Now = terminal.Time.GetUtcNow();
        _since = terminal.Time.GetTimestamp();
        _rehearsal = NewRehearsal();
    }

    /// <exception cref="BrokenFlowException">The Flow, or one that it calls, is not right.</exception>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static async Task<Chat> OpenAsync(string file, ChatTerminal terminal, CancellationToken cancellation) =>
        new(await ChatSource.OpenAsync(file, cancellation), terminal);

    public ValueTask DisposeAsync() => _stage.DisposeAsync();

    /// <summary>Until the customer leaves.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var saved = _terminal.IsInteractive ? new SavedFlows(_source.Folder) : null;
        _page.Note($"You are the customer; {_source.Name} ({_source.Shown}) answers. :help tells what you can do besides writing.");
        await BeginAsync(cancellation);
        while (await ReadAsync(saved, cancellation) is { } line && line.Trim() is not (":quit" or ":q"))
        {
            await ReloadAsync(cancellation);
            if (line.Trim() is { Length: > 0 } typed) await TakeAsync(typed, cancellation);
        }
    }

    /// <summary>What is typed next; null: nothing more. A Flow that is saved meanwhile is loaded at once.</summary>
    private async Task<string?> ReadAsync(SavedFlows? saved, CancellationToken cancellation)
    {
        _page.Prompt();
        // Reading from a console blocks whoever does it.
        var line = saved is null ? _terminal.Input.ReadLineAsync(cancellation).AsTask() : Task.Run(_terminal.Input.ReadLine, cancellation);
        while (saved is not null && await Task.WhenAny(line, _saved ??= saved.NextAsync(cancellation)) != line)
        {
            _saved = null;
            if (await ReloadAsync(cancellation)) _page.Prompt();
        }

        var typed = await line;
        _page.Typed(typed);
        return typed;
    }

    /// <summary>Takes over what was saved.</summary>
    /// <returns>Whether there is anything to tell.</returns>
    private async Task<bool> ReloadAsync(CancellationToken cancellation)
    {
        try
        {
            if (!await _source.ReloadAsync(cancellation)) return false;
            _stage.Play(_source.Flows);
            _rehearsal.Endpoint = EndpointOf(_locale);
            _page.Note($"{_source.Shown} was saved and is loaded again. The conversation goes on with it; :reset begins anew.");
        }
        catch (Exception broken) when (broken is BrokenFlowException or IOException or UnauthorizedAccessException)
        {
            _page.Wrong($"{broken.Message}\nThis was saved and is no Flow: the one before goes on until it is mended.");
        }

        return true;
    }

    private async Task TakeAsync(string line, CancellationToken cancellation)
    {
        _isNewInput = true;
        try
        {
            if (_rehearsal.HasEnded && line[0] != ':') await BeginAsync(cancellation);
            var now = _terminal.Time.GetTimestamp();
            await _rehearsal.WaitAsync(_terminal.Time.GetElapsedTime(_since, now), cancellation);
            _since = now;
            await (line[0] == ':' ? CommandAsync(line, cancellation) : SayAsync(line, cancellation));
        }
        catch (RehearsalException wrong)
        {
            _page.Wrong(wrong.Message);
        }

        ShowChanges();
    }

    /// <summary>A number or a title picks what is offered; all else is what the customer writes.</summary>
    private Task SayAsync(string text, CancellationToken cancellation)
    {
        var choice = int.TryParse(text, out var number) ? _choices.ElementAtOrDefault(number - 1)
            : _choices.LastOrDefault(one => string.Equals(one.Title, text, StringComparison.OrdinalIgnoreCase));
        return choice is null ? WriteAsync(text, cancellation) : _rehearsal.ClickAsync(choice, cancellation);
    }

    private async Task WriteAsync(string text, CancellationToken cancellation)
    {
        var before = _rehearsal.Turns.Count;
        await _rehearsal.SayAsync(text, null, cancellation);
        if (_rehearsal.Turns.Count == before) _page.Note("The Flow does not hear this: the customer waits for an agent, or talks with one.");
    }

    private Task BeginAsync(CancellationToken cancellation)
    {
        _rehearsal = NewRehearsal();
        _choices.Clear();
        _memory = Memory.Nothing;
        return _rehearsal.BeginAsync(_channel, null, cancellation);
    }

    private Rehearsal NewRehearsal() => new(_stage, EndpointOf(_locale))
    {
        ConversationId = "chat",
        EventPrefix = $"chat-{Guid.NewGuid():n}-",
        Watch = Show,
    };

    /// <exception cref="RehearsalException">There is no such locale.</exception>
    private Endpoint EndpointOf(string? locale) => _stage.EndpointOf(_source.Name, new JsonObject
    {
        ["locale"] = locale,
        ["handover"] = new JsonObject { ["queueId"] = "of-the-endpoint", ["returnScriptId"] = "of-the-endpoint" },
        ["translation"] = new JsonObject(),
        ["dataProtection"] = new JsonObject { ["maskSensitiveLogging"] = false },
    });

    private string Untranslated(string text, string language)
    {
        _page.Outside($"'{text}' would be translated to {language}; here it stays as it is.");
        return text;
    }
}
