using System.Collections.Frozen;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Jint;
using Jint.Constraints;
using Jint.Native;
using Jint.Native.Json;
using Jint.Runtime;
using Jint.Runtime.Descriptors;
using Jint.Runtime.Interop;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>The JavaScript engine of one turn: no .NET types, no modules, no code from strings, and limits.</summary>
/// <remarks>
/// Expressions work on copies of the memory; what they change in them is gone afterwards. Jint checks its limits between
/// statements, so its own functions that can grow or run without end are replaced by ones that pay as they go:
/// see <see cref="Guards"/>.
/// </remarks>
internal sealed class Sandbox : IDisposable
{
    /// <summary>For all expressions of a turn together.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(1);

    /// <summary>What one expression may allocate, in bytes, and what the turn's may allocate together.</summary>
    private const long MaxMemory = 16 * 1024 * 1024;
    private const long MaxMemoryOfTurn = 8 * MaxMemory;

    /// <summary>What guarded functions may make in a turn, in characters.</summary>
    private const double MaxCharacters = 4_000_000;
    private const int MaxStatements = 1_000_000;
    private const int MaxCallDepth = 200;
    private const int MaxArrayLength = 1 << 17;
    private const int MaxJsonDepth = 128;

    private static readonly Options Limits = MakeLimits();
    private static readonly Lazy<FrozenSet<string>> Names = new(ReadNames);

    private readonly Engine _engine = new(Limits);
    private readonly OperationDeadlineConstraint _deadline;
    private readonly Turn _turn;
    private readonly Memory _memory;
    private readonly CancellationToken _cancellation;
    private readonly int[] _loaded = [-1, -1, -1];
    private JsValue? _stringify;
    private bool _isSeeded;
    private long _allocated;
    private double _characters;

    public Sandbox(Turn turn, CancellationToken cancellation)
    {
        (_turn, _memory) = (turn, turn.Memory);
        _cancellation = cancellation;
        _deadline = _engine.Constraints.Find<OperationDeadlineConstraint>()!;
        _deadline.Begin(MaxTime, cancellation);
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>Whether an expression that does not declare the name finds it.</summary>
    public static bool Knows(string name) => Names.Value.Contains(name);

    public bool Truth(Expression expression) => Guarded(() => TypeConverter.ToBoolean(Evaluate(expression)));

    public string Text(Expression expression) => Guarded(() => Evaluate(expression) switch
    {
        JsString text => text.ToString(),
        var value when value.IsNull() || value.IsUndefined() => "",
        var value when !value.IsObject() => TypeConverter.ToString(value),
        var value => Unquote(Json(value) ?? ""),
    });

    public ScriptValue Value(Expression expression) => Guarded(() =>
        Json(Evaluate(expression)) is { } json ? new ScriptValue(JsonNode.Parse(json)) : ScriptValue.Undefined);

    private JsValue Evaluate(Expression expression)
    {
        if (!expression.Traits.Simple) Guard();
        if (expression.Traits.NeedsChance) Seed();
        TurnClock.Now = _turn.Now;
        foreach (var root in expression.Traits.Roots) Load(root);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var value = _engine.Evaluate(expression.Script);
            return _allocated <= MaxMemoryOfTurn ? value : throw new StepException(TooMuchMemory);
        }
        finally
        {
            _allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            if (!expression.Traits.Simple) Array.Fill(_loaded, -1);
        }
    }

    private static FrozenSet<string> ReadNames()
    {
        using var engine = new Engine(Limits);
        engine.Invoke(engine.Evaluate(Guards.Script), new ClrFunction(engine, "charge", (_, _) => JsValue.Undefined));
        return engine.Evaluate("Object.getOwnPropertyNames(globalThis)").AsArray().Select(name => name.ToString())
            .Concat(Memory.RootNames).Append("crypto").ToFrozenSet();
    }

    private void Load(Root root)
    {
        var version = _memory.Version(root);
        if (_loaded[(int)root] == version) return;
        var copy = new JsonParser(_engine, MaxJsonDepth).Parse(_memory[root].ToJsonString(RelaxedJson));
        _engine.SetValue(Memory.RootNames[(int)root], copy);
        _loaded[(int)root] = version;
    }

    /// <summary>What <c>JSON.stringify</c> makes of it; null when that is undefined.</summary>
    private string? Json(JsValue value)
    {
        var json = _stringify is null
            ? new Jint.Native.Json.JsonSerializer(_engine).Serialize(value)
            : _engine.Invoke(_stringify, value);
        return json is JsString text ? text.ToString() : null;
    }

    /// <summary>A date, for one, is a text in JSON.</summary>
    private static string Unquote(string json) =>
        json.StartsWith('"') ? JsonNode.Parse(json)!.GetValue<string>() : json;

    private void Guard()
    {
        if (_stringify is not null) return;
        var charge = new ClrFunction(_engine, "charge", (_, arguments) =>
        {
            var characters = arguments.Length > 0 && arguments[0].IsNumber() ? arguments[0].AsNumber() : 0;
            if (characters > 0) _characters += characters;
            if (_characters > MaxCharacters) throw new StepException(TooMuchMemory);
            _deadline.Check();
            return JsValue.Undefined;
        });
        _stringify = _engine.Invoke(_engine.Evaluate(Guards.Script), charge);
    }

    /// <summary>Chance that comes from the event.</summary>
    private void Seed()
    {
        if (_isSeeded) return;
        _isSeeded = true;
        _engine.Evaluate("Math").AsObject().FastSetProperty("random", new PropertyDescriptor(
            new ClrFunction(_engine, "random", (_, _) => _turn.Chance.Next()), writable: true, enumerable: false, configurable: true));
        var crypto = new JsObject(_engine);
        crypto.FastSetProperty("randomUUID", new PropertyDescriptor(
            new ClrFunction(_engine, "randomUUID", (_, _) => _turn.Chance.Uuid().ToString()), writable: true, enumerable: true, configurable: true));
        _engine.SetValue("crypto", crypto);
    }

    /// <summary>Tells the author's faults from the limits.</summary>
    private T Guarded<T>(Func<T> run)
    {
        try
        {
            return run();
        }
        catch (JavaScriptException fault) when (!IsRangeError(fault))
        {
            throw new ScriptException(fault.Message, fault);
        }
        catch (Exception fault) when (fault is not StepException
            && !(fault is OperationCanceledException && _cancellation.IsCancellationRequested))
        {
            throw new StepException(fault switch
            {
                RegexMatchTimeoutException => "A regular expression takes too long. Look for repetitions inside of repetitions.",
                TimeoutException => $"The expressions of this turn take longer than {MaxTime.TotalSeconds} s. {LookForALoop}",
                StatementsCountOverflowException =>
                    $"The expression runs more than {MaxStatements} statements. {LookForALoop}",
                MemoryLimitExceededException or OutOfMemoryException => TooMuchMemory,
                RecursionDepthOverflowException or InsufficientExecutionStackException =>
                    $"The expression calls functions more than {MaxCallDepth} deep.",
                JavaScriptException => $"The expression reached a limit: {fault.Message}",
                _ => $"The expression cannot be run: {fault.Message}",
            }, fault);
        }
    }

    /// <summary>How JavaScript says that something is too long, too large or too deep.</summary>
    private static bool IsRangeError(JavaScriptException fault) =>
        fault.Error is JsError error && error.Prototype?.GetOwnProperty("name").Value?.ToString() == "RangeError";

    private const string LookForALoop = "Look for a loop that does not end.";

    private static string TooMuchMemory =>
        $"The expressions of this turn need too much memory (limit {MaxMemory / 1024 / 1024} MiB each).";

    private static readonly JsonSerializerOptions RelaxedJson =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static Options MakeLimits()
    {
        var options = new Options { Strict = true }
            .LimitMemory(MaxMemory)
            .LimitRecursion(MaxCallDepth)
            .MaxStatements(MaxStatements)
            .MaxArraySize(MaxArrayLength)
            .MaxJsonParseDepth(MaxJsonDepth)
            .RegexTimeoutInterval(TimeSpan.FromMilliseconds(250))
            .DisableStringCompilation()
            .Constraint(() => new OperationDeadlineConstraint());
        options.Constraints.StackOverflowGuard = true;
        options.TimeSystem = new TurnClock(options.TimeSystem);
        options.TimeZone = TimeZoneInfo.Utc;
        return options;
    }
}
