using System.Text.Json.Serialization;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Privacy;

/// <summary>The Endpoint's log in the admin API.</summary>
internal static class LogRoutes
{
    private static readonly Dictionary<string, LogLevel> Levels = new()
    {
        ["debug"] = LogLevel.Debug,
        ["info"] = LogLevel.Information,
        ["warning"] = LogLevel.Warning,
        ["error"] = LogLevel.Error,
    };

    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/endpoints/{id}/log", (HttpContext http, string id) => ReadAsync(http, id)).WithTags("Endpoints")
            .WithSummary("The Endpoint's log, newest first (?from&to, a time or a date in UTC; the last 7 days; ?level=debug, info, warning or error and above; ?conversationId).")
            .Produces<AdminList<LogLineView>>().Refuses(400, 404);

    private static async Task<IResult> ReadAsync(HttpContext http, string id)
    {
        if (await http.RequestServices.GetRequiredService<EndpointStore>().GetAsync(id, http.RequestAborted) is null)
            throw AdminException.NotFound("Endpoint", id);
        var level = LogLevel.Debug;
        if (http.Request.Query["level"].ToString() is { Length: > 0 } given && !Levels.TryGetValue(given, out level))
            throw new AdminException(400, "Bad level", $"level must be one of {string.Join(", ", Levels.Keys)}.");
        var (limit, after) = http.Request.Paging();
        var (from, to) = http.Request.Between(http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow(), TimeSpan.FromDays(7));
        var conversation = http.Request.Query["conversationId"].ToString();
        var (lines, next) = await http.RequestServices.GetRequiredService<EndpointLog>().ReadAsync(
            id, from, to, level, conversation.Length == 0 ? null : conversation, after, limit, http.RequestAborted);
        return AdminRequest.Answer(
            new AdminList<LogLineView>([.. lines.Select(View)], next), LogRoutesJson.Default.AdminListLogLineView);
    }

    private static LogLineView View(LogLine line) => new(
        line.At, Levels.FirstOrDefault(level => level.Value == line.Level).Key ?? "info", line.Source, line.Message, line.ConversationId, line.SessionId);
}

/// <summary>A line of an Endpoint's log.</summary>
/// <param name="Level"><c>debug</c>, <c>info</c>, <c>warning</c> or <c>error</c>.</param>
/// <param name="Source">Who says it: <c>flow</c>, <c>transformer</c>, <c>handover</c>, <c>files</c>, <c>dashbot</c>, <c>connector</c>.</param>
/// <param name="Message">Masked as <c>dataProtection.maskSensitiveLogging</c> said when it was written.</param>
internal sealed record LogLineView(DateTimeOffset At, string Level, string Source, string Message, string? ConversationId, string? SessionId);

/// <summary>JSON of the log.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AdminList<LogLineView>))]
internal sealed partial class LogRoutesJson : JsonSerializerContext;
