using System.Text.Json.Nodes;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Stores values in context and profile, in the order of the document; each sees those before.</summary>
internal sealed class Set : Step
{
    private readonly IReadOnlyList<(MemoryPath Place, SetValue Value)> _values;

    private Set(IReadOnlyList<(MemoryPath, SetValue)> values) => _values = values;

    public static Set Parse(StepSource source)
    {
        source.AllowBeside();
        var values = new List<(MemoryPath, SetValue)>();
        if (source.Value is MapNode map)
        {
            foreach (var (key, value) in map.Members)
            {
                var compiled = SetValue.Parse(source.Compiler, value);
                if (source.Place(key, key.Text) is { } place) values.Add((place, compiled));
            }
        }

        if (source.Value is not MapNode { Size: > 1 })
            source.Problems.Report(source.Value, "'set' is an object of places and values, such as context.count: 1.");
        return new Set(values) { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn)
    {
        foreach (var (place, value) in _values) turn.Memory.Store(place, value.Evaluate(turn));
        return Outcome.Continue;
    }
}

/// <summary>
/// JSON whose texts may hold <c>{{ }}</c>. A text that is one expression and nothing else gives a value of its type.
/// </summary>
internal abstract class SetValue
{
    public static SetValue Parse(FlowCompiler compiler, DocumentNode node) => node switch
    {
        ListNode list => new Many([.. list.Items.Select(item => Parse(compiler, item))]),
        MapNode map => new Members([.. map.Members.Select(member => (member.Key.Text, Parse(compiler, member.Value)))]),
        ScalarNode { IsNull: false } scalar when scalar.Text.Contains("{{", StringComparison.Ordinal) =>
            new Templated(compiler.Template(scalar, "set")),
        _ => new Fixed(((ScalarNode)node).Json()),
    };

    public abstract ScriptValue Evaluate(Turn turn);

    private sealed class Fixed(JsonNode? value) : SetValue
    {
        public override ScriptValue Evaluate(Turn turn) => new(value?.DeepClone());
    }

    private sealed class Templated(Template? template) : SetValue
    {
        public override ScriptValue Evaluate(Turn turn) =>
            template!.Single is { } single ? single.Value(turn) : new(template.Require(turn));
    }

    private sealed class Many(SetValue[] items) : SetValue
    {
        public override ScriptValue Evaluate(Turn turn) =>
            new(new JsonArray([.. items.Select(item => item.Evaluate(turn).Json)]));
    }

    private sealed class Members((string Name, SetValue Value)[] members) : SetValue
    {
        public override ScriptValue Evaluate(Turn turn)
        {
            var made = new JsonObject();
            foreach (var (name, value) in members)
                if (value.Evaluate(turn) is { IsUndefined: false } given) made[name] = given.Json;
            return new(made);
        }
    }
}
