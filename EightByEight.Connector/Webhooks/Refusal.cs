using System.Text.Json;
using Azure;
using Azure.Identity;
using EightByEight.Connector.Endpoints;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Connector.Webhooks;

/// <summary>Why a webhook request was not accepted. 8x8 shows it in its Event Log: short, and nothing secret.</summary>
internal sealed record Refusal(int Status, string Title, string Detail)
{
    public static Refusal TooLarge { get; } = new(413, "Too large", "The body is over 1 MiB.");

    public static Refusal Signature(string detail) => new(401, "Signature refused", detail);

    public static Refusal TryAgain(string detail) => new(503, "Try again", detail);

    /// <summary>Whether it is storage that failed, so that the sender should try again.</summary>
    public static bool IsStorageFailure(Exception exception, CancellationToken cancellation) =>
        exception is EndpointSecretException or RequestFailedException or AuthenticationFailedException or AggregateException or IOException or HttpRequestException
        || (exception is OperationCanceledException && !cancellation.IsCancellationRequested);

    public async Task WriteAsync(HttpResponse response, CancellationToken cancellation)
    {
        response.StatusCode = Status;
        response.ContentType = "application/problem+json";
        if (Status == StatusCodes.Status503ServiceUnavailable) response.Headers.RetryAfter = "2";
        await using var json = new Utf8JsonWriter(response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("type", "about:blank");
        json.WriteString("title", Title);
        json.WriteNumber("status", Status);
        json.WriteString("detail", Detail);
        json.WriteEndObject();
        await json.FlushAsync(cancellation);
    }
}
