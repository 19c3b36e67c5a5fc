using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Models;

/// <summary>How the answers of language models reach the Endpoint's customers.</summary>
public sealed record LlmSettings
{
    /// <summary>Whether an answer goes out sentence by sentence while the model still writes; else at once when it is whole.</summary>
    public bool StreamSentences { get; init; }

    internal static LlmSettings Read(JsonMembers body)
    {
        var settings = new LlmSettings { StreamSentences = body.Flag("streamSentences", false) };
        body.RefuseOthers();
        return settings;
    }
}
