using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Acornima;
using Acornima.Ast;
using Jint;
using Jint.Native;
using Jint.Runtime;

namespace EightByEight.Connector.Transformers;

/// <summary>The source of an Endpoint's transformers: TypeScript without its types, as JavaScript that is ready to run.</summary>
internal sealed partial class TransformerSource
{
    /// <summary>How stack traces name it.</summary>
    public const string Name = "transformer";

    private const int MaxCached = 200;

    /// <summary>What the source sees beside the global objects. It is on the source's first line, so that lines stay as they are.</summary>
    private const string Before =
        "(function(createWebhookTransformer,createRestTransformer,createSocketTransformer,createNluTransformer," +
        "createNluCodeTransformer,console,httpRequest,getSessionStorage){(function(){";

    private static readonly ConcurrentDictionary<string, Lazy<TransformerSource>> Cache = new();

    private TransformerSource(string hash, Prepared<Script> script) => (Hash, Script) = (hash, script);

    /// <summary>SHA-256 of the source, in hex.</summary>
    public string Hash { get; }

    /// <summary>A function of what a transformer calls to register itself and to reach the world.</summary>
    public Prepared<Script> Script { get; }

    /// <summary>The source, prepared once a process.</summary>
    /// <exception cref="TransformerSourceException">It is not TypeScript.</exception>
    public static TransformerSource Of(string source)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)));
        if (Cache.Count > MaxCached) Cache.Clear();
        return Cache.GetOrAdd(hash, key => new(() => new(key, Prepare(source)))).Value;
    }

    /// <summary>A column of the prepared source, as its author counts.</summary>
    internal static (int Line, int Column) Position(int line, int column) => (line, line == 1 ? Math.Max(0, column - Before.Length) : column);

    private static Prepared<Script> Prepare(string source)
    {
        if (source.Length > TransformerSettings.MaxSource)
            throw new TransformerSourceException($"It has {source.Length} characters; {TransformerSettings.MaxSource} are allowed.", 1, 1);
        try
        {
            var script = IsJavaScript(source) ? source : Stripped(source);
            // Alone first: put into brackets, two functions could look like one.
            new Parser().ParseScript(script);
            return Engine.PrepareScript($"{Before}{script}\n}})()}})", Name);
        }
        catch (ParseErrorException fault)
        {
            throw new TransformerSourceException(fault.Error.Description, fault.LineNumber, fault.Column + 1, fault);
        }
        catch (ScriptPreparationException fault)
        {
            throw new TransformerSourceException((fault.InnerException ?? fault).Message, 1, 1, fault);
        }
        catch (InsufficientExecutionStackException fault)
        {
            throw new TransformerSourceException("It is nested too deep.", 1, 1, fault);
        }
    }

    private static bool IsJavaScript(string source)
    {
        try
        {
            new Parser().ParseScript(source);
            return true;
        }
        catch (Exception fault) when (fault is ParseErrorException or InsufficientExecutionStackException)
        {
            return false;
        }
    }

    private static string Stripped(string source)
    {
        using var types = new TypeStripper();
        return types.Strip(source);
    }

    [GeneratedRegex(@"^(?:SyntaxError: |Error: )*(?:Error transforming \S+: )?(?<what>.*?) \((?<line>\d+):(?<column>\d+)\)$", RegexOptions.Singleline)]
    private static partial Regex Fault();

    /// <summary>Sucrase in an engine of its own, which sees nothing but the source.</summary>
    private sealed class TypeStripper : IDisposable
    {
        private static readonly Lazy<Prepared<Script>> Sucrase = new(() => Engine.PrepareScript(Library.Read("sucrase"), "sucrase.js"));

        private readonly Engine _engine = new(options => options.TimeoutInterval(TimeSpan.FromSeconds(20)).LimitMemory(1L << 30).LimitRecursion(2_000));

        public string Strip(string source)
        {
            _engine.SetValue("source", source);
            var load = _engine.Evaluate(Sucrase.Value);
            var library = _engine.Invoke(load, _engine.Global, _engine.Global, _engine.GetValue("Uint8Array"), _engine.GetValue("Uint32Array"), JsValue.Undefined);
            _engine.SetValue("sucrase", library);
            try
            {
                return _engine.Evaluate(
                    "sucrase.transform(source, { transforms: ['typescript'], disableESTransforms: true, keepUnusedImports: true }).code").AsString();
            }
            catch (JavaScriptException fault)
            {
                var found = Fault().Match(fault.Message);
                throw found.Success
                    ? new TransformerSourceException(found.Groups["what"].Value + ".", int.Parse(found.Groups["line"].ValueSpan, null),
                        int.Parse(found.Groups["column"].ValueSpan, null), fault)
                    : new TransformerSourceException(fault.Message, 1, 1, fault);
            }
            catch (Exception fault) when (fault is not TransformerSourceException)
            {
                throw new TransformerSourceException($"Its types cannot be removed: {fault.Message}", 1, 1, fault);
            }
        }

        public void Dispose() => _engine.Dispose();
    }
}

/// <summary>The source cannot be run.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="line">Where, from 1.</param>
/// <param name="column">Where in the line, from 1.</param>
/// <param name="cause">What the parser threw.</param>
internal sealed class TransformerSourceException(string message, int line, int column, Exception? cause = null) : Exception(message, cause)
{
    public int Line { get; } = line;
    public int Column { get; } = column;
}

/// <summary>JavaScript that the build put into this assembly.</summary>
internal static class Library
{
    public static string Read(string name)
    {
        using var stream = typeof(Library).Assembly.GetManifestResourceStream($"Transformers/{name}.js")
            ?? throw new InvalidOperationException($"The assembly lacks {name}.js: build it again.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
