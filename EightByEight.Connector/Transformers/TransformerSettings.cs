using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Transformers;

/// <summary>The Endpoint's transformers: one source, and which of its handlers run.</summary>
public record TransformerSettings
{
    /// <summary>The longest source, in characters. Source: the limit of Cognigy's API for the code of a transformer.</summary>
    public const int MaxSource = 100_000;

    /// <summary>TypeScript or JavaScript that calls <c>createWebhookTransformer</c>.</summary>
    public string Source { get; init; } = "";

    /// <summary>Whether <c>handleInput</c> runs.</summary>
    public bool Input { get; init; }

    /// <summary>Whether <c>handleOutput</c> runs.</summary>
    public bool Output { get; init; }

    /// <summary>Whether <c>handleExecutionFinished</c> runs.</summary>
    public bool ExecutionFinished { get; init; }

    /// <summary>Whether <c>handleInject</c> runs.</summary>
    public bool Inject { get; init; }

    /// <summary>Whether <c>handleNotify</c> runs.</summary>
    public bool Notify { get; init; }

    /// <summary>Whether an error in a handler ends what it handled; else the untransformed value goes on.</summary>
    public bool AbortOnError { get; init; }

    /// <summary>Whether the event of a turn is kept as 8x8 sent it, as long as its transcript, so that handlers can be tried on it.</summary>
    public bool KeepEvents { get; init; }

    /// <summary>Whether any of them runs in a turn.</summary>
    internal bool Run => Source.Length > 0 && (Input || Output || ExecutionFinished);

    internal static TransformerSettings Read(JsonMembers body)
    {
        var settings = new TransformerSettings
        {
            Source = body.Text("source", MaxSource) ?? "",
            Input = body.Flag("input", false),
            Output = body.Flag("output", false),
            ExecutionFinished = body.Flag("executionFinished", false),
            Inject = body.Flag("inject", false),
            Notify = body.Flag("notify", false),
            AbortOnError = body.Flag("abortOnError", false),
            KeepEvents = body.Flag("keepEvents", false),
        };
        body.RefuseOthers();
        return settings;
    }
}
