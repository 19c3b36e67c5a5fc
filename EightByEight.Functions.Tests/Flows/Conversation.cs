using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>A customer who talks to a Flow; the session is stored as JSON between the turns, as in production.</summary>
internal sealed class Conversation(Flow flow)
{
    private string _context = "{}";
    private string _profile = "{}";
    private string _position = "null";

    public Conversation(string source) : this(Flow.Parse(source))
    {
    }

    public Flow Flow { get; set; } = flow;

    public FlowResult Last { get; private set; } = null!;

    public JsonObject Context => Last.Context;

    public FlowPosition? Position => Last.Position;

    public JsonObject? User { get; init; }

    /// <summary>What the world answers to what the Flow asks.</summary>
    public Func<FlowRequest, FlowAnswer> Answer { get; init; } = asked => new(null, $"Nobody answers {asked}.");

    /// <summary>Says a text and returns the texts of the answer, separated by " | ".</summary>
    public string Say(string text) => Send(new JsonObject { ["text"] = text });

    public string Send(JsonObject input)
    {
        if (User is not null) input["user"] = User.DeepClone();
        Last = Flow.Run(new FlowInput
        {
            Input = input,
            Context = (JsonObject)JsonNode.Parse(_context)!,
            Profile = (JsonObject)JsonNode.Parse(_profile)!,
            Position = JsonSerializer.Deserialize<FlowPosition?>(_position),
        }, CancellationToken.None, Answer);
        _context = Last.Context.ToJsonString();
        _profile = Last.Profile.ToJsonString();
        _position = JsonSerializer.Serialize(Last.Position);
        return string.Join(" | ", Last.Outputs.Select(output => output.Text));
    }

    /// <summary>The value of an expression, rendered by a Flow that only says it.</summary>
    public static string Render(string expression, string context = "{}", string input = "{\"text\":\"hi\"}") =>
        RunExpression(expression, context, input) is { Failure: null, Outputs: var outputs }
            ? outputs.Count == 0 ? "" : outputs[0].Text
            : throw new InvalidOperationException("The Flow failed.");

    public static FlowResult RunExpression(string expression, string context = "{}", string input = "{\"text\":\"hi\"}") =>
        Run(new JsonObject
        {
            ["name"] = "expression",
            ["start"] = new JsonArray(new JsonObject { ["say"] = $"{{{{ {expression} }}}}" }),
        }.ToJsonString(), context, input);

    public static FlowResult Run(string source, string context = "{}", string input = "{\"text\":\"hi\"}") =>
        Flow.Parse(source).Run(new FlowInput
        {
            Input = (JsonObject)JsonNode.Parse(input)!,
            Context = (JsonObject)JsonNode.Parse(context)!,
            Profile = [],
        }, CancellationToken.None);
}
