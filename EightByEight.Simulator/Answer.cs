namespace EightByEight.Simulator;

/// <summary>What a REST operation answers; a value, so that a fault can do the work and still withhold it.</summary>
internal sealed record Answer(int Status, object? Body = null, string ContentType = "application/hal+json")
{
    public string? Disposition { get; init; }

    public int? RetryAfterSeconds { get; init; }

    public byte[]? Bytes => Body is null ? null : Body as byte[] ?? SimulatorJson.Bytes(Body);

    public static Answer Ok(object body) => new(200, body);

    public static Answer Accepted(object? body = null) => new(202, body);

    public static Answer NoContent { get; } = new(204);
}

/// <summary>The error bodies of 8x8. They are not RFC 7807, and each operation has its own shape.</summary>
internal static class Problems
{
    public static Answer Generic(int status, string code, string message) =>
        Problem(status, new { message, errors = new[] { new { code, message } } });

    public static Answer InvalidParameter(string message) => Problem(400, new
    {
        message,
        errors = new[] { new { code = "invalid_parameter", message } },
        referenceId = Reference(),
    });

    /// <summary><c>errors</c> is an object here, not an array.</summary>
    public static Answer BadRequest(string message, string code = "invalid_json_object") =>
        Problem(400, new { message, errors = new { code, message }, referenceId = Reference() });

    /// <summary><c>errors</c> is an array of strings here.</summary>
    public static Answer NotFound(string type, string id)
    {
        var message = $"Resource of type {type} with id {id} was not found.";
        return Problem(404, new { message, errors = new[] { message } });
    }

    public static Answer ResourceNotFoundException(string type, string id) => Problem(404, new
    {
        message = "Resource not found",
        errors = new[] { new { code = "resource_not_found", message = $"Entity of type {type} with id {id} was not found." } },
    });

    public static Answer Forbidden(string customerId) => Problem(403, new
    {
        message = "The tenant does not belong to customer.",
        errors = new[] { $"Header X-8x8-Tenant doesn't match tenant information for customerId={customerId}" },
    });

    public static Answer Unauthorized() => Problem(401, new
    {
        message = "Access Denied",
        errors = new[] { new { message = "Access Denied", code = "access_denied" } },
        referenceId = Reference(),
    });

    private static Answer Problem(int status, object body) => new(status, body, "application/problem+json");

    private static string Reference() => Guid.NewGuid().ToString("n")[..15];
}
