using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Steps;
using EightByEight.Connector.Handover;
using EightByEight.Connector.Models;
using EightByEight.Connector.Requests;
using EightByEight.Connector.Translation;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// Answers what Flows ask of the world. A turn that is repeated asks again: most of it only reads, and what may do something names itself,
/// so that it can be told from a second wish.
/// </summary>
internal sealed class Outside(ChatGatewayClient gateway, EndpointDirectory endpoints, Transcripts transcripts, NluServices nlu, Translator translator,
    VirtualAgents agents, HttpCalls calls, LanguageModels models) : IOutside
{
    public async Task<FlowAnswer> AnswerAsync(FlowRequest request, Endpoint endpoint, string conversationId, CancellationToken cancellation)
    {
        if (request is UnderstandRequest said) return await nlu.AskAsync(said, cancellation);
        if (request is AgentRequest told) return await agents.AskAsync(told, cancellation);
        if (request is LaterRequest later) return await agents.AskAsync(later, cancellation);
        if (request is ModelRequest question) return await AskAsync(question, endpoint, conversationId, cancellation);
        if (request is HttpCall call) return await calls.AskAsync(call, cancellation);
        try
        {
            return new(request switch
            {
                QueueStatusRequest queue => Json(await gateway.GetQueueStatisticsAsync(
                    await AccountAsync(endpoint, cancellation), queue.QueueId, cancellation)),
                ScheduleRequest schedule => await gateway.GetScheduleStatusAsync(
                    await AccountAsync(endpoint, cancellation), schedule.ScheduleId, cancellation),
                HandbackRequest handback => await HandbackAsync(handback, endpoint, conversationId, cancellation),
                TranscriptRequest transcript => await SaidAsync(transcript, endpoint, conversationId, cancellation),
                TranslateRequest wanted => await TranslatedAsync(wanted, endpoint, cancellation),
                _ => throw new InvalidOperationException($"Nobody answers {request.GetType().Name}."),
            });
        }
        catch (Exception failed) when (failed is ChatGatewayException or EndpointSecretException or NoHandbackException or TranslationException)
        {
            return new(null, failed.Message);
        }
    }

    /// <summary>What was said in the conversation goes along, as far as the model does not know it.</summary>
    private async Task<FlowAnswer> AskAsync(ModelRequest question, Endpoint endpoint, string conversationId, CancellationToken cancellation)
    {
        if (question.Wanted is { } wanted)
            question = Informed(question, await transcripts.AfterAsync(
                ConversationKey.Of(endpoint.Id, conversationId), wanted.Session, wanted.After, cancellation));
        var answered = await models.AskAsync(question, cancellation, endpoint.Settings.Llm.StreamSentences);
        return answered is ModelAnswer whole ? whole with { Elsewhere = question.Elsewhere } : answered;
    }

    /// <summary>A question to a model, with what was said in the conversation and not to it.</summary>
    /// <param name="since">The turns since the model was asked last.</param>
    public static ModelRequest Informed(ModelRequest question, IEnumerable<(string EventId, TurnView Turn)> since)
    {
        if (question.Wanted is not { } wanted) return question;
        var said = new List<ModelMessage>();
        foreach (var (eventId, turn) in since)
        {
            if (turn.Text is { Length: > 0 } text && eventId != wanted.Input) said.Add(new ModelMessage { Role = ModelRole.User, Text = text });
            foreach (var output in turn.Outputs)
                if (output.Text is { Length: > 0 } answer) said.Add(new ModelMessage { Role = ModelRole.Assistant, Text = answer });
        }

        return question with { Wanted = null, Elsewhere = [.. Dialogue.Newest([.. said, .. question.Elsewhere], wanted.Tokens)] };
    }

    private async Task<ChatGatewayAccount> AccountAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.EightByEight;
        return new(new Uri(settings.ClusterBaseUrl ?? settings.BaseUrl), await endpoints.ApiKeyAsync(endpoint, cancellation), settings.TenantId);
    }

    private async Task<JsonNode> HandbackAsync(HandbackRequest request, Endpoint endpoint, string conversationId, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.Handover.PostAgent;
        settings = settings with
        {
            WebhookId = request.WebhookId ?? settings.WebhookId,
            MaxTotalMinutes = request.MaxTotalMinutes ?? settings.MaxTotalMinutes,
            UserTimeoutMinutes = request.UserTimeoutMinutes ?? settings.UserTimeoutMinutes,
        };
        var account = await AccountAsync(endpoint, cancellation) with { BaseUrl = new Uri(endpoint.Settings.EightByEight.BaseUrl) };
        return await Handback.ArrangeAsync(gateway, conversationId, endpoint, account, settings, cancellation) is { } fault
            ? throw new NoHandbackException(fault) : true;
    }

    private async Task<string> TranslatedAsync(TranslateRequest wanted, Endpoint endpoint, CancellationToken cancellation)
    {
        foreach (var tag in new[] { wanted.To, wanted.From })
            if (tag is not null && !TranslationSettings.IsLanguage(tag))
                throw new TranslationException($"'{tag}' is no language. Write one like de or pt-BR.");
        var (texts, _) = await translator.TranslateAsync(
            endpoint, endpoint.Settings.Translation, new(wanted.From, wanted.To), [wanted.Text], cancellation);
        return texts[0];
    }

    private async Task<JsonArray> SaidAsync(TranscriptRequest request, Endpoint endpoint, string conversationId, CancellationToken cancellation) =>
        Said(await transcripts.NewestAsync(ConversationKey.Of(endpoint.Id, conversationId), cancellation), request);

    /// <summary>The last turns as Flows see them, each with all its parts.</summary>
    public static JsonArray Said(IReadOnlyList<TurnView> parts, TranscriptRequest request)
    {
        var shown = parts.Select(part => part.EventId).Where(id => id != request.Input).Distinct().TakeLast(request.Turns).Append(request.Input).ToHashSet();
        var said = new JsonArray();
        foreach (var part in parts.Where(part => shown.Contains(part.EventId)))
        {
            if (part.Text is { Length: > 0 } text) said.Add(Transcript.Entry("user", text));
            foreach (var output in part.Outputs)
                if (output.Text is { Length: > 0 } answer) said.Add(Transcript.Entry("bot", answer));
        }

        return said;
    }

    private static JsonObject Json(QueueStatistics queue) => new()
    {
        ["name"] = queue.Name,
        ["waiting"] = queue.Size,
        ["longestWaitSeconds"] = queue.LongestWait,
        ["averageWaitSeconds"] = queue.AverageWait,
        ["agents"] = new JsonObject
        {
            ["available"] = queue.Available,
            ["busy"] = queue.Busy,
            ["postProcessing"] = queue.PostProcessing,
            ["workingOffline"] = queue.WorkingOffline,
            ["onBreak"] = queue.OnBreak,
            ["loggedOut"] = queue.LoggedOut,
        },
    };
}

/// <summary>8x8 cannot give the conversation back to the bot.</summary>
internal sealed class NoHandbackException(string reason) : Exception(reason);
