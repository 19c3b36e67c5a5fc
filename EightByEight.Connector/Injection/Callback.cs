using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Connector.Injection;

/// <summary>
/// What a virtual agent posts when it speaks later: our own JSON (<c>sessionId</c>, <c>outputs</c>, <c>handover</c>, <c>end</c>,
/// <c>data</c>), or that of Cognigy's Webhook Endpoint (<c>sessionId</c>, <c>AIOutput</c>).
/// </summary>
internal static class Callback
{
    private static readonly string[] Ours = ["outputs", "handover", "end", "data"];

    /// <summary>As a body of <c>/inject</c>; what is no JSON object stays, and is refused there.</summary>
    public static byte[] ToInjection(byte[] bytes)
    {
        JsonObject? given;
        try
        {
            given = JsonNode.Parse(bytes) as JsonObject;
        }
        catch (JsonException)
        {
            return bytes;
        }

        if (given is null) return bytes;
        var injection = new JsonObject();
        foreach (var name in new[] { "sessionId", "conversationId" })
            if (given[name] is { } id) injection[name] = id.DeepClone();
        var said = new JsonObject();
        if (given["AIOutput"] is JsonObject output) said["cognigy"] = new JsonArray(output.DeepClone());
        foreach (var name in Ours)
            if (given[name] is { } member) said[name] = member.DeepClone();
        if (said.Count > 0) injection["agent"] = said;
        return Encoding.UTF8.GetBytes(injection.ToJsonString());
    }
}
