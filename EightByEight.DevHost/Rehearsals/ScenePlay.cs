using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Handover;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>Plays one scene and finds the first thing that is not as expected.</summary>
internal sealed class ScenePlay
{
    /// <summary>What can be expected beside what is said.</summary>
    public static readonly string[] Facts =
        ["context", "profile", "state", "handover", "ended", "waitsAt", "intent", "understood", "goals", "custom", "failure", "warnings", "log", "asked"];

    private readonly RehearsalStage _stage;
    private readonly Rehearsal _rehearsal;
    private readonly Scene _scene;
    private readonly List<OutgoingMessage> _said = [];
    private readonly List<OutgoingMessage> _kept = [];
    private readonly List<Saying> _expected = [];
    private readonly List<Turn> _turns = [];
    private Beat? _after;
    private bool _mayFail;

    private ScenePlay(RehearsalStage stage, Rehearsal rehearsal, Scene scene) => (_stage, _rehearsal, _scene) = (stage, rehearsal, scene);

    /// <returns>What was not as expected; null: all was.</returns>
    public static async Task<Mismatch?> PlayAsync(RehearsalStage stage, string flow, Scene scene, CancellationToken cancellation)
    {
        stage.Clock.Now = scene.Now;
        (stage.Outside.Stubs, stage.Outside.Translations, stage.Outside.Detected) = (scene.Stubs(), scene.Translations, scene.Detected);
        stage.Outside.Asked.Clear();
        try
        {
            return await new ScenePlay(stage, new Rehearsal(stage, stage.EndpointOf(flow, scene.Endpoint)), scene).PlayAsync(cancellation);
        }
        catch (RehearsalException wrong)
        {
            return new(scene.Line, 1, wrong.Message);
        }
    }

    private async Task<Mismatch?> PlayAsync(CancellationToken cancellation)
    {
        await _rehearsal.BeginAsync(_scene.Channel, _scene.User, cancellation);
        Take();
        foreach (var beat in _scene.Beats)
        {
            if (beat is Saying saying) _expected.Add(saying);
            else if (beat is Fact fact)
            {
                if (Check(fact) is { } wrong) return wrong;
            }
            else
            {
                if (Settle() is { } mismatch) return mismatch;
                _after = beat;
                try
                {
                    await ((Event)beat).HappenAsync(_rehearsal, cancellation);
                }
                catch (RehearsalException wrong)
                {
                    return new(beat.Line, beat.Column, wrong.Message);
                }

                Take();
            }
        }

        return Settle();
    }

    private void Take()
    {
        foreach (var turn in _rehearsal.TakeTurns())
        {
            _turns.Add(turn);
            _said.AddRange(turn.Outputs);
            _kept.AddRange(turn.Unsent ?? []);
        }
    }

    /// <summary>All that was said since the last event is to be all that was expected.</summary>
    private Mismatch? Settle()
    {
        Mismatch? mismatch = null;
        var at = _expected.FirstOrDefault() ?? _after;
        if (!_mayFail && _turns.FirstOrDefault(turn => turn.Failure is not null)?.Failure is { } failure)
            mismatch = new(at?.Line ?? _scene.Line, at?.Column ?? 1, Told($"The Flow failed at {failure.Step}, line {failure.Line}: {failure.Message}"));
        else if (_expected.Count != _said.Count || _expected.Zip(_said).Any(pair => !pair.First.Expected.Fits(pair.Second)))
            mismatch = new(at?.Line ?? _scene.Line, at?.Column ?? 1, Told(string.Join('\n', Comparison.Lines(
                _expected, _said, (saying, message) => saying.Expected.Fits(message), saying => saying.Shown, Expected.Show))));
        _turns.Clear();
        _said.Clear();
        _kept.Clear();
        _expected.Clear();
        _stage.Outside.Asked.Clear();
        _mayFail = false;
        return mismatch;
    }

    private string Told(string what)
    {
        var warnings = _turns.SelectMany(turn => turn.Warnings ?? []).Select(warning => $"warning at {warning.Step}, line {warning.Line}: {warning.Message}");
        var kept = _kept.Select(message => $"not sent ({_turns.First(turn => turn.UnsentReason is not null).UnsentReason}): {Expected.Show(message)}");
        return string.Join('\n', [_after is null ? "at the beginning" : $"after {_after.Shown}", what, .. warnings, .. kept]);
    }

    private Mismatch? Check(Fact fact)
    {
        foreach (var (name, expected) in fact.Expected)
        {
            var actual = Is(name, expected);
            // Of a sentence, a part that tells it is enough.
            var fits = name is "failure" && expected is JsonValue part && actual?.ToString().Contains(part.ToString(), StringComparison.Ordinal) == true;
            if (name == "failure") _mayFail = true;
            if (!fits && Comparison.Difference(expected, actual, name) is { } difference) return new(fact.Line, fact.Column, Told(difference));
        }

        return null;
    }

    /// <summary>What is so by now, in the form in which it is expected.</summary>
    private JsonNode? Is(string name, JsonNode? expected) => name switch
    {
        "context" => _rehearsal.State.Session?.Context,
        "profile" => _rehearsal.State.Session?.Profile,
        "state" => _rehearsal.State.Session?.Marks.State,
        "handover" => _rehearsal.State.Handover is not { } handover ? null : expected is JsonObject ? Show(handover) : HandoverCase.Name(handover.Status),
        "ended" => _rehearsal.HasEnded,
        "waitsAt" => _rehearsal.State.Session?.Position?.Step is { } step ? expected?.ToString() == _stage.IdOf(step) ? expected!.DeepClone() : step : null,
        "intent" => _turns.Select(turn => turn.Record?.Intent).LastOrDefault(intent => intent is not null),
        "understood" => _turns.Select(turn => turn.Record?.Understood).LastOrDefault(understood => understood is not null),
        "goals" => new JsonArray([.. _turns.SelectMany(turn => turn.Record?.Goals ?? []).Select(goal => (JsonNode)goal)]),
        "custom" => _turns.Select(turn => turn.Record?.Custom).LastOrDefault(custom => custom is { Count: > 0 })?.DeepClone(),
        "failure" => _turns.Select(turn => turn.Failure?.Message).LastOrDefault(message => message is not null),
        "warnings" => new JsonArray([.. _turns.SelectMany(turn => turn.Warnings ?? []).Select(warning => (JsonNode)warning.Message)]),
        "log" => new JsonArray([.. _turns.SelectMany(turn => turn.Log).Where(line => line.Source == "flow").Select(line => (JsonNode)line.Message)]),
        _ => new JsonArray([.. _stage.Outside.Asked.Select(asked => asked.DeepClone())]),
    };

    private static JsonObject Show(HandoverCase handover)
    {
        var shown = (JsonObject)JsonSerializer.SerializeToNode(handover.Request, Script.Members)!;
        foreach (var (name, value) in handover.ToInput(null)) shown[name] = value?.DeepClone() ?? shown[name]?.DeepClone();
        return shown;
    }
}

/// <summary>Something is not as expected.</summary>
/// <param name="Line">Where the script expects it.</param>
internal sealed record Mismatch(int Line, int Column, string Message);
