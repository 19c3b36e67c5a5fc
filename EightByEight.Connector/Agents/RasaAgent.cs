using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Agents;

/// <summary>
/// An agent of Rasa behind its REST channel. Its <c>custom</c> payloads are read as our own JSON: a whole answer, or one output. Source: Rasa, REST channel.
/// </summary>
internal static class RasaAgent
{
    private static readonly string[] Known = ["recipient_id", "text", "image", "buttons", "attachment", "custom"];

    private static readonly string[] Steering = ["handover", "end"];

    public static async Task<AgentAnswer> AskAsync(AgentRequest request, AgentHttp http, CancellationToken cancellation)
    {
        var agent = request.Agent;
        var said = await http.PostAsync(agent, Channel(agent.Url), new JsonObject
        {
            ["sender"] = request.SessionId,
            ["message"] = request.Text,
            ["metadata"] = new JsonObject
            {
                ["userId"] = request.UserId,
                ["conversationId"] = request.ConversationId,
                ["channel"] = request.Channel,
                ["locale"] = request.Locale,
                ["data"] = request.Data?.DeepClone(),
            },
        }, cancellation);
        if (said.ValueKind != JsonValueKind.Array) throw new AgentException(null, $"{agent.Name} answered no list of messages: look whether its URL is that of the REST channel.");
        var faults = new List<string>();
        var all = said.EnumerateArray().ToList();
        if (all.Count == 0) faults.Add($"{agent.Name} said nothing. Rasa answers so on errors, too: look at its log.");
        var custom = all.Select(one => one.Member("custom")).Where(one => one.ValueKind == JsonValueKind.Object).ToList();
        return new AgentAnswer
        {
            Outputs = [.. all.SelectMany(one => Outputs(one, faults)).Where(output => !output.IsEmpty || output.Data is not null)],
            Data = custom.Where(IsWhole).Select(one => AgentOutputs.Object(one.Member("data"))).LastOrDefault(data => data is not null),
            Handover = custom.Select(AgentAnswer.HandoverIn).FirstOrDefault(wish => wish is not null),
            Ends = custom.Any(one => one.Member("end").ValueKind == JsonValueKind.True),
            Faults = faults,
        };
    }

    /// <summary>The server's URL is enough.</summary>
    private static Uri Channel(Uri url) => url.AbsolutePath is "/" or "" ? new UriBuilder(url) { Path = "/webhooks/rest/webhook" }.Uri : url;

    private static IEnumerable<Output> Outputs(JsonElement one, List<string> faults)
    {
        var buttons = one.Member("buttons") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().Select(button => AgentOutputs.Choice(
                button.Text("title") ?? "", button.Text("payload"), button.Text("url"), null, null, faults)).Where(button => button.Title.Length > 0).ToList()
            : [];
        yield return new Output { Text = one.Text("text") ?? "", QuickReplies = buttons };
        if (one.Text("image") is { } image) yield return new Output { Rich = AgentOutputs.Media(MediaKind.Image, image, null, null, faults) };
        if (one.Member("attachment") is { ValueKind: JsonValueKind.String or JsonValueKind.Object } file) yield return Attachment(file, faults);
        AgentOutputs.Lost(one.EnumerateObject().Where(member => !Known.Contains(member.Name) || (member.Name == "custom" && member.Value.ValueKind != JsonValueKind.Object)), faults);
        if (one.Member("custom") is not { ValueKind: JsonValueKind.Object } custom) yield break;
        if (!IsWhole(custom))
        {
            // What only steers has nothing to say.
            yield return AgentOutputs.Read(custom, faults, Steering);
            yield break;
        }

        AgentOutputs.Lost(custom.EnumerateObject().Where(member => member.Name is not ("outputs" or "data") && !Steering.Contains(member.Name)), faults);
        var answer = AgentAnswer.Read(custom);
        faults.AddRange(answer.Faults);
        foreach (var output in answer.Outputs) yield return output;
    }

    /// <summary>Whether it is a whole answer in our own JSON, and not one output.</summary>
    private static bool IsWhole(JsonElement custom) => custom.TryGetProperty("outputs", out _);

    private static Output Attachment(JsonElement file, List<string> faults)
    {
        var url = file.ValueKind == JsonValueKind.String ? file.GetString() : file.Member("payload").Text("src") ?? file.Member("payload").Text("url") ?? file.Text("url");
        return new Output { Rich = AgentOutputs.Media(CognigyOutputs.KindOf(file.Text("type")), url, file.Member("payload").Text("title"), null, faults) };
    }
}
