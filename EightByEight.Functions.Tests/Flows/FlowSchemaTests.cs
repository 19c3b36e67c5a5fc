using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Flows;
using EightByEight.DevHost.Rehearsals;
using NJsonSchema;
using NJsonSchema.Validation;

namespace EightByEight.Functions.Tests.Flows;

/// <summary><c>schemas/flow.schema.json</c>, by which editors complete and explain Flows, says what the compiler does.</summary>
public sealed partial class FlowSchemaTests
{
    private static readonly string SchemaFile = Path.Combine(SampleFlowTests.Root, "schemas", "flow.schema.json");
    private static readonly JsonObject Schema = JsonNode.Parse(File.ReadAllText(SchemaFile))!.AsObject();
    private static readonly JsonObject Definitions = Schema["definitions"]!.AsObject();
    private static readonly Lazy<Task<JsonSchema>> Validator = new(() => JsonSchema.FromJsonAsync(Schema.ToJsonString()));

    public static TheoryData<string> Kinds => [.. FlowCompiler.Kinds];

    public static TheoryData<string> Flows =>
        [.. SampleFlowTests.Files.Select(file => file.Data), .. DocumentationTests.Examples.Select(example => Flow.Parse(example).Name).Distinct()];

    /// <summary>Objects inside of steps: a Flow in which a member stands that is none, and where the schema has its members.</summary>
    public static TheoryData<string, string> Inner => new()
    {
        { "start: [ { say: { text: a, quickReplies: [ { title: a, zzz: 1 } ] } } ]", "quickReply" },
        { "start: [ { say: { text: a, buttons: [ { title: a, zzz: 1 } ] } } ]", "button" },
        { "start: [ { say: { gallery: [ { title: a, zzz: 1 } ] } } ]", "item" },
        { "start: [ { say: { list: { items: [ { title: a } ], zzz: 1 } } } ]", "sayValue/list" },
        { "start: [ { say: { image: { url: \"https://a.example\", zzz: 1 } } } ]", "sayValue/image" },
        { "start: [ { say: { text: a, datePicker: { zzz: 1 } } } ]", "sayValue/datePicker" },
        { "start: [ { say: { text: a, channelCard: { type: a, content: { }, zzz: 1 } } } ]", "sayValue/channelCard" },
        { "start: [ { question: { text: a, type: choice, options: [ { title: a, zzz: 1 } ] } } ]", "option" },
        { "start: [ { handover: { queueId: a, user: { zzz: 1 } } } ]", "handover/handover/user" },
        { "start: [ { ask: { url: \"https://a.example\", model: a, tools: [ { name: a, zzz: 1 } ] } } ]", "modelTool" },
        { "start: [ { ask: { url: \"https://a.example\", model: a, handover: { zzz: 1 } } } ]", "ask/ask/handover" },
        { "start: [ { ask: { url: \"https://a.example\", model: a, handover: { to: [ { name: a, zzz: 1 } ] } } } ]", "ask/ask/handover/to" },
        { "start: [ { ask: { url: \"https://a.example\", model: a, until: { zzz: 1 } } } ]", "ask/ask/until" },
        { "start: [ { question: { text: a, type: entity, extract: { zzz: 1 } } } ]", "extract" },
        { "start: [ stop ]\nintents: { a: { zzz: 1 } }", "intent" },
        { "start: [ stop ]\nslots: { a: { zzz: 1 } }", "slot" },
        { "start: [ stop ]\nnlu: { zzz: 1 }", "/nlu" },
        { "start: [ stop ]\nnlu: { didYouMean: { text: a, zzz: 1 } }", "/nlu/didYouMean" },
    };

    [Fact]
    public void Each_step_is_in_the_schema()
    {
        var known = Definitions["step"]!["anyOf"]!.AsArray().Select(one => (string?)one!["$ref"]).OfType<string>().Select(name => name["#/definitions/".Length..]).ToList();
        Assert.True(FlowCompiler.Kinds.Order().SequenceEqual(known.Order()),
            $"{Advice} It lacks the steps: {string.Join(", ", FlowCompiler.Kinds.Except(known))}; it has and the code has not: {string.Join(", ", known.Except(FlowCompiler.Kinds))}. "
            + "A step is a definition with its name, and a $ref to that in definitions/step/anyOf.");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_members_of_each_step_are_those_of_the_code(string kind)
    {
        Assert.True(Definitions.ContainsKey(kind), $"{Advice} It has no definitions/{kind}.");
        var step = Definitions[kind]!["properties"]!.AsObject();
        AssertSame($"definitions/{kind}/properties (beside '{kind}')", Known($"start: [ {{ {kind}: , zzz: 1 }} ]", kind) ?? [], step.Select(member => member.Key).Where(name => name != kind));
        // Where the code takes no object of its own, there is nothing to compare.
        if (Known($"start: [ {{ {kind}: {{ zzz: 1 }} }} ]", kind) is { } members)
            AssertSame($"definitions/{kind}/properties/{kind} (what '{kind}' holds)", members, Members(step[kind]));
    }

    [Theory]
    [MemberData(nameof(Inner))]
    public void The_members_inside_of_steps_are_those_of_the_code(string flow, string place)
    {
        var at = place.Split('/').Skip(1).Aggregate(
            place.StartsWith('/') ? Schema : Definitions[place.Split('/')[0]], (node, name) => ObjectIn(node)!["properties"]![name]);
        AssertSame(place, Known(flow, null)!, Members(at));
    }

    [Fact]
    public void The_types_of_answers_are_those_of_the_code()
    {
        const string before = " Types are ";
        var told = Problems("start: [ { question: { text: a, type: zzz } } ]").Single();
        var types = told[(told.IndexOf(before, StringComparison.Ordinal) + before.Length)..].TrimEnd('.').Split(", ");
        var question = ObjectIn(Definitions["question"]!["properties"]!["question"])!["properties"]!;
        AssertSame("the enum of a question's 'type'", types, question["type"]!["enum"]!.AsArray().Select(type => (string)type!));
    }

    [Fact]
    public void Each_member_is_explained()
    {
        var unexplained = new List<string>();
        void Look(JsonNode? node, string path)
        {
            if (node is JsonArray list) foreach (var (i, item) in list.Index()) Look(item, $"{path}/{i}");
            if (node is not JsonObject schema) return;
            foreach (var (name, inner) in schema)
                if (name is not ("properties" or "definitions")) Look(inner, $"{path}/{name}");
                else foreach (var (member, described) in inner!.AsObject())
                {
                    if (described!["description"] is null && described["$ref"] is null) unexplained.Add($"{path}/{member}");
                    Look(described, $"{path}/{member}");
                }
        }

        Look(Schema, "");
        Assert.True(unexplained.Count == 0, $"{Advice} These have no description: {string.Join(", ", unexplained)}");
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Samples_and_examples_are_valid(string flow)
    {
        var source = flow.EndsWith(".yaml", StringComparison.Ordinal) ? await File.ReadAllTextAsync(Path.Combine(SampleFlowTests.Root, "flows", flow), TestContext.Current.CancellationToken)
            : DocumentationTests.Examples.First(example => Flow.Parse(example).Name == flow);
        var faults = await FaultsAsync(source);
        Assert.True(faults.Count == 0, $"{Advice} It refuses {flow}: {string.Join(Environment.NewLine, faults)}");
    }

    [Theory]
    [InlineData("start: [ { say: { txt: a } } ]")]
    [InlineData("start: [ { sya: a } ]")]
    [InlineData("start: [ { if: a } ]")]
    [InlineData("start: [ { question: { text: a, type: tekst } } ]")]
    [InlineData("begin: [ stop ]")]
    public async Task What_the_compiler_refuses_the_schema_refuses(string flow)
    {
        Assert.NotEmpty(Problems(flow));
        Assert.NotEmpty(await FaultsAsync("name: a\n" + flow));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_list_is_refused_where_the_schema_refuses_it(string kind)
    {
        foreach (var value in new[] { "[ a ]", "[ { a: b } ]" })
        {
            var flow = $"start: [ {{ {kind}: {value} }} ]";
            if ((await FaultsAsync("name: a\n" + flow)).Count > 0) Assert.Contains(FlowReview.Check("name: a\n" + flow), problem => problem is { Line: 2, Column: > 10 });
        }
    }

    [Theory]
    [MemberData(nameof(SampleFlowTests.Files), MemberType = typeof(SampleFlowTests))]
    public void Each_sample_names_the_schema_in_its_first_line(string file) => Assert.Equal(
        "# yaml-language-server: $schema=../schemas/flow.schema.json", File.ReadLines(Path.Combine(SampleFlowTests.Root, "flows", file)).First());

    private const string Advice = "schemas/flow.schema.json is not as the code is: mend it by hand.";

    private static void AssertSame(string place, IEnumerable<string> code, IEnumerable<string> schema)
    {
        var (added, gone) = (code.Except(schema).ToList(), schema.Except(code).ToList());
        Assert.True(added.Count + gone.Count == 0, $"{Advice} In {place}: "
            + (added.Count == 0 ? "" : $"add {string.Join(", ", added)}, each with a description; ") + (gone.Count == 0 ? "" : $"take out {string.Join(", ", gone)}, which the code does not know."));
    }

    /// <summary>The members that the compiler knows where it refuses <c>zzz</c>; null: it has no members of its own there.</summary>
    private static string[]? Known(string flow, string? owner) => Problems(flow).Select(told => KnownPattern.Match(told))
        .Where(match => match.Success && (owner is null || match.Groups[1].Value == owner)).Select(match => match.Groups[2].Value.Split(", ")).FirstOrDefault();

    private static IEnumerable<string> Problems(string flow) => FlowReview.Check("name: a\n" + flow).Select(problem => problem.Message);

    private static IEnumerable<string> Members(JsonNode? schema) => ObjectIn(schema)?["properties"]?.AsObject().Select(member => member.Key) ?? [];

    /// <summary>The object with members of its own among the alternatives.</summary>
    private static JsonObject? ObjectIn(JsonNode? schema) => schema is not JsonObject node ? null
        : node["properties"] is not null ? node
        : node["items"] is { } items ? ObjectIn(items)
        : node["$ref"] is { } name ? ObjectIn(Definitions[((string)name!)["#/definitions/".Length..]])
        : (node["anyOf"] ?? node["allOf"]) is JsonArray alternatives ? alternatives.OrderBy(one => one!["items"] is not null).Select(ObjectIn).FirstOrDefault(one => one is not null) : null;

    private static async Task<ICollection<ValidationError>> FaultsAsync(string flow)
    {
        var document = ScriptReader.Json(DocumentReader.Read(flow, new Problems())!)!;
        return (await Validator.Value).Validate(document.ToJsonString());
    }

    [GeneratedRegex("^'([^']+)' has no member 'zzz'\\..* It has (.*)\\.$")]
    private static partial Regex KnownPattern { get; }
}
