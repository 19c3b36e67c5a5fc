using System.Collections.Frozen;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Acornima.Ast;
using Jint;
using Jint.Constraints;
using Jint.Native;
using Jint.Native.Json;
using Jint.Native.Object;
using Jint.Native.Promise;
using Jint.Runtime;
using Jint.Runtime.Descriptors;
using Jint.Runtime.Interop;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>The JavaScript engine of one turn: no .NET types, no modules, no code from strings, and limits.</summary>
/// <remarks>
/// Expressions and code work on copies of the memory; what expressions change in them is gone afterwards. Jint checks its limits between
/// statements, so its own functions that can grow or run without end are replaced by ones that pay as they go:
/// see <see cref="Guards"/>.
/// </remarks>
internal sealed partial class Sandbox : IDisposable
{
    /// <summary>What one expression may allocate, in bytes, and what the turn's may allocate together.</summary>
    private const long MaxMemory = 16 * 1024 * 1024;
    private const long MaxMemoryOfTurn = 8 * MaxMemory;

    /// <summary>What guarded functions may make in a turn, in characters.</summary>
    private const double MaxCharacters = 4_000_000;
    private const int MaxStatements = 1_000_000;
    private const int MaxCallDepth = 200;
    private const int MaxArrayLength = 1 << 17;
    private const int MaxJsonDepth = 128;

    private static readonly (string Name, LogLevel Level)[] ConsoleLevels =
    [
        ("log", LogLevel.Information), ("info", LogLevel.Information), ("debug", LogLevel.Debug), ("warn", LogLevel.Warning), ("error", LogLevel.Error),
    ];

    private static readonly Options Limits = MakeLimits();
    private static readonly Lazy<FrozenSet<string>> Names = new(ReadNames);

    private readonly Engine _engine = new(Limits);
    private readonly OperationDeadlineConstraint _deadline;
    private readonly Turn _turn;
    private readonly Memory _memory;
    private readonly CancellationToken _cancellation;
    private readonly int[] _loaded = [-1, -1, -1];
    private JsValue? _stringify;
    private readonly Dictionary<JsValue, JsValue> _rejected = new(ReferenceEqualityComparer.Instance);
    private bool _isSeeded;
    private bool _isTimed;
    private bool _hasConsole;

    /// <summary>Whether an expression may have changed the copies, or the engine's own methods.</summary>
    private bool _isChanged;
    private long _allocated;
    private double _characters;

    public Sandbox(Turn turn, CancellationToken cancellation)
    {
        (_turn, _memory) = (turn, turn.Memory);
        _cancellation = cancellation;
        _deadline = _engine.Constraints.Find<OperationDeadlineConstraint>()!;
        _engine.Advanced.PromiseRejectionTracker += (_, one) =>
        {
            if (one.Operation == PromiseRejectionOperation.Reject) _rejected[one.Promise] = one.Value ?? JsValue.Undefined;
            else _rejected.Remove(one.Promise);
        };
        _ = Names.Value;
        _memory.Stored = Take;
    }

    public void Dispose()
    {
        _memory.Stored = null;
        _engine.Dispose();
    }

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

    /// <summary>Runs code.</summary>
    /// <returns>What it returns, and what it changed in <c>context</c> and <c>profile</c>: what is gone comes first.</returns>
    /// <exception cref="ScriptException">It threw.</exception>
    /// <exception cref="StepException">It reached a limit, or left something else than an object.</exception>
    public (ScriptValue Result, IReadOnlyList<(MemoryPath Place, ScriptValue Value)> Changes) Run(CodeBlock code) => Guarded(() =>
    {
        Guard();
        Console();
        Root[] kept = [.. code.Traits.Roots.Where(root => root != Root.Input)];
        foreach (var root in kept) Load(root);
        var before = kept.Select(root => Kept(root)).ToList();
        _rejected.Clear();
        var returned = Json(Evaluate(code.Script, code.Traits));
        foreach (var reason in _rejected.Values)
            _turn.Log(new FlowLine(LogLevel.Warning, $"A promise was rejected, and nothing in the code takes that: {Told(reason)}"));
        var changes = kept.SelectMany((root, i) => Changes(root, before[i], Kept(root))).OrderByDescending(change => change.Value.IsUndefined).ToList();
        return (returned is null ? ScriptValue.Undefined : new ScriptValue(JsonNode.Parse(returned)), (IReadOnlyList<(MemoryPath, ScriptValue)>)changes);
    }, "code");

    /// <summary>What JavaScript has of a memory object now.</summary>
    private JsonObject Kept(Root root)
    {
        var name = Memory.RootNames[(int)root];
        return (Json(_engine.GetValue(name)) is { } json ? JsonNode.Parse(json) : null) as JsonObject
            ?? throw new StepException($"The code leaves no object in '{name}'. To empty it, write {name} = {{}}.");
    }

    private static IEnumerable<(MemoryPath Place, ScriptValue Value)> Changes(Root root, JsonObject before, JsonObject after)
    {
        foreach (var (name, _) in before)
            if (!after.ContainsKey(name)) yield return (new MemoryPath(root, [name]), ScriptValue.Undefined);
        foreach (var (name, value) in after)
            if (!before.TryGetPropertyValue(name, out var old) || !JsonNode.DeepEquals(old, value))
                yield return (new MemoryPath(root, [name]), new ScriptValue(value?.DeepClone()));
    }

    private JsValue Evaluate(Expression expression) => Evaluate(expression.Script, expression.Traits);

    private JsValue Evaluate(Prepared<Script> script, ScriptTraits traits)
    {
        if (!traits.Simple) Guard();
        if (traits.NeedsChance) Seed();
        if (traits.NeedsLanguages) LanguageFunction.AddTo(_engine);
        TurnClock.Now = _turn.Now;
        foreach (var root in traits.Roots) Load(root);
        Start();
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var value = Settled(_engine.Evaluate(script));
            return _allocated <= MaxMemoryOfTurn ? value : throw new StepException(TooMuchMemory);
        }
        finally
        {
            _allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            _isChanged |= !traits.Pure;
            if (_isChanged && !traits.Simple) Array.Fill(_loaded, -1);
        }
    }

    /// <summary>What a promise came to: all that it could wait for has run by now.</summary>
    private static JsValue Settled(JsValue value)
    {
        try
        {
            return value.IsPromise() ? value.UnwrapIfPromise(new CancellationToken(canceled: true)) : value;
        }
        catch (OperationCanceledException fault)
        {
            throw new StepException("It returns a promise that nothing settles: there are no timers and no network to wait for.", fault);
        }
    }

    /// <summary>The time of the turn's scripts begins with the first of them, not with what it takes to prepare the engine.</summary>
    private void Start()
    {
        if (_isTimed) return;
        _isTimed = true;
        _deadline.Begin(_turn.Limits.ScriptTime, _cancellation);
    }

    /// <summary>Reads them once in a process, and runs what most scripts use: to compile that takes longer than any script of a turn.</summary>
    private static FrozenSet<string> ReadNames()
    {
        using var engine = new Engine(Limits);
        var stringify = engine.Invoke(engine.Evaluate(Guards.Script), new ClrFunction(engine, "charge", (_, _) => JsValue.Undefined));
        engine.Invoke(stringify, engine.Evaluate(
            "[1, 2].map(n => `${new Date(n).toISOString()} ${n.toFixed(1)}`.replace(/T.*/, '').split('-').join(' ')).concat([{ a: Math.max(1, 2) }])"));
        return engine.Evaluate("Object.getOwnPropertyNames(globalThis)").AsArray().Select(name => name.ToString())
            .Concat(Memory.RootNames).Append("crypto").Append(LanguageFunction.Name).ToFrozenSet();
    }

    private void Load(Root root)
    {
        var version = _memory.Version(root);
        if (_loaded[(int)root] == version) return;
        _engine.SetValue(Memory.RootNames[(int)root], Parsed(_memory[root]));
        _loaded[(int)root] = version;
    }

    /// <summary>Stores a value in the copy too: to copy all of a large object again for each would cost more than all the rest.</summary>
    private void Take(MemoryPath path, ScriptValue value)
    {
        var root = (int)path.Root;
        if (_loaded[root] != _memory.Version(path.Root) - 1) return;
        var holder = _engine.GetValue(Memory.RootNames[root]) as ObjectInstance;
        foreach (var name in path.Members.SkipLast(1))
        {
            var inner = holder?.GetOwnProperty(name).Value as ObjectInstance;
            if (holder is not null && inner is null) holder.FastSetProperty(name, Property(inner = new JsObject(_engine)));
            holder = inner;
        }

        if (holder is null) return;
        if (value.IsUndefined) holder.Delete(path.Members[^1]);
        else holder.FastSetProperty(path.Members[^1], Property(Parsed(value.Json)));
        _loaded[root]++;

        static PropertyDescriptor Property(JsValue value) => new(value, writable: true, enumerable: true, configurable: true);
    }

    private JsValue Parsed(JsonNode? json) => json is null ? JsValue.Null : new JsonParser(_engine, MaxJsonDepth).Parse(json.ToJsonString(RelaxedJson));

    /// <summary>What <c>JSON.stringify</c> makes of it; null when that is undefined.</summary>
    private string? Json(JsValue value)
    {
        var json = _stringify is null
            ? new Jint.Native.Json.JsonSerializer(_engine).Serialize(value)
            : _engine.Invoke(_stringify, value);
        return json is JsString text ? WellFormed.Json(text.ToString()) : null;
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

    /// <summary><c>console</c>, for code: it writes to the Endpoint's log.</summary>
    private void Console()
    {
        if (_hasConsole) return;
        _hasConsole = true;
        var console = new JsObject(_engine);
        foreach (var (name, level) in ConsoleLevels)
            console.FastSetProperty(name, new PropertyDescriptor(new ClrFunction(_engine, name, (_, said) =>
            {
                _turn.Log(new FlowLine(level, string.Join(' ', said.Select(Shown))));
                return JsValue.Undefined;
            }), writable: true, enumerable: true, configurable: true));
        _engine.SetValue("console", console);
    }

    private string Shown(JsValue value) =>
        value.IsObject() && value is not JsError ? Unquote(Json(value) ?? "") : TypeConverter.ToString(value);

    /// <summary>Tells the author's faults from the limits.</summary>
    /// <param name="what">What is run, for messages.</param>
    private T Guarded<T>(Func<T> run, string what = "expression")
    {
        try
        {
            return run();
        }
        catch (JavaScriptException fault) when (!IsStackOverflow(fault))
        {
            var at = fault.Location;
            throw new ScriptException(Told(fault.Error), at.SourceFile == CodeBlock.Name ? at.Start.Line : LineIn(fault.JavaScriptStackTrace), fault);
        }
        catch (PromiseRejectedException fault)
        {
            var reason = fault.RejectedValue;
            throw new ScriptException(Told(reason), reason is JsError error && error.Get("stack") is JsString stack ? LineIn(stack.ToString()) : null, fault);
        }
        catch (Exception fault) when (fault is not StepException
            && !(fault is OperationCanceledException && _cancellation.IsCancellationRequested))
        {
            throw new StepException(fault switch
            {
                RegexMatchTimeoutException => "A regular expression takes too long. Look for repetitions inside of repetitions.",
                TimeoutException => string.Create(CultureInfo.InvariantCulture,
                    $"The expressions and code of this turn take longer than {_turn.Limits.ScriptTime.TotalSeconds} s. {LookForALoop}"),
                StatementsCountOverflowException =>
                    $"The {what} runs more than {MaxStatements} statements. {LookForALoop}",
                MemoryLimitExceededException or OutOfMemoryException => TooMuchMemory,
                RecursionDepthOverflowException or InsufficientExecutionStackException or JavaScriptException =>
                    $"The {what} calls functions more than {MaxCallDepth} deep.",
                _ => $"The {what} cannot be run: {fault.Message}",
            }, fault);
        }
    }

    /// <summary>What was thrown, as a text: the message of an error, or else JSON.</summary>
    private string Told(JsValue thrown)
    {
        try
        {
            var message = thrown.IsObject() ? thrown.Get("message") : thrown;
            return message is JsString { Length: > 0 } text ? text.ToString()
                : thrown.IsObject() && thrown is not JsError && Json(thrown) is { } json ? json : thrown.ToString();
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Such as an object that holds itself.
            return thrown.ToString();
        }
    }

    /// <summary>The innermost line of code in a stack, such as of <c>at f (code:2:8)</c>; null: there is none.</summary>
    private static int? LineIn(string? stack) =>
        StackPattern.Match(stack ?? "") is { Success: true } at ? int.Parse(at.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"(?:at |\()code:([0-9]{1,6}):[0-9]+\)?$", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex StackPattern { get; }

    /// <summary>
    /// Jint's guard of the stack throws as the language does. All its other limits are exceptions of .NET, so that a RangeError is the
    /// author's: a date that is none, a number of digits that cannot be.
    /// </summary>
    private static bool IsStackOverflow(JavaScriptException fault) =>
        fault.Message == "Maximum call stack size exceeded"
        && fault.Error is JsError error && error.Prototype?.GetOwnProperty("name").Value?.ToString() == "RangeError";

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
