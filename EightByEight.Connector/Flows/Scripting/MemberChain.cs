using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Acornima.Ast;
using JsExpression = Acornima.Ast.Expression;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>
/// An expression that only names a member of the memory, such as <c>input.user.name</c> or <c>context.order?.id</c>.
/// </summary>
internal sealed class MemberChain
{
    /// <summary>What every JavaScript object has: not there in the JSON does not mean undefined.</summary>
    public static readonly FrozenSet<string> Inherited = FrozenSet.Create("__proto__", "constructor", "hasOwnProperty",
        "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
        "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__");

    private readonly Root _root;
    private readonly (string Name, bool Optional)[] _members;

    private MemberChain(Root root, (string, bool)[] members) => (_root, _members) = (root, members);

    public static MemberChain? TryOf(JsExpression expression)
    {
        var members = new List<(string, bool)>();
        while (true)
        {
            switch (expression)
            {
                // What follows a `?.` in the same chain is skipped with it: `a?.b.c` is undefined without a.
                case ChainExpression chain:
                    expression = chain.Expression;
                    break;
                case MemberExpression { Computed: false, Property: Identifier property } member
                    when !Inherited.Contains(property.Name):
                    members.Add((property.Name, member.Optional));
                    expression = member.Object;
                    break;
                case Identifier { Name: "input" or "context" or "profile" } root when members.Count > 0:
                    members.Reverse();
                    return new MemberChain(Enum.Parse<Root>(root.Name, ignoreCase: true), [.. members]);
                default:
                    return null;
            }
        }
    }

    /// <summary>
    /// False when only JavaScript can tell: members of texts and lists, and those of nothing, which throw.
    /// </summary>
    public bool TryRead(Memory memory, out JsonNode? node, out bool missing)
    {
        node = memory[_root];
        missing = false;
        foreach (var (name, optional) in _members)
        {
            if (node is null)
            {
                missing = true;
                return optional;
            }

            if (node is not JsonObject holder) return false;
            missing = !holder.TryGetPropertyValue(name, out node);
        }

        return true;
    }
}
