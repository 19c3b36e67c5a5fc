using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Handover;

/// <summary>The change of a conversation that hands it over.</summary>
internal static class HandoverBody
{
    /// <summary>Languages that 8x8 routes by. Source: 8x8, Chat Gateway, <c>user.language</c>.</summary>
    private static readonly IReadOnlyList<string> Languages =
    [
        "en", "ru", "de", "ja", "es", "fr", "pt", "it", "pl", "hr", "nl", "ar", "da", "ko", "no", "sv", "vi", "cy", "th", "zh-CN", "zh-TW",
    ];

    /// <summary>The body of the <c>PATCH</c>: the target, and what the agent should know.</summary>
    public static ConversationChange Of(HandoverRequest request) => new(
        request.QueueId is { } queue ? new Assignment("queue", queue) : new Assignment("script", request.ScriptId!),
        UserOf(request));

    /// <summary>8x8's name of a language; <c>en</c> for one that it does not know.</summary>
    public static string Language(string asked)
    {
        var name = asked.Trim().Replace('_', '-');
        return Languages.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? Languages.FirstOrDefault(known => known.Equals(name.Split('-')[0], StringComparison.OrdinalIgnoreCase))
            ?? "en";
    }

    private static User? UserOf(HandoverRequest request)
    {
        var properties = Properties(request);
        if (request.Customer is null && properties.Count == 0) return null;
        var customer = request.Customer ?? new HandoverCustomer();
        return new User(
            customer.Name, customer.UserId, customer.Email, customer.Phone, customer.Company, customer.CaseId,
            customer.Language is { } language ? Language(language) : null,
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
