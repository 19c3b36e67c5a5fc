using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Handover;

/// <summary>The change of a conversation that hands it over.</summary>
internal static class HandoverPatch
{
    /// <summary>The body of the <c>PATCH</c>: the target, and what the agent should know.</summary>
    public static ConversationChange Of(HandoverRequest request) => new(
        request.QueueId is { } queue ? new Assignment("queue", queue) : new Assignment("script", request.ScriptId!),
        UserOf(request));

    /// <summary>
    /// Whether a conversation shows that 8x8 carried the handover out. Any queue will do: the contact centre may have moved the customer
    /// on, and asking again would take the place in that queue away.
    /// </summary>
    public static bool IsDone(HandoverRequest request, Conversation conversation) =>
        IsWithPeople(conversation)
        || (request.ScriptId is { } script && !IsIdle(conversation) && IsAssigned(conversation, "script") && conversation.Assignment!.Id == script);

    /// <summary>Whether a conversation is with a queue or an agent.</summary>
    public static bool IsWithPeople(Conversation conversation) =>
        !IsIdle(conversation) && (IsAssigned(conversation, "queue") || IsAssigned(conversation, "agent"));

    /// <summary>Whether a conversation is with one of some.</summary>
    public static bool IsWith(Conversation conversation, string type, IEnumerable<string> ids) =>
        IsAssigned(conversation, type) && ids.Contains(conversation.Assignment!.Id);

    private static bool IsIdle(Conversation conversation) => string.Equals(conversation.State, "idle", StringComparison.OrdinalIgnoreCase);

    private static bool IsAssigned(Conversation conversation, string type) =>
        string.Equals(conversation.Assignment?.Type, type, StringComparison.OrdinalIgnoreCase);

    private static User? UserOf(HandoverRequest request)
    {
        var properties = Properties(request);
        if (request.Customer is null && properties.Count == 0) return null;
        var customer = request.Customer ?? new HandoverCustomer();
        return new User(
            customer.Name, customer.UserId, customer.Email, customer.Phone, customer.Company, customer.CaseId,
            Languages.Of(customer.Language),
            properties.Count == 0 ? null : properties);
    }

    private static List<UserProperty> Properties(HandoverRequest request)
    {
        var properties = new List<UserProperty>();
        if (request.Summary is { } summary) properties.Add(new("summary", summary));
        foreach (var (name, value) in request.Properties)
            if (properties.Count < User.MostAdditionalProperties && (name != "summary" || request.Summary is null))
                properties.Add(new(name, value));
        return properties;
    }
}
