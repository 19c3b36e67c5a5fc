using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Understanding;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>A customer who talks to a Flow; the session is stored as JSON between the turns, as in production.</summary>
internal sealed class Conversation(Flow flow)
{
    private string _context = "{}";
    private string _profile = "{}";
    private string _position = "null";
    private string _marks = "{}";
    private int _execution;

    /// <param name="called">The Flows that it calls.</param>
    public Conversation(string source, params string[] called)
        : this(Flow.Parse(source).With(called.Select(Flow.Parse).ToDictionary(flow => flow.Name)))
    {
    }

    public Flow Flow { get; set; } = flow;

    public FlowResult Last { get; private set; } = null!;

    public JsonObject Context => Last.Context;

    public FlowPosition? Position => Last.Position;

    public JsonObject? User { get; init; }

    /// <summary>The Endpoint's locale.</summary>
    public string? Locale { get; init; }

    /// <summary>What the Endpoint chose to understand by.</summary>
    public NluSettings? Nlu { get; init; }

    public FlowLimits Limits { get; init; } = new();

    /// <summary>What the clock of the next turn shows.</summary>
    public DateTimeOffset Now { get; set; } = new(2026, 4, 30, 10, 0, 0, TimeSpan.Zero);

    /// <summary>The id of the next event; null: each has its own.</summary>
    public string? EventId { get; set; }

    /// <summary>What the world answers to what the Flow asks.</summary>
    public Func<FlowRequest, FlowAnswer> Answer { get; init; } = asked => new(null, $"Nobody answers {asked}.");

    /// <summary>Changes where the session waits, as it is stored.</summary>
    public void Change(Action<JsonNode> change)
    {
        var position = JsonNode.Parse(_position)!;
        change(position);
        _position = position.ToJsonString();
    }

    /// <summary>Says a text and returns the texts of the answer, separated by " | ".</summary>
    public string Say(string text) => Send(new JsonObject { ["text"] = text });

    public string Send(JsonObject input)
    {
        if (User is not null) input["user"] = User.DeepClone();
        input["execution"] = ++_execution;
        input["inputId"] ??= EventId ?? $"event-{_execution}";
        Last = Flow.Run(new FlowInput
        {
            Input = input,
            Id = EventId ?? $"event-{_execution}",
            At = Now,
            Locale = Locale,
            Nlu = Nlu,
            Limits = Limits,
            Marks = JsonSerializer.Deserialize<FlowMarks>(_marks)!,
            Context = (JsonObject)JsonNode.Parse(_context)!,
            Profile = (JsonObject)JsonNode.Parse(_profile)!,
            Position = JsonSerializer.Deserialize<FlowPosition?>(_position),
        }, CancellationToken.None, Answer);
        _context = Last.Context.ToJsonString();
        _profile = Last.Profile.ToJsonString();
        _position = JsonSerializer.Serialize(Last.Position);
        _marks = JsonSerializer.Serialize(Last.Marks);
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
