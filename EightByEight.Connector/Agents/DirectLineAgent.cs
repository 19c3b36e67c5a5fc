using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Agents;

/// <summary>
/// An agent behind Bot Framework Direct Line 3.0, as Copilot Studio and Azure Bot offer it. An input is posted, and what the agent says is
/// fetched until it is silent: Direct Line does not tell when that is all. Source: Microsoft, Direct Line API 3.0.
/// </summary>
/// <param name="pause">Between two looks.</param>
internal sealed class DirectLineAgent(DirectLineTokens line, TimeSpan pause, TimeProvider time)
{
    public static readonly Uri DefaultUrl = new("https://directline.botframework.com");

    /// <summary>Of the time for an answer: who is silent that long has nothing to say.</summary>
    private const double Patience = 0.8;

    public async Task<AgentAnswer> AskAsync(AgentRequest request, CancellationToken cancellation)
    {
        var known = (string?)request.Memory?["conversation"];
        var conversation = known ?? await line.BeginAsync(request.Agent, Customer(request.UserId), cancellation);
        try
        {
            await SayAsync(request, conversation, cancellation);
        }
        // It lasts as long as Direct Line wants.
        catch (AgentException gone) when (known is not null && gone.Status is System.Net.HttpStatusCode.NotFound or System.Net.HttpStatusCode.Forbidden)
        {
            known = null;
            conversation = await line.BeginAsync(request.Agent, Customer(request.UserId), cancellation);
            await SayAsync(request, conversation, cancellation);
        }

        return await HearAsync(request, conversation, known is null ? null : (string?)request.Memory?["watermark"], cancellation);
    }

    private Task<JsonElement> SayAsync(AgentRequest request, string conversation, CancellationToken cancellation)
    {
        var activity = new JsonObject
        {
            ["type"] = "message",
            ["from"] = new JsonObject { ["id"] = Customer(request.UserId) },
            ["locale"] = request.Locale,
            ["text"] = request.Text,
            // Who repeats itself after a crash says so.
            ["channelData"] = new JsonObject { ["clientActivityID"] = request.Id, ["channel"] = request.Channel },
        };
        if (request.Data is { Count: > 0 } data) activity["value"] = data.DeepClone();
        return line.SendAsync(request.Agent, conversation, HttpMethod.Post, Activities(conversation), activity, cancellation);
    }

    /// <summary>What the agent has said since, at one look.</summary>
    public async Task<AgentAnswer> LaterAsync(LaterRequest request, CancellationToken cancellation)
    {
        var conversation = (string?)request.Memory["conversation"] ?? "";
        var (news, watermark) = await LookAsync(request.Agent, request.UserId, conversation, (string?)request.Memory["watermark"], cancellation);
        return Answer(news, conversation, watermark, []);
    }

    private async Task<AgentAnswer> HearAsync(AgentRequest request, string conversation, string? watermark, CancellationToken cancellation)
    {
        var until = time.GetUtcNow() + (TimeSpan.FromSeconds(request.Agent.TimeoutSeconds) * Patience);
        var said = new List<JsonElement>();
        var spoke = false;
        while (true)
        {
            (var news, watermark) = await LookAsync(request.Agent, request.UserId, conversation, watermark, cancellation);
            said.AddRange(news);
            if (news.Any(one => IsEnd(one) || IsHandoff(one)) || (spoke && news.Count == 0)) break;
            spoke |= news.Any(one => one.Text("type") == "message");
            if (time.GetUtcNow() >= until) break;
            await Task.Delay(pause, time, cancellation);
        }

        return Answer(said, conversation, watermark, said.Count == 0 ? [$"{request.Agent.Name} said nothing."] : []);
    }

    /// <summary>What there is behind a watermark, but for the customer's own words, and the next one.</summary>
    private async Task<(List<JsonElement> News, string? Watermark)> LookAsync(
        AgentSettings agent, string userId, string conversation, string? watermark, CancellationToken cancellation)
    {
        var path = Activities(conversation);
        if (watermark is not null) path += $"?watermark={Uri.EscapeDataString(watermark)}";
        var heard = await line.SendAsync(agent, conversation, HttpMethod.Get, path, null, cancellation);
        return (heard.Member("activities") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().Where(one => one.Member("from").Text("id") != Customer(userId) && one.Text("type") is not "typing").ToList() : [],
            heard.Text("watermark") ?? watermark);
    }

    private static AgentAnswer Answer(List<JsonElement> said, string conversation, string? watermark, List<string> faults)
    {
        var ends = said.Any(IsEnd);
        return new AgentAnswer
        {
            Outputs = [.. said.Where(one => one.Text("type") == "message").SelectMany(one => Outputs(one, faults))],
            Handover = said.Where(IsHandoff).Select(one => AgentOutputs.Object(one.Member("value")) ?? []).FirstOrDefault(),
            Ends = ends,
            Memory = ends ? null : new JsonObject { ["conversation"] = conversation, ["watermark"] = watermark },
            Faults = faults,
        };
    }

    private static string Customer(string userId) => $"dl_{userId}";

    private static string Activities(string conversation) => $"conversations/{Uri.EscapeDataString(conversation)}/activities";

    /// <summary>Where the API is.</summary>
    public static Uri At(AgentSettings agent, string path) => new($"{agent.Url.AbsoluteUri.TrimEnd('/')}/v3/directline/{path}");

    private static bool IsEnd(JsonElement activity) => activity.Text("type") == "endOfConversation";

    private static bool IsHandoff(JsonElement activity) =>
        activity.Text("type") == "handoff" || (activity.Text("type") == "event" && activity.Text("name") == "handoff.initiate");

    private static IEnumerable<Output> Outputs(JsonElement activity, List<string> faults)
    {
        var attachments = activity.Member("attachments") is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().ToList() : [];
        var cards = attachments.Where(IsCard).Select(one => ItemOf(one.Member("content"), faults)).ToList();
        var actions = Actions(activity.Member("suggestedActions").Member("actions"), faults);
        var text = new Output { Text = activity.Text("text") ?? "", QuickReplies = actions };
        if (!text.IsEmpty) yield return text;
        if (cards.Count > 0) yield return new Output { Rich = new Gallery(cards) };
        foreach (var one in attachments.Where(one => !IsCard(one)))
            if (Shown(one, faults) is { } rich) yield return new Output { Rich = rich };
    }

    private static bool IsCard(JsonElement attachment) =>
        attachment.Text("contentType") is "application/vnd.microsoft.card.hero" or "application/vnd.microsoft.card.thumbnail";

    private static Rich? Shown(JsonElement attachment, List<string> faults)
    {
        var type = attachment.Text("contentType") ?? "";
        if (type == "application/vnd.microsoft.card.adaptive" && AgentOutputs.Object(attachment.Member("content")) is { } card) return new AdaptiveCard(card);
        if (attachment.Text("contentUrl") is { } url) return AgentOutputs.Media(CognigyOutputs.KindOf(type), url, null, attachment.Text("name"), faults);
        faults.Add($"An attachment of type '{type}' cannot be shown.");
        return null;
    }

    private static Item ItemOf(JsonElement card, List<string> faults)
    {
        var image = card.Member("images") is { ValueKind: JsonValueKind.Array } images && images.GetArrayLength() > 0 ? images[0] : default;
        return new Item(card.Text("title") ?? card.Text("text") ?? "")
        {
            Subtitle = card.Text("subtitle") ?? (card.Text("title") is null ? null : card.Text("text")),
            ImageUrl = AgentOutputs.Address(image.Text("url"), faults),
            ImageAlt = image.Text("alt"),
            Buttons = Actions(card.Member("buttons"), faults),
        };
    }

    private static IReadOnlyList<QuickReply> Actions(JsonElement actions, List<string> faults) => actions.ValueKind != JsonValueKind.Array ? []
        : [.. actions.EnumerateArray().Select(one => (Type: one.Text("type"), Title: one.Text("title") ?? one.Text("value") ?? "", Value: one.Text("value")))
            .Where(one => one.Title.Length > 0)
            .Select(one => one.Type switch
            {
                "openUrl" => AgentOutputs.Choice(one.Title, null, one.Value, null, null, faults),
                "call" => AgentOutputs.Choice(one.Title, null, null, one.Value?.Replace("tel:", "", StringComparison.Ordinal), null, faults),
                _ => AgentOutputs.Choice(one.Title, one.Value, null, null, null, faults),
            })];
}
