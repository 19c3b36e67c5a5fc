using System.Text.Json.Nodes;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// JSON for the customer whose texts may hold <c>{{ }}</c>. A text that is one expression and nothing else gives a value of its
/// type; where that is undefined or throws, the member or item is left out, in the latter case with a warning.
/// </summary>
internal abstract class JsonTemplate
{
    public static JsonTemplate Parse(FlowCompiler compiler, DocumentNode node, string member) => node switch
    {
        ListNode list => new Many([.. list.Items.Select(item => Parse(compiler, item, member))]),
        MapNode map => new Members([.. map.Members.Select(inner => (inner.Key.Text, Parse(compiler, inner.Value, inner.Key.Text)))]),
        ScalarNode { IsNull: false } scalar when scalar.Text.Contains("{{", StringComparison.Ordinal) =>
            new Templated(compiler.Template(scalar, member)),
        _ => new Fixed(((ScalarNode)node).Json()),
    };

    /// <summary>What it always is; null when it holds <c>{{ }}</c>.</summary>
    public JsonNode? Constant => IsConstant ? Render(null!, null!).Json : null;

    protected abstract bool IsConstant { get; }

    public abstract ScriptValue Render(Turn turn, Step step);

    private sealed class Fixed(JsonNode? value) : JsonTemplate
    {
        protected override bool IsConstant => true;

        public override ScriptValue Render(Turn turn, Step step) => new(value?.DeepClone());
    }

    private sealed class Templated(Template? template) : JsonTemplate
    {
        protected override bool IsConstant => false;

        public override ScriptValue Render(Turn turn, Step step)
        {
            if (template!.Single is not { } single) return new(template.Render(turn, step));
            try
            {
                return single.Value(turn);
            }
            catch (ScriptException fault)
            {
                turn.Warn(step.Path, step.Line, $"{{{{ {single.Source} }}}} was left out: {fault.Message}");
                return ScriptValue.Undefined;
            }
        }
    }

    private sealed class Many(JsonTemplate[] items) : JsonTemplate
    {
        protected override bool IsConstant => items.All(item => item.IsConstant);

        public override ScriptValue Render(Turn turn, Step step)
        {
            var made = new JsonArray();
            foreach (var item in items)
                if (item.Render(turn, step) is { IsUndefined: false } given) made.Add(given.Json);
            return new(made);
        }
    }

    private sealed class Members((string Name, JsonTemplate Value)[] members) : JsonTemplate
    {
        protected override bool IsConstant => members.All(member => member.Value.IsConstant);

        public override ScriptValue Render(Turn turn, Step step)
        {
            var made = new JsonObject();
            foreach (var (name, value) in members)
                if (value.Render(turn, step) is { IsUndefined: false } given) made[name] = given.Json;
            return new(made);
        }
    }
}
