using System.Net;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// One call to 8x8 through all its attempts: what it is for, and what is known of the attempt under way. It rides in
/// the request's options.
/// </summary>
internal sealed class Call
{
    private static readonly HttpRequestOptionsKey<Call> _key = new(nameof(Call));
    private bool _tried;

    /// <summary>The client's method without <c>Async</c>, such as <c>SendMessage</c>.</summary>
    public required string Operation { get; init; }

    /// <summary>Whom it goes to, and as whom.</summary>
    public required ChatGatewayAccount Account { get; init; }

    /// <summary>What is sent.</summary>
    public required HttpMethod Method { get; init; }

    /// <inheritdoc cref="Method"/>
    public required Route Route { get; init; }

    /// <inheritdoc cref="Method"/>
    public ListQuery Query { get; init; }

    /// <inheritdoc cref="Method"/>
    public HttpContent? Body { get; init; }

    /// <summary>Whether the body of a good answer is wanted in memory.</summary>
    public bool Buffered { get; init; }

    /// <summary>How long an attempt, and the whole call, may take.</summary>
    public required (TimeSpan Attempt, TimeSpan Total) Timeouts { get; init; }

    /// <summary>By <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public required long Started { get; init; }

    /// <summary>Whether this attempt may have brought anything to 8x8: its body began to be sent, or it has none.</summary>
    public bool Sent { get; private set; }

    /// <summary>How the last attempt failed; null while one is under way.</summary>
    public ChatGatewayException? Failure { get; private set; }

    /// <summary>Whether the body, if any, can be sent a second time.</summary>
    public bool Replayable => Body is not AttachmentForm { Replayable: false };

    private string Host => Account.BaseUrl.Authority;

    /// <summary>The request of this call; null when it cannot be put into words: an id, the key or the tenant is none.</summary>
    public HttpRequestMessage? ToRequest()
    {
        if (!IsHeader(Account.ApiKey) || !IsHeader(Account.TenantId)) return null;
        if (Route.Below(Account.BaseUrl, Query) is not { } uri) return null;
        var request = new HttpRequestMessage(Method, uri) { Content = Body is null ? null : new OnceContent(Body, this) };
        request.Options.Set(_key, this);
        AddHeader("x-api-key", Account.ApiKey);
        AddHeader("X-8x8-Tenant", Account.TenantId);
        return request;

        void AddHeader(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static bool IsHeader(string? value) => value is null || value.All(c => c is >= ' ' and <= '~');

    /// <summary>The call of a request made by <see cref="ChatGatewayClient"/>.</summary>
    public static Call Of(HttpRequestMessage request) =>
        request.Options.TryGetValue(_key, out var call)
            ? call
            : throw new InvalidOperationException("Not a request of ChatGatewayClient.");

    /// <summary>Another attempt starts.</summary>
    public void Begin(bool hasBody) => (_tried, Sent, Failure) = (true, !hasBody, null);

    /// <summary>The body goes out. False when it already did in this attempt: then it must not go out again.</summary>
    public bool Send() => !Sent && (Sent = true);

    /// <summary>Remembers how this attempt failed.</summary>
    public ChatGatewayException Fails(ChatGatewayException failure) => Failure = failure;

    /// <summary>What a pipeline or an attempt threw, in our terms; null for what is not about 8x8, such as cancellation.</summary>
    public ChatGatewayException? Explain(Exception? thrown) => thrown switch
    {
        ChatGatewayException failure => failure,
        // Time ran out, or the circuit opened, before the next attempt: what the last one said still holds.
        TimeoutRejectedException or BrokenCircuitException when Failure is not null => Failure,
        TimeoutRejectedException => NoAnswer("did not answer in time", thrown),
        BrokenCircuitException when _tried => NoAnswer("did not answer in time", thrown),
        BrokenCircuitException open => new ChatGatewayException(
            $"{Operation} was not tried: {Host} failed so often lately that calls to it are held back for a while.",
            Delivery.NotDelivered, open)
        {
            RetryAfter = open.RetryAfter,
        },
        _ => null,
    };

    /// <summary>There was no answer, or not all of it.</summary>
    public ChatGatewayException NoAnswer(string what, Exception? inner) => Sent
        ? new ChatGatewayException($"{Operation}: {Host} {what}. It may or may not have been done.", Delivery.Unknown, inner)
        : new ChatGatewayException($"{Operation}: {Host} {what}. Nothing was sent.", Delivery.NotDelivered, inner);

    /// <summary>No connection was made.</summary>
    public ChatGatewayException NoConnection(HttpRequestException inner) => new(
        $"{Operation}: no connection to {Host} ({inner.Message}). Check the Endpoint's base URL and the network.",
        Delivery.NotDelivered, inner);

    /// <summary>8x8 answered, and it was no success.</summary>
    public ChatGatewayException Answered(HttpStatusCode status, Problem problem, TimeSpan? retryAfter)
    {
        var delivery = (int)status switch
        {
            429 => Delivery.NotDelivered,
            408 or >= 500 or < 300 => Delivery.Unknown,
            _ => Delivery.Refused,
        };
        var said = problem.Messages.Count > 0 ? string.Join(" / ", problem.Messages) : "no reason given";
        var codes = problem.Codes.Count > 0 ? $" ({string.Join(", ", problem.Codes)})" : "";
        var reference = problem.ReferenceId is { } id ? $" Reference for 8x8 support: {id}." : "";
        var answered = $"{Operation}: {Host} answered {(int)status} {status}";
        return new($"{answered}: {said.TrimEnd('.')}{codes}.{reference}{Advice((int)status)}", delivery)
        {
            Status = (int)status,
            Codes = problem.Codes,
            Messages = problem.Messages,
            ReferenceId = problem.ReferenceId,
            RetryAfter = retryAfter,
        };
    }

    /// <summary>8x8 answered with success, but the answer is of no use.</summary>
    public ChatGatewayException Unreadable(HttpStatusCode status, string why, Exception? inner = null) => new(
        $"{Operation}: {Host} answered {(int)status}, but {why}. Check that the base URL is that of the 8x8 API.",
        Delivery.Unknown, inner)
    {
        Status = (int)status,
    };

    /// <summary>It could not be put into words.</summary>
    public ChatGatewayException Unspeakable() => new(
        $"{Operation} was not sent to {Host}: " + (
            !IsHeader(Account.ApiKey) ? "the Endpoint's API key holds characters that no API key has. Enter it again."
            : !IsHeader(Account.TenantId) ? "the Endpoint's tenant holds characters that no tenant has. Correct it."
            : "an id in it is empty, \".\" or \"..\", which is no id of 8x8."),
        Delivery.Refused);

    private static string Advice(int status) => status switch
    {
        401 => " Check the Endpoint's API key: 8x8 Admin Console, API Keys, product \"Chat Gateway\".",
        403 => " Check the Endpoint's API key and tenant.",
        >= 300 and < 400 => " Redirects are not followed; check the Endpoint's base URL.",
        _ => "",
    };
}
