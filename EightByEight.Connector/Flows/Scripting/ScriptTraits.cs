using System.Collections.Frozen;
using Acornima.Ast;
using Jint;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>What can be told of an expression without running it.</summary>
/// <param name="Roots">The memory objects that it may read.</param>
/// <param name="Simple">It only reads, compares and calls methods that are known to change nothing and to make nothing
/// large. So it needs no guards, and the copies that it worked on are as good as new.</param>
/// <param name="NeedsChance">It may ask for random numbers or ids.</param>
internal sealed record ScriptTraits(IReadOnlyList<Root> Roots, bool Simple, bool NeedsChance)
{
    private static readonly Root[] All = [Root.Input, Root.Context, Root.Profile];

    private static readonly FrozenSet<string> SimpleMethods = FrozenSet.Create("startsWith", "endsWith", "includes",
        "indexOf", "lastIndexOf", "toUpperCase", "toLowerCase", "trim", "trimStart", "trimEnd", "charAt", "at", "slice",
        "substring", "toFixed", "isNaN", "isInteger", "isArray", "round", "floor", "ceil", "abs", "min", "max");

    public static ScriptTraits Of(Node expression, ReferencedGlobals globals)
    {
        var simple = true;
        var readsGlobal = globals.Contains("globalThis");
        // A stack of our own: a tree as deep as its text is long must not overflow the thread's.
        var open = new Stack<Node>([expression]);
        while (open.TryPop(out var node))
        {
            readsGlobal |= node is ThisExpression;
            simple &= node is Identifier or Literal or MemberExpression or ChainExpression or TemplateLiteral
                or TemplateElement or ConditionalExpression or ArrayExpression
                or UnaryExpression { Operator: not Acornima.Operator.Delete } or BinaryExpression
                or CallExpression { Callee: MemberExpression { Computed: false, Property: Identifier } }
                && (node is not CallExpression call
                    || SimpleMethods.Contains(((Identifier)((MemberExpression)call.Callee).Property).Name));
            foreach (var child in node.ChildNodes) open.Push(child);
        }

        var roots = readsGlobal ? All : All.Where(root => globals.Contains(Memory.RootNames[(int)root])).ToArray();
        return new ScriptTraits(roots, simple, !simple && (readsGlobal || globals.Contains("Math") || globals.Contains("crypto")));
    }
}
