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

    private CodeBlock(Prepared<Script> script, ScriptTraits traits) => (Script, Traits) = (script, traits);

    public Prepared<Script> Script { get; }

    public ScriptTraits Traits { get; }

    /// <exception cref="ExpressionFormatException">It is not JavaScript.</exception>
    public static CodeBlock Parse(string source)
    {
        try
        {
            // Alone first: only so are its braces its own.
            var body = new Parser(new ParserOptions { AllowReturnOutsideFunction = true }).ParseScript(source, strict: true);
            if (IsTooDeep(body)) throw new ExpressionFormatException("it is nested too deep", 0);
            // On one line with its first, so that lines keep their numbers.
            var script = Engine.PrepareScript($"(function () {{{source}\n}})()", strict: true,
                options: new ScriptPreparationOptions { CollectReferencedGlobals = true });
            return new CodeBlock(script, ScriptTraits.Of(body, script.ReferencedGlobals!) with { Simple = false, Pure = false });
        }
        catch (Exception fault) when (ExpressionFormatException.Of(fault) is { } wrong)
        {
            throw wrong;
        }
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
