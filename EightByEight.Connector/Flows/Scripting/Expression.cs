using System.Text.Json.Nodes;
using Acornima;
using Acornima.Ast;
using Jint;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>A JavaScript expression, prepared once.</summary>
/// <remarks>A plain path such as <c>input.user.name</c> is read from the JSON as long as the answer cannot differ from
/// JavaScript's; everything else runs in the turn's <see cref="Sandbox"/>.</remarks>
internal sealed class Expression
{
    /// <summary>Longer code is hard to read, and deep enough to overflow the stack of an interpreter.</summary>
    public const int MaxCharacters = 4_096;

    private readonly MemberChain? _chain;

    private Expression(string source, Prepared<Script> script, ScriptTraits traits, MemberChain? chain)
    {
        Source = source;
        Script = script;
        Traits = traits;
        _chain = chain;
    }

    public string Source { get; }

    public Prepared<Script> Script { get; }

    public ScriptTraits Traits { get; }

    /// <exception cref="ExpressionFormatException">It is not one JavaScript expression.</exception>
    public static Expression Parse(string source)
    {
        try
        {
            // Alone first: put into brackets, two statements could look like one expression.
            var expression = new Parser().ParseExpression(source, strict: true);
            var script = Engine.PrepareScript($"({source}\n)", strict: true,
                options: new ScriptPreparationOptions { CollectReferencedGlobals = true });
            return new Expression(source.Trim(), script, ScriptTraits.Of(expression, script.ReferencedGlobals!),
                MemberChain.TryOf(expression));
        }
        catch (Exception fault) when (ExpressionFormatException.Of(fault) is { } wrong)
        {
            throw wrong;
        }
    }

    /// <summary>As JSON.</summary>
    /// <exception cref="ScriptException">The expression threw.</exception>
    /// <exception cref="StepException">It reached a limit.</exception>
    public ScriptValue Value(Turn turn) => TryRead(turn, out var node, out var missing)
        ? missing ? ScriptValue.Undefined : new ScriptValue(node?.DeepClone())
        : turn.Sandbox.Value(this);

    /// <summary>As a condition: what JavaScript's <c>if</c> makes of it.</summary>
    /// <inheritdoc cref="Value" path="/exception"/>
    public bool Truth(Turn turn)
    {
        if (TryRead(turn, out var node, out _))
        {
            if (node is null) return false;
            if (node is not JsonValue value || value.TryGetValue<bool>(out var truth) && truth) return true;
            if (value.TryGetValue<bool>(out _)) return false;
            if (value.TryGetValue<string>(out var text)) return text.Length > 0;
        }

        return turn.Sandbox.Truth(this);
    }

    /// <summary>As text: nothing for null and undefined, JSON for objects and lists.</summary>
    /// <inheritdoc cref="Value" path="/exception"/>
    public string Text(Turn turn)
    {
        if (TryRead(turn, out var node, out _))
        {
            if (node is null) return "";
            if (node is JsonValue value)
            {
                if (value.TryGetValue<string>(out var text)) return text;
                if (value.TryGetValue<bool>(out var truth)) return truth ? "true" : "false";
            }
        }

        return turn.Sandbox.Text(this);
    }

    private bool TryRead(Turn turn, out JsonNode? node, out bool missing)
    {
        (node, missing) = (null, false);
        if (_chain is null || !_chain.TryRead(turn.Memory, out node, out missing)) return false;
        // What is not there might have been put on a prototype by an earlier expression of this turn.
        return !missing || turn.SandboxOrNull is null;
    }
}

/// <summary>An expression threw an error of its own, not one of the limits.</summary>
/// <param name="message">What it says.</param>
/// <param name="line">The line of the code; null: no line of it.</param>
/// <param name="cause">What the engine threw.</param>
internal sealed class ScriptException(string message, int? line, Exception cause) : Exception(message, cause)
{
    public int? Line { get; } = line;
}

/// <summary>A text is not a JavaScript expression.</summary>
/// <param name="message">Why.</param>
/// <param name="index">Where in the text, from 0.</param>
/// <param name="cause">What the parser threw.</param>
internal sealed class ExpressionFormatException(string message, int index, Exception? cause = null) : Exception(message, cause)
{
    public int Index { get; } = index;

    /// <summary>What the parser's exception says of the text; null: it is of another kind.</summary>
    public static ExpressionFormatException? Of(Exception fault) => fault switch
    {
        ParseErrorException parsing => new(parsing.Error.Description, parsing.Error.Index, fault),
        ScriptPreparationException => new((fault.InnerException ?? fault).Message.TrimEnd('.'), 0, fault),
        InsufficientExecutionStackException => new("it is nested too deep", 0, fault),
        _ => null,
    };
}
