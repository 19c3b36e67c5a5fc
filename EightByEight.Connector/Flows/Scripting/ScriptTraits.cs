using System.Collections.Frozen;
using Acornima.Ast;
using Jint;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>What can be told of an expression without running it.</summary>
/// <param name="Roots">The memory objects that it may read.</param>
/// <param name="Simple">It only reads, compares and calls methods that are known to change nothing and to make nothing
/// large. So it needs no guards, and the copies that it worked on are as good as new.</param>
/// <param name="Pure">It needs guards, but changes nothing either, as long as the engine's own methods are what they were.</param>
/// <param name="NeedsChance">It may ask for random numbers or ids.</param>
/// <param name="NeedsLanguages">It may ask for the language of a text.</param>
/// <param name="InputMembers">What it names behind <c>input.</c>, where that is the memory's and nothing in it makes the member.</param>
internal sealed record ScriptTraits(
    IReadOnlyList<Root> Roots, bool Simple, bool Pure, bool NeedsChance, bool NeedsLanguages, IReadOnlyList<string> InputMembers)
{
    private static readonly Root[] All = [Root.Input, Root.Context, Root.Profile];

    /// <summary>They take a function, which is written in their place: one from elsewhere could be one that changes something.</summary>
    private static readonly FrozenSet<string> PureMethodsOfFunctions = FrozenSet.Create("filter", "map", "flatMap", "find", "findIndex", "findLast",
        "findLastIndex", "some", "every", "reduce", "reduceRight", "toSorted");

    private static readonly FrozenSet<string> PureMethods = FrozenSet.Create("join", "split", "concat", "toReversed", "keys", "values", "entries",
        "padStart", "padEnd", "repeat", "pow", "sqrt", "sign", "trunc", "toString");

    private static readonly FrozenSet<string> SimpleMethods = FrozenSet.Create("startsWith", "endsWith", "includes",
        "indexOf", "lastIndexOf", "toUpperCase", "toLowerCase", "trim", "trimStart", "trimEnd", "charAt", "at", "slice",
        "substring", "toFixed", "isNaN", "isInteger", "isArray", "round", "floor", "ceil", "abs", "min", "max");

    public static ScriptTraits Of(Node expression, ReferencedGlobals globals)
    {
        var (simple, pure) = (true, true);
        var readsGlobal = globals.Contains("globalThis");
        // A stack of our own: a tree as deep as its text is long must not overflow the thread's.
        var open = new Stack<Node>([expression]);
        while (open.TryPop(out var node))
        {
            readsGlobal |= node is ThisExpression;
            var changesNothing = node is Identifier or Literal or MemberExpression or ChainExpression or TemplateLiteral
                or TemplateElement or ConditionalExpression or ArrayExpression
                or UnaryExpression { Operator: not Acornima.Operator.Delete } or BinaryExpression;
            var method = node is CallExpression { Callee: MemberExpression { Computed: false, Property: Identifier called } } ? called.Name : null;
            var isSimpleCall = method is not null && SimpleMethods.Contains(method);
            simple &= changesNothing || isSimpleCall;
            pure &= changesNothing || isSimpleCall || node is ArrowFunctionExpression { Async: false }
                || (method is not null && (PureMethods.Contains(method) || (PureMethodsOfFunctions.Contains(method) && TakesItsOwn((CallExpression)node, method))));
            foreach (var child in node.ChildNodes) open.Push(child);
        }

        var roots = readsGlobal ? All : All.Where(root => globals.Contains(Memory.RootNames[(int)root])).ToArray();
        return new ScriptTraits(roots, simple, pure, !simple && (readsGlobal || globals.Contains("Math") || globals.Contains("crypto")),
            globals.Contains(LanguageFunction.Name), globals.Contains("input") ? InputMembersIn(expression) : []);
    }

    private static List<string> InputMembersIn(Node tree)
    {
        var (named, made) = (new List<string>(), new HashSet<string>());
        var open = new Stack<Node>([tree]);
        while (open.TryPop(out var node))
        {
            if (MemberOfInput(node) is { } name) named.Add(name);
            if (node is AssignmentExpression { Left: var left } && MemberOfInput(left) is { } set) made.Add(set);
            // Something else may be meant by that name.
            if (node is IFunction { Params: var parameters } && parameters.Any(NamesInput) || node is VariableDeclarator { Id: var id } && NamesInput(id)) return [];
            foreach (var child in node.ChildNodes) open.Push(child);
        }

        return [.. named.Distinct().Where(name => !made.Contains(name) && !MemberChain.Inherited.Contains(name))];

        static bool NamesInput(Node node) => node is Identifier { Name: "input" } || node.ChildNodes.Any(child => NamesInput(child!));
    }

    private static string? MemberOfInput(Node node) =>
        node is MemberExpression { Computed: false, Object: Identifier { Name: "input" }, Property: Identifier { Name: var name } } ? name : null;

    /// <summary>Whether a method is given a function that is written there, and nothing on which that works as its <c>this</c>.</summary>
    private static bool TakesItsOwn(CallExpression call, string method) => call.Arguments.Count is 1 or 2
        && call.Arguments[0] is ArrowFunctionExpression
        && (call.Arguments.Count == 1 || method is "reduce" or "reduceRight");
}
