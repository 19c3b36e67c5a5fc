using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using EightByEight.Connector.Flows.Scripting;
using Jint;
using Jint.Constraints;
using Jint.Native;
using Jint.Native.Json;
using Jint.Runtime;
using Jint.Runtime.Interop;
using Microsoft.AspNetCore.WebUtilities;

namespace EightByEight.Connector.Transformers;

/// <summary>A JavaScript engine for transformers whose built-ins are frozen, so that a run leaves nothing behind for the next.</summary>
/// <remarks>
/// Each run evaluates the source anew: what it declares dies with it. What is loaded stays (libraries, frozen too). A run that reached a
/// limit, or changed what cannot be frozen, leaves a realm that is thrown away.
/// </remarks>
internal sealed class Realm : IDisposable
{
    /// <summary>How long one handler may take, waiting included.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(5);

    /// <summary>What a handler may allocate between two waits, in bytes, and what it may in one run.</summary>
    private const long MaxMemory = 64L * 1024 * 1024;
    private const long MaxMemoryOfRun = 2 * MaxMemory;

    /// <summary>How many statements a handler may run between two waits.</summary>
    private const int MaxStatements = 2_000_000;

    /// <summary>What guarded functions may make in one run, in characters.</summary>
    private const double MaxCharacters = 16_000_000;

    /// <summary>The largest value that a handler may return, in characters of JSON.</summary>
    public const int MaxResult = 1_000_000;

    private const int MaxCallDepth = 200;
    private const int MaxJsonDepth = 128;

    private static readonly Lazy<Prepared<Acornima.Ast.Script>> Prelude = new(() => Engine.PrepareScript(Library.Read("Realm"), "Realm.js"));
    private static readonly Dictionary<string, Lazy<Prepared<Acornima.Ast.Script>>> Libraries =
        new[] { "lodash", "moment", "xmljs", "uuid", "TextCleaner" }.ToDictionary(name => name,
            name => new Lazy<Prepared<Acornima.Ast.Script>>(() => Engine.PrepareScript(Library.Read(name), name)));

    private readonly Engine _engine = new(MakeLimits());
    private readonly OperationDeadlineConstraint _deadline;
    private readonly JsValue _promise;
    private readonly JsValue _start;
    private double _characters;
    private long _allocated;

    public Realm()
    {
        _deadline = _engine.Constraints.Find<OperationDeadlineConstraint>()!;
        _deadline.Begin(MaxTime, CancellationToken.None);
        _promise = _engine.GetValue("Promise");
        var host = new JsObject(_engine);
        // The next line takes them away; the libraries still need them.
        host.Set("bytes", _engine.GetValue("Uint8Array"));
        host.Set("words", _engine.GetValue("Uint32Array"));
        Stringify = _engine.Invoke(_engine.Evaluate(Guards.Script), Function("charge", Charge));
        host.Set("charge", Function("charge", Charge));
        host.Set("encode", Function("encode", arguments => Binary.Encode(Text(arguments, 0), Text(arguments, 1))));
        host.Set("decode", Function("decode", arguments => Binary.Decode(Text(arguments, 0), Text(arguments, 1))));
        host.Set("digest", Function("digest", Digest));
        host.Set("random", Function("random", Random));
        host.Set("uuid", Function("uuid", _ => Guid.NewGuid().ToString()));
        host.Set("phrase", Function("phrase", arguments => ReasonPhrases.GetReasonPhrase((int)TypeConverter.ToInteger(arguments[0]))));
        host.Set("taint", Function("taint", _ => { IsTainted = true; return JsValue.Undefined; }));
        host.Set("load", Function("load", Load));
        _start = _engine.Invoke(_engine.Evaluate(Prelude.Value), host);
        _deadline.End();
    }

    /// <summary>Whether it must not be used again.</summary>
    public bool IsTainted { get; set; }

    /// <summary>The guarded <c>JSON.stringify</c>.</summary>
    private JsValue Stringify { get; }

    /// <summary>Begins a run: what it makes and allocates counts from here.</summary>
    public void Begin() => (_characters, _allocated) = (0, 0);

    /// <summary>Gives it so much time from here on.</summary>
    public void Allow(TimeSpan time, CancellationToken cancellation) => _deadline.Begin(time, cancellation);

    public void End() => _deadline.End();

    /// <summary>Evaluates a source and calls one of its handlers; what it says and asks for goes to the functions of <paramref name="run"/>.</summary>
    public void Start(TransformerSource source, string handler, JsValue argument, JsObject run) =>
        Counted(() => _engine.Invoke(_start, _engine.Evaluate(source.Script), handler, argument, run));

    /// <summary>Goes on after a wait.</summary>
    /// <param name="value">Makes what was waited for.</param>
    public void Resume(JsValue continuation, Func<JsValue> value) => Counted(() => _engine.Invoke(continuation, value()));

    /// <summary>Runs up to the next wait. The engine counts from there anew, so the whole is counted here.</summary>
    private void Counted(Action run)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        run();
        _engine.Advanced.ProcessTasks();
        _allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        if (_allocated > MaxMemoryOfRun)
            throw new MemoryLimitExceededException("The run needs too much memory.");
    }

    public JsObject NewObject() => new(_engine);

    /// <summary>JSON as a value of this realm.</summary>
    public JsValue Parse(string json) => new JsonParser(_engine, MaxJsonDepth).Parse(json);

    /// <summary>A value of this realm as JSON; null when that is undefined.</summary>
    public string? Json(JsValue value) => _engine.Invoke(Stringify, value) is JsString text ? WellFormed.Json(text.ToString()) : null;

    public JsValue Function(string name, Func<JsValue[], JsValue> body) => new ClrFunction(_engine, name, (_, arguments) =>
    {
        try
        {
            return body(arguments);
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException)
        {
            throw new JavaScriptException(_engine.Intrinsics.TypeError, fault.Message);
        }
    });

    /// <summary>A function that returns a promise, for something that runs outside of the realm.</summary>
    /// <param name="begin">Gets the arguments, and the functions that settle the promise.</param>
    public JsValue Promising(string name, Action<JsValue[], JsValue, JsValue> begin) => new ClrFunction(_engine, name, (_, arguments) =>
    {
        var (given, resolve, reject) = (arguments, JsValue.Undefined, JsValue.Undefined);
        var executor = new ClrFunction(_engine, "", (_, settle) =>
        {
            (resolve, reject) = (settle[0], settle[1]);
            return JsValue.Undefined;
        });
        var promise = _engine.Construct(_promise, executor);
        begin([.. given], resolve, reject);
        return promise;
    });

    /// <summary>An error as JavaScript knows it.</summary>
    public JsValue Error(string name, string message, Action<JsObject>? more = null)
    {
        var error = (JsError)_engine.Intrinsics.Error.Construct(message);
        var members = NewObject();
        members.Set("name", name);
        more?.Invoke(members);
        foreach (var (key, property) in members.GetOwnProperties()) error.Set(key, property.Value);
        return error;
    }

    public void Dispose() => _engine.Dispose();

    internal static string Text(JsValue[] arguments, int index) => index < arguments.Length ? TypeConverter.ToString(arguments[index]) : "";

    private JsValue Charge(JsValue[] arguments)
    {
        var characters = arguments.Length > 0 && arguments[0].IsNumber() ? arguments[0].AsNumber() : 0;
        if (characters > 0) _characters += characters;
        if (_characters > MaxCharacters) throw new MemoryLimitExceededException("It makes too much text.");
        _deadline.Check();
        return JsValue.Undefined;
    }

    /// <summary>Loads a library from this assembly.</summary>
    private JsValue Load(JsValue[] arguments) =>
        _engine.Call(arguments[1], _engine.Evaluate(Libraries[Text(arguments, 0)].Value));

    // Weak ones too: what a transformer talks to may sign with them.
    [SuppressMessage("Security", "CA5350", Justification = "Chosen by the transformer's author.")]
    [SuppressMessage("Security", "CA5351", Justification = "Chosen by the transformer's author.")]
    private static JsValue Digest(JsValue[] arguments)
    {
        var key = arguments[1].IsNull() ? null : Encoding.Latin1.GetBytes(Text(arguments, 1));
        var data = Encoding.Latin1.GetBytes(Text(arguments, 2));
        return Encoding.Latin1.GetString(Text(arguments, 0).ToLowerInvariant().Replace("-", "", StringComparison.Ordinal) switch
        {
            "md5" => key is null ? MD5.HashData(data) : HMACMD5.HashData(key, data),
            "sha1" => key is null ? SHA1.HashData(data) : HMACSHA1.HashData(key, data),
            "sha256" => key is null ? SHA256.HashData(data) : HMACSHA256.HashData(key, data),
            "sha384" => key is null ? SHA384.HashData(data) : HMACSHA384.HashData(key, data),
            "sha512" => key is null ? SHA512.HashData(data) : HMACSHA512.HashData(key, data),
            var other => throw new ArgumentException($"Unknown algorithm: {other}. Known are md5, sha1, sha256, sha384 and sha512."),
        });
    }

    private static JsValue Random(JsValue[] arguments)
    {
        var size = arguments[0].AsNumber();
        return size is >= 0 and <= 65_536
            ? Encoding.Latin1.GetString(RandomNumberGenerator.GetBytes((int)size))
            : throw new ArgumentException("randomBytes takes a size from 0 to 65536.");
    }

    private static Options MakeLimits()
    {
        var options = new Options()
            .LimitMemory(MaxMemory)
            .LimitRecursion(MaxCallDepth)
            .MaxStatements(MaxStatements)
            .MaxArraySize(1 << 20)
            .MaxJsonParseDepth(MaxJsonDepth)
            .RegexTimeoutInterval(TimeSpan.FromMilliseconds(250))
            .DisableStringCompilation()
            .Constraint(() => new OperationDeadlineConstraint());
        options.Constraints.StackOverflowGuard = true;
        return options;
    }

    /// <summary>What a limit means to an author; null: it is none.</summary>
    public static string? LimitIn(Exception fault) => fault switch
    {
        RegexMatchTimeoutException => "A regular expression takes too long. Look for repetitions inside of repetitions.",
        TimeoutException => $"The handler takes longer than {MaxTime.TotalSeconds} s.",
        StatementsCountOverflowException => $"The handler runs more than {MaxStatements} statements. Look for a loop that does not end.",
        MemoryLimitExceededException or OutOfMemoryException =>
            $"The handler needs too much memory (limit {MaxMemory / 1024 / 1024} MiB between two waits, {MaxMemoryOfRun / 1024 / 1024} MiB in all).",
        RecursionDepthOverflowException or InsufficientExecutionStackException => $"The handler calls functions more than {MaxCallDepth} deep.",
        _ => null,
    };
}

/// <summary>Bytes as a text with one character for each.</summary>
internal static class Binary
{
    /// <exception cref="FormatException">The text is not in that encoding.</exception>
    public static string Encode(string text, string encoding) => Encoding.Latin1.GetString(encoding switch
    {
        "latin1" => Encoding.Latin1.GetBytes(text),
        "hex" => Convert.FromHexString(text.Length % 2 == 0 ? text : text[..^1]),
        "base64" or "base64url" => FromBase64(text),
        _ => Encoding.UTF8.GetBytes(text),
    });

    public static string Decode(string binary, string encoding)
    {
        var bytes = Encoding.Latin1.GetBytes(binary);
        return encoding switch
        {
            "latin1" => binary,
            "hex" => Convert.ToHexStringLower(bytes),
            "base64" => Convert.ToBase64String(bytes),
            "base64url" => WebEncoders.Base64UrlEncode(bytes),
            _ => Encoding.UTF8.GetString(bytes),
        };
    }

    /// <summary>Node takes both alphabets, with padding and without.</summary>
    private static byte[] FromBase64(string text) =>
        WebEncoders.Base64UrlDecode(string.Concat(text.Where(c => !char.IsWhiteSpace(c))).TrimEnd('=').Replace('+', '-').Replace('/', '_'));
}

/// <summary>Realms that wait for their next run. Each serves one Endpoint's one source only.</summary>
internal sealed class Realms : IDisposable
{
    /// <summary>How many wait at most; the one used longest ago goes first.</summary>
    private const int Most = 32;

    private readonly Lock _gate = new();
    private readonly LinkedList<(string Owner, Realm Realm)> _idle = new();

    public Realm Take(string owner)
    {
        lock (_gate)
        {
            for (var node = _idle.Last; node is not null; node = node.Previous)
            {
                if (node.Value.Owner != owner) continue;
                _idle.Remove(node);
                return node.Value.Realm;
            }
        }

        return new Realm();
    }

    public void Return(string owner, Realm realm)
    {
        if (realm.IsTainted)
        {
            realm.Dispose();
            return;
        }

        Realm? oldest = null;
        lock (_gate)
        {
            _idle.AddLast((owner, realm));
            if (_idle.Count > Most)
            {
                oldest = _idle.First!.Value.Realm;
                _idle.RemoveFirst();
            }
        }

        oldest?.Dispose();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var (_, realm) in _idle) realm.Dispose();
            _idle.Clear();
        }
    }
}
