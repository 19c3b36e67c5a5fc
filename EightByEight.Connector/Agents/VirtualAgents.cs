using System.Text.Json;
using EightByEight.Connector.Flows;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Agents;

/// <summary>Asks virtual agents that live elsewhere.</summary>
internal sealed class VirtualAgents(AgentHttp http, IOptions<AgentOptions> options, TimeProvider time)
{
    /// <summary>What the agent answers.</summary>
    /// <remarks>A turn that is repeated after a crash asks again, with the same <see cref="AgentRequest.Id"/>.</remarks>
    public async Task<FlowAnswer> AskAsync(AgentRequest request, CancellationToken cancellation)
    {
        var agent = request.Agent;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(agent.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            return await (agent.Kind switch
            {
                AgentKind.Cognigy => CognigyAgent.AskAsync(request, http, either.Token),
                AgentKind.Rasa => RasaAgent.AskAsync(request, http, either.Token),
                AgentKind.OpenAI => ChatAgent.AskAsync(request, http, either.Token),
                AgentKind.DirectLine => new DirectLineAgent(http, options.Value.DirectLinePause, time).AskAsync(request, either.Token),
                _ => WebhookAgent.AskAsync(request, http, time, either.Token),
            });
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
