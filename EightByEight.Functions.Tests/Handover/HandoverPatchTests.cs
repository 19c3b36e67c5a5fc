using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Handover;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>Whether 8x8 carried out a handover, by the conversation resource.</summary>
public sealed class HandoverPatchTests
{
    [Theory]
    [InlineData("active", "queue", "101", true)]
    [InlineData("active", "queue", "another", true)]
    [InlineData("active", "AGENT", "agent-1", true)]
    [InlineData("idle", "queue", "101", false)]
    [InlineData("active", "script", "101", false)]
    [InlineData("active", null, null, false)]
    public void A_handover_to_a_queue_is_done_where_a_queue_or_an_agent_has_the_customer(
        string state, string? type, string? id, bool isDone) =>
        Assert.Equal(isDone, HandoverPatch.IsDone(new HandoverRequest { QueueId = "101" }, Of(state, type, id)));

    [Theory]
    [InlineData("active", "script", "script-7", true)]
    [InlineData("active", "queue", "101", true)]
    [InlineData("idle", "script", "script-7", false)]
    [InlineData("active", "script", "the bot's own", false)]
    public void A_handover_to_a_script_is_done_where_that_script_or_people_have_the_customer(
        string state, string type, string id, bool isDone) =>
        Assert.Equal(isDone, HandoverPatch.IsDone(new HandoverRequest { ScriptId = "script-7" }, Of(state, type, id)));

    private static Conversation Of(string state, string? type, string? id) =>
        new("c-1", State: state, Assignment: type is null ? null : new Assignment(type, id!));
}
