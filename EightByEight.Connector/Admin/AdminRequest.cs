using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Connector.Admin;

/// <summary>A request that cannot be served as it is; becomes an answer of type <c>application/problem+json</c>.</summary>
internal sealed class AdminException(AdminProblem problem) : Exception(problem.Detail)
{
    public AdminException(int status, string title, string detail) : this(new AdminProblem(status, title, detail))
    {
    }

    public AdminProblem Problem { get; } = problem;

    public static AdminException NotFound(string what, string name) => new(404, "Not found", $"There is no {what} {name}.");
}

/// <summary>What the routes of the admin API have in common in reading and answering.</summary>
internal static class AdminRequest
{
    /// <summary>The largest body that is read, in bytes: a Flow of 1 MiB and some.</summary>
    public const int MostBodyBytes = 1_153_434;

    private const int DefaultLimit = 50;
    private const int MostLimit = 200;

    /// <summary>The body as JSON.</summary>
    /// <exception cref="AdminException">400 with the position of the error, or 413.</exception>
    public static async Task<JsonElement> ReadJsonAsync(this HttpRequest request)
    {
        var body = await request.ReadBodyAsync();
        try
        {
            using var document = JsonDocument.Parse(body);
            RequireText(document.RootElement);
            return document.RootElement.Clone();
        }
        catch (InvalidOperationException)
        {
            throw new AdminException(400, "Not Unicode", "A string in the body has half of a surrogate pair, such as \\ud800 alone.");
        }
        catch (JsonException e)
        {
            throw new AdminException(new(400, "Not JSON", "The body is not JSON. Correct it at the place that the error names.")
            {
                Errors =
                [
                    new("JSON is broken here.") { Line = (int?)e.LineNumber + 1, Column = (int?)e.BytePositionInLine + 1 },
                ],
            });
        }
    }

    /// <summary>Escapes such as <c>\ud800</c> are JSON, but no text: they fail only when a string is taken out.</summary>
    /// <exception cref="InvalidOperationException">A name or a string is no text.</exception>
    private static void RequireText(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String) _ = json.GetString();
        if (json.ValueKind == JsonValueKind.Array)
            foreach (var item in json.EnumerateArray()) RequireText(item);
        if (json.ValueKind != JsonValueKind.Object) return;
        foreach (var member in json.EnumerateObject())
        {
            _ = member.Name;
            RequireText(member.Value);
        }
    }

    /// <summary>The body as text in UTF-8.</summary>
    /// <exception cref="AdminException">400 when it is not UTF-8, or 413.</exception>
    public static async Task<string> ReadTextAsync(this HttpRequest request)
    {
        var body = await request.ReadBodyAsync();
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body.Span).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw new AdminException(400, "Not UTF-8", "The body is not text in UTF-8.");
        }
    }

    /// <summary>The body, at most <see cref="MostBodyBytes"/>.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(this HttpRequest request)
    {
        if (request.ContentLength > MostBodyBytes) throw TooLarge();
        var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        try
        {
            while ((read = await request.Body.ReadAsync(chunk, request.HttpContext.RequestAborted)) > 0)
            {
                if (buffer.Length + read > MostBodyBytes) throw TooLarge();
                buffer.Write(chunk, 0, read);
            }
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge();
        }

        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    /// <summary>Which version the caller means to change: <c>If-Match</c>. Absent: any.</summary>
    public static Func<long, bool> IfMatch(this HttpRequest request)
    {
        var wanted = request.Headers.IfMatch.SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries)).ToArray();
        return wanted.Length == 0 || wanted.Contains("*") ? _ => true : version => wanted.Contains(ETag(version));
    }

    /// <summary>A strong entity tag.</summary>
    public static string ETag(long version) => $"\"{version}\"";

    /// <summary><c>?limit=</c> and <c>?continue=</c>.</summary>
    public static (int Limit, string? After) Paging(this HttpRequest request)
    {
        var after = request.Query["continue"].ToString();
        if (after.Length > 100 || !after.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'))
            throw new AdminException(400, "Bad continue", "continue must be what the page before gave.");
        if (request.Query["limit"].ToString() is not { Length: > 0 } given) return (DefaultLimit, after);
        return int.TryParse(given, out var limit) && limit is >= 1 and <= MostLimit
            ? (limit, after)
            : throw new AdminException(400, "Bad limit", $"limit must be a whole number from 1 to {MostLimit}.");
    }

    /// <summary>
    /// <c>?from=</c> and <c>?to=</c>: times, or dates, in UTC where they name no offset. A date as the end includes its day.
    /// </summary>
    /// <param name="length">How long before the end it begins where <c>from</c> is not given.</param>
    /// <returns>The first moment that is meant, and the first that is not any more.</returns>
    public static (DateTimeOffset From, DateTimeOffset To) Between(this HttpRequest request, DateTimeOffset now, TimeSpan length)
    {
        var to = Time(request, "to", isEnd: true) ?? now.AddMinutes(1);
        var from = Time(request, "from", isEnd: false) ?? to - length;
        return from < to ? (from, to) : throw new AdminException(400, "Bad time", "from must be before to.");
    }

    private static DateTimeOffset? Time(HttpRequest request, string name, bool isEnd)
    {
        if (request.Query[name].ToString() is not { Length: > 0 } given) return null;
        if (DateOnly.TryParseExact(given, "yyyy-MM-dd", out var day) && day.Year is > 1900 and < 9999)
            return new DateTimeOffset(isEnd ? day.AddDays(1) : day, TimeOnly.MinValue, TimeSpan.Zero);
        // In a query "+" is a space.
        return DateTimeOffset.TryParseExact(
                given.Replace(' ', '+'), ["yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mmK"],
                CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            && time.Year is > 1900 and < 9999
            ? time : throw new AdminException(400, "Bad time", $"{name} must be a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.");
    }

    /// <summary>An answer in source-generated JSON.</summary>
    public static IResult Answer<T>(T value, JsonTypeInfo<T> type, int status = 200) =>
        TypedResults.Text(JsonSerializer.SerializeToUtf8Bytes(value, type), "application/json; charset=utf-8", status);

    /// <summary>An error as <c>application/problem+json</c>.</summary>
    public static IResult Answer(AdminProblem problem) => TypedResults.Text(
        JsonSerializer.SerializeToUtf8Bytes(problem, AdminJson.Default.AdminProblem), "application/problem+json", problem.Status);

    private static AdminException TooLarge() =>
        new(413, "Too large", $"The body has more than {MostBodyBytes} bytes.");
}
