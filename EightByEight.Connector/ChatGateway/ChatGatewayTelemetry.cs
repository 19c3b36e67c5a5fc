using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.ChatGateway;

/// <summary>One line and one count for each call that failed for good. No text, no key; no id in the count.</summary>
internal sealed partial class ChatGatewayTelemetry(IMeterFactory meters, ILogger<ChatGatewayClient> logger)
{
    private const string Meter = "EightByEight.Connector";
    private const int LongestCode = 64;

    private readonly Counter<long> _errors = meters.Create(Meter).CreateCounter<long>(
        "eightbyeight.chat_gateway.errors", "{error}", "Calls to the 8x8 Chat Gateway that failed, repeats included.");

    /// <summary>Reports a failure.</summary>
    public void Failed(Call call, ChatGatewayException failure)
    {
        _errors.Add(
            1,
            new("operation", call.Operation),
            new("code", Code(failure)),
            new("http.response.status_code", failure.Status));
        LogFailed(
            call.Operation, call.Route.ConversationId, failure.Status, failure.Codes.Count > 0 ? string.Join(',', failure.Codes) : null,
            failure.ReferenceId, failure.Delivery);
    }

    /// <summary>The first code, as long as it is a word: codes with numbers in them would make a series each.</summary>
    private static string Code(ChatGatewayException failure) =>
        failure.Codes.Count == 0 ? "none"
        : failure.Codes[0] is { Length: <= LongestCode } code && code.All(c => char.IsAsciiLetter(c) || c is '_' or '.' or '-') ? code
        : "other";

    [LoggerMessage(EventId = 2001, EventName = "ChatGatewayCallFailed", Level = LogLevel.Warning,
        Message = "8x8 call {Operation} failed for conversation {ConversationId}: status {Status}, codes {Codes}, " +
                  "reference {ReferenceId}, {Delivery}")]
    private partial void LogFailed(
        string operation, string? conversationId, int? status, string? codes, string? referenceId, Delivery delivery);
}
