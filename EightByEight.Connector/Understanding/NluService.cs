using System.Diagnostics.CodeAnalysis;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Understanding;

/// <summary>A service that understands for a Flow: the member <c>nlu</c> with a <c>provider</c>.</summary>
/// <param name="Kind"><c>rasa</c> or <c>openai</c>.</param>
/// <param name="Url">Its base: what stands before <c>/model/parse</c> or <c>/chat/completions</c>.</param>
/// <param name="Model">Of <c>openai</c>.</param>
/// <param name="Timeout">For the whole answer.</param>
/// <param name="Line">Where it stands in the document.</param>
internal sealed record NluService(string Kind, Uri Url, string? Model, TimeSpan Timeout, int Line)
{
    public const string Rasa = "rasa";
    public const string OpenAI = "openai";

    /// <summary>The connection with its credentials; null: none.</summary>
    public string? Connection { get; init; }

    /// <summary>Whether a service can be there.</summary>
    public static bool IsUrl(string? text, [NotNullWhen(true)] out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url) && url.Scheme is ("http" or "https") && url.UserInfo.Length == 0;
}

/// <summary>Asks such a service what a text means.</summary>
/// <param name="Intents">What it may mean, with how customers say it.</param>
/// <param name="Slots">The names of the Flow's own slots.</param>
internal sealed record UnderstandRequest(
    NluService Service, string Text, IReadOnlyList<(string Name, IReadOnlyList<string> Examples)> Intents, IReadOnlyList<string> Slots) : FlowRequest;
