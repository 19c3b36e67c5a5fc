using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace EightByEight.Functions.Tests.Flows;

public class FlowProperties
{
    private static readonly string[] Pieces =
    [
        "intents", "examples", "reply", "slots", "values", "pattern", "nlu", "threshold", "didYouMean", "provider", "rasa", "defaultReply",
        "name: a\n", "start:\n", "  - ", "say", ": ", "question", "goTo", "if", "then", "else", "set", "stop", "switch", "cases", "forEach", "do", "while", "call",
        "once", "de", "type", "date", "reprompt", "{{ ", " }}",
        "input.text", "context.a", "[", "]", "{", "}", ",", "\"", "'", "|", ">", "&a", "*a", "!!int", "? ", "\n", "  ", "\t", "#",
        "---", "...", "%YAML", "true", "1", "é", "\u0000", "\ud800", "\\x", "\"\\U99999999\"", "<<", "=>", "`", "${", "/", "@",
    ];

    [Property(MaxTest = 500)]
    public Property Any_text_is_a_flow_or_refused_with_a_place() => Prop.ForAll(
        Gen.Elements(Pieces).ArrayOf().Select(pieces => string.Concat(pieces)).ToArbitrary(), IsFlowOrRefused);

    [Property(MaxTest = 500)]
    public void Any_string_is_a_flow_or_refused(string? text) => Assert.True(IsFlowOrRefused(text ?? ""));

    [Property(MaxTest = 300)]
    public Property A_damaged_flow_is_a_flow_or_refused() => Prop.ForAll(
        Gen.Choose(0, Sample.Length - 1).Zip(Gen.Choose(0, 20)).Zip(Gen.Elements(Pieces)).ToArbitrary(),
        damage => IsFlowOrRefused(Sample[..damage.Item1.Item1] + damage.Item2
            + Sample[Math.Min(Sample.Length, damage.Item1.Item1 + damage.Item1.Item2)..]));

    [Property(MaxTest = 200)]
    public Property A_run_never_throws_and_changes_nothing_that_was_passed_in() => Prop.ForAll(
        Json(3).Zip(Json(3)).Zip(Gen.Elements("hi", "", "5", "yes", "order", "1", "{{ 1 }}", "\ud800", "__proto__")).ToArbitrary(),
        Gen.Elements(Positions).Zip(Gen.Choose(-1, 3)).ToArbitrary(),
        (given, place) =>
        {
            var context = new JsonObject { ["name"] = given.Item1.Item1, ["cups"] = given.Item1.Item2 };
            var input = new FlowInput
            {
                Input = new JsonObject { ["text"] = given.Item2, ["user"] = given.Item1.Item1?.DeepClone() },
                Context = context,
                Profile = new JsonObject { ["x"] = given.Item1.Item2?.DeepClone() },
                Position = place.Item1 is null ? null : new FlowPosition { Step = place.Item1, Reprompts = place.Item2 },
            };
            var before = input.Input.ToJsonString() + input.Context.ToJsonString() + input.Profile.ToJsonString();
            var result = SampleFlow.Run(input, CancellationToken.None);
            return before == input.Input.ToJsonString() + input.Context.ToJsonString() + input.Profile.ToJsonString()
                && !ReferenceEquals(result.Context, input.Context) && !ReferenceEquals(result.Profile, input.Profile)
                && (result.Failure is null || result.Context.ToJsonString() == input.Context.ToJsonString());
        });

    private static readonly string Sample = File.ReadAllText(SampleFlowTests.PathOf("welcome"));
    private static readonly Flow SampleFlow = Flow.Parse(Sample);
    private static readonly string?[] Positions =
        [null, "start/0", "menu/0", "order/0", "order/1", "order/3", "find/0", "chat/0", "nowhere/9", "", "start/0/then/0"];

    private static bool IsFlowOrRefused(string source)
    {
        try
        {
            return Flow.Parse(source).Name.Length > 0;
        }
        catch (FlowFormatException refused)
        {
            return refused.Problems.Count > 0 && refused.Problems.All(problem =>
                problem is { Line: > 0, Column: > 0, Message.Length: > 0 });
        }
    }

    private static Gen<JsonNode?> Json(int depth)
    {
        var scalar = Gen.OneOf(
            Gen.Constant((JsonNode?)null),
            Gen.Choose(-5, 1_000_000).Select(number => (JsonNode?)number),
            Gen.Elements("", "Ann", "é", "\u2028", "true").Select(text => (JsonNode?)text),
            Gen.Elements(true, false).Select(truth => (JsonNode?)truth));
        if (depth == 0) return scalar;
        var inner = Json(depth - 1);
        return Gen.OneOf(scalar,
            inner.ListOf(3).Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])),
            inner.Select(value => (JsonNode?)new JsonObject { ["__proto__"] = value?.DeepClone(), ["toString"] = 1, ["name"] = value?.DeepClone() }));
    }
}
