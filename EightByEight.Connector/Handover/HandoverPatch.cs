using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Handover;

/// <summary>The change of a conversation that hands it over.</summary>
internal static class HandoverPatch
{
    /// <summary>The body of the <c>PATCH</c>: the target, and what the agent should know.</summary>
    public static ConversationChange Of(HandoverRequest request) => new(
        request.QueueId is { } queue ? new Assignment("queue", queue) : new Assignment("script", request.ScriptId!),
        UserOf(request));

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
