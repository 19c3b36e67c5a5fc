using Acornima;
using Acornima.Ast;
using Jint;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>JavaScript statements, prepared once. They run as the body of a function, so that what they declare is gone afterwards.</summary>
internal sealed class CodeBlock
{
    /// <summary>Longer code belongs into a service.</summary>
    public const int MaxCharacters = 32_768;

    /// <summary>What is nested deeper could overflow the stack of an interpreter.</summary>
    private const int MaxDepth = 500;

    /// <summary>The name of all code, by which its lines are told from those of other scripts.</summary>
    public const string Name = "code";

    private CodeBlock(Prepared<Script> script, ScriptTraits traits) => (Script, Traits) = (script, traits);

    public Prepared<Script> Script { get; }

    public ScriptTraits Traits { get; }

    /// <exception cref="ExpressionFormatException">It is not JavaScript.</exception>
    public static CodeBlock Parse(string source)
    {
        try
        {
            // Alone first: only so are its braces its own.
            var (body, isAsync) = Read(source);
            if (IsTooDeep(body)) throw new ExpressionFormatException("it is nested too deep", 0);
            // On one line with its first, so that lines keep their numbers.
            var script = Engine.PrepareScript($"({(isAsync ? "async " : "")}function () {{{source}\n}})()", Name, strict: true,
                options: new ScriptPreparationOptions { CollectReferencedGlobals = true });
            return new CodeBlock(script, ScriptTraits.Of(body, script.ReferencedGlobals!) with { Simple = false, Pure = false });
        }
        catch (Exception fault) when (ExpressionFormatException.Of(fault) is { } wrong)
        {
            throw wrong;
        }
    }

    private static (Script Body, bool IsAsync) Read(string source)
    {
        try
        {
            var body = Parse(source, mayAwait: true);
            if (Awaits(body) || !source.Contains("await", StringComparison.Ordinal)) return (body, Awaits(body));
        }
        catch (ParseErrorException) when (IsPlain(source))
        {
            // `await` is a name in it.
        }

        return (Parse(source, mayAwait: false), false);
    }

    private static bool IsPlain(string source)
    {
        try
        {
            return Parse(source, mayAwait: false) is not null;
        }
        catch (ParseErrorException)
        {
            return false;
        }
    }

    private static Script Parse(string source, bool mayAwait) => new Parser(
        new ParserOptions { AllowReturnOutsideFunction = true, AllowAwaitOutsideFunction = mayAwait }).ParseScript(source, strict: true);

    /// <summary>Whether it waits itself, not only a function in it. Where <c>await</c> is the name of something, it does not.</summary>
    private static bool Awaits(Script body)
    {
        var (awaits, open) = (false, new Stack<Node>([body]));
        while (open.TryPop(out var node))
        {
            if (node is Identifier { Name: "await" }) return false;
            awaits |= node is AwaitExpression or ForOfStatement { Await: true };
            foreach (var child in node.ChildNodes)
                if (child is not IFunction) open.Push(child);
        }

        return awaits;
    }

    private static bool IsTooDeep(Node tree)
    {
        var open = new Stack<(Node Node, int Depth)>([(tree, 1)]);
        while (open.TryPop(out var at))
        {
            if (at.Depth > MaxDepth) return true;
            foreach (var child in at.Node.ChildNodes) open.Push((child, at.Depth + 1));
        }

        return false;
    }
}
