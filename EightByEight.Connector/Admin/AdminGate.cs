using System.Security.Cryptography;
using System.Text;
using Azure;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Admin;

/// <summary>
/// What every request under <c>/api</c> passes: the admin key on the way in, errors as problems on the way out.
/// </summary>
internal sealed class AdminGate(IOptions<ConnectorOptions> options, ILogger<AdminGate> log)
{
    private const string WhoItem = "EightByEight.Admin.Who";
    private const string Scheme = "Bearer ";

    public async ValueTask<object?> PassAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var http = invocation.HttpContext;
        if (Who(http) is not { } who)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            return AdminRequest.Answer(new AdminProblem(
                401, "No admin key", "Send the admin key as 'Authorization: Bearer <Connector:AdminKey>'."));
        }

        http.Items[WhoItem] = who;
        return await AnswerAsync(http, () => next(invocation));
    }

    /// <summary>Answers, and errors as problems.</summary>
    public async ValueTask<object?> AnswerAsync(HttpContext http, Func<ValueTask<object?>> next)
    {
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            return await next();
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty;
        }
        catch (Exception e)
        {
            return AdminRequest.Answer(Problem(e, http));
        }
    }

    /// <summary>Which key the request carried, and where it came from.</summary>
    public static string WhoOf(HttpContext http) => http.Items[WhoItem] as string ?? "unknown";

    private string? Who(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return null;
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim()));
        // Both are compared whatever comes of the first, so that the time tells nothing.
        var isKey = Equal(given, options.Value.AdminKey);
        var isNext = Equal(given, options.Value.AdminKeyNext);
        var key = isKey ? "AdminKey" : isNext ? "AdminKeyNext" : null;
        return key is null ? null : $"{key} from {http.Connection.RemoteIpAddress?.ToString() ?? "unknown"}";
    }

    private static bool Equal(byte[] given, string? key) =>
        CryptographicOperations.FixedTimeEquals(given, SHA256.HashData(Encoding.UTF8.GetBytes(key ?? ""))) & key is { Length: > 0 };

    /// <summary>After its retries the SDK throws all their faults together; a time-out comes as a cancellation.</summary>
    private static bool IsOfStorage(Exception e) => e is RequestFailedException or IOException or OperationCanceledException
        || e is AggregateException { InnerExceptions: { Count: > 0 } all } && all.All(IsOfStorage);

    private AdminProblem Problem(Exception error, HttpContext http)
    {
        switch (error)
        {
            case AdminException e: return e.Problem;
            case BodyException e:
                return new(400, "Bad body", "The body was refused: errors lists everything that is wrong with it.")
                {
                    Errors = [.. e.Problems.Select(p => new AdminFault(p.Message) { Path = p.Path })],
                };
            case FlowFormatException e:
                return new(400, "Not a Flow", "The document is not a Flow: errors lists everything that is wrong with it.")
                {
                    Errors = [.. e.Problems.Select(p => new AdminFault(p.Message) { Line = p.Line, Column = p.Column })],
                };
            case NameTakenException e:
                return new(409, "Name taken", e.Message) { Errors = [new AdminFault(e.Message) { Path = "$.name" }] };
            case VersionMismatchException:
                return new(412, "Changed meanwhile", "It is not the version that If-Match names. Read it again, then repeat the change.");
            case EndpointSecretException e: return new(503, "Secret not readable", e.Message);
            case BadHttpRequestException e:
                return new(e.StatusCode, "Bad request", "The request is no proper HTTP: its body does not come as its headers say.");
            case var e when IsOfStorage(e):
                var last = e is AggregateException { InnerExceptions: [.., var inner] } ? inner : e;
                var failed = last as RequestFailedException;
                log.StorageFailed(http.Request.Method, failed?.Status ?? 0, failed?.ErrorCode ?? last.GetType().Name);
                return new(503, "Storage failed", "Storage cannot be used now. Try again.");
            default:
                log.Failed(http.Request.Method, error);
                return new(500, "Failed", "Something went wrong here. The log of the connector says what.");
        }
    }
}

/// <summary>Log messages of the admin API: routes by name, never bodies, tokens or keys.</summary>
internal static partial class AdminLog
{
    [LoggerMessage(1, LogLevel.Warning, "Admin API: storage failed a {Method} with status {Status} {Code}")]
    public static partial void StorageFailed(this ILogger log, string method, int status, string? code);

    [LoggerMessage(2, LogLevel.Error, "Admin API: a {Method} failed unexpectedly")]
    public static partial void Failed(this ILogger log, string method, Exception error);

    [LoggerMessage(3, LogLevel.Error, "Admin API: {What} of {Target} by {Who} was done, but its audit entry could not be written")]
    public static partial void NotAudited(this ILogger log, string what, string target, string who, Exception error);

    [LoggerMessage(4, LogLevel.Warning, "Admin API: the URL token of Endpoint {Id} cannot be decrypted; make a new one")]
    public static partial void UrlTokenUnreadable(this ILogger log, string id, Exception error);
}
