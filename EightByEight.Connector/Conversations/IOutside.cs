using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Conversations;

/// <summary>Who answers what Flows ask of the world: the world, or the script of a rehearsal.</summary>
internal interface IOutside
{
    /// <summary>The answer, or why there is none.</summary>
    Task<FlowAnswer> AnswerAsync(FlowRequest request, Endpoint endpoint, string conversationId, CancellationToken cancellation);
}
