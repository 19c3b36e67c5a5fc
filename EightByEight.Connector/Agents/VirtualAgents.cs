using System.Text.Json;
using EightByEight.Connector.Flows;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Agents;

/// <summary>Asks virtual agents that live elsewhere.</summary>
internal sealed class VirtualAgents(AgentHttp http, IOptions<AgentOptions> options, TimeProvider time)
{
    /// <summary>What the agent answers.</summary>
    /// <remarks>A turn that is repeated after a crash asks again, with the same <see cref="AgentRequest.Id"/>.</remarks>
    public Task<FlowAnswer> AskAsync(AgentRequest request, CancellationToken cancellation) =>
        InTimeAsync(request.Agent, either => request.Agent.Kind switch
        {
            AgentKind.Cognigy => CognigyAgent.AskAsync(request, http, either),
            AgentKind.Rasa => RasaAgent.AskAsync(request, http, either),
            AgentKind.OpenAI => ChatAgent.AskAsync(request, http, either),
            AgentKind.DirectLine => DirectLine.AskAsync(request, either),
            _ => WebhookAgent.AskAsync(request, http, time, either),
        }, cancellation);

    /// <summary>What an agent behind Direct Line has said since it was heard last.</summary>
    public Task<FlowAnswer> AskAsync(LaterRequest request, CancellationToken cancellation) =>
        InTimeAsync(request.Agent, either => DirectLine.LaterAsync(request, either), cancellation);

    private readonly DirectLineTokens _tokens = new(http, time);

    private DirectLineAgent DirectLine => new(_tokens, options.Value.DirectLinePause, time);

    private async Task<FlowAnswer> InTimeAsync(AgentSettings agent, Func<CancellationToken, Task<AgentAnswer>> ask, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(agent.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new FlowAnswer(null, $"{agent.Name} did not answer within {agent.TimeoutSeconds} seconds.");
        }
        catch (AgentException failed)
        {
            return new FlowAnswer(null, failed.Message);
        }
        // The members of its answer are of other types than its documentation says.
        catch (Exception failed) when (failed is InvalidOperationException or JsonException or FormatException)
        {
            return new FlowAnswer(null, $"{agent.Name} answered what cannot be read.");
        }
    }
}
