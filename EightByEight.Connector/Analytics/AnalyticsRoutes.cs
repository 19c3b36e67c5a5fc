using EightByEight.Connector.Admin;
using EightByEight.Connector.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Analytics;

/// <summary>The export of analytics, and their totals by day.</summary>
internal static class AnalyticsRoutes
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/endpoints/{id}/analytics", (HttpContext http, string id) => ExportAsync(http, id)).WithTags("Analytics")
            .WithSummary("One record a turn, oldest first (?from&to, a time or a date in UTC; the last 7 days; ?format=jsonl or csv).")
            .Produces<string>(200, "application/x-ndjson", "text/csv").Refuses(400, 404);
        api.MapGet("/endpoints/{id}/analytics/daily", (HttpContext http, string id) => DaysAsync(http, id)).WithTags("Analytics")
            .WithSummary("Totals by day, as of the last sweep (?from&to, dates in UTC, both included; the last 30 days).")
            .Produces<AdminList<AnalyticsDay>>().Refuses(400, 404);
    }

    private static async Task<IResult> ExportAsync(HttpContext http, string id)
    {
        var (now, store) = (await EndpointAsync(http, id), http.RequestServices.GetRequiredService<AnalyticsStore>());
        var format = http.Request.Query["format"].ToString() is { Length: > 0 } given ? given : "jsonl";
        if (format is not ("jsonl" or "csv")) throw new AdminException(400, "Bad format", "format must be jsonl or csv.");
        var (from, to) = http.Request.Between(now, TimeSpan.FromDays(7));
        await store.GatherAsync(id, now, http.RequestAborted);
        var records = store.ReadAsync(id, from, to, http.RequestAborted);
        var name = $"analytics-{id}-{from:yyyyMMdd}-{to:yyyyMMdd}.{format}";
        return format == "csv"
            ? TypedResults.Stream(target => AnalyticsExport.WriteCsvAsync(records, target, http.RequestAborted), "text/csv; charset=utf-8; header=present", name)
            : TypedResults.Stream(target => AnalyticsExport.WriteLinesAsync(records, target, http.RequestAborted), "application/x-ndjson; charset=utf-8", name);
    }

    private static async Task<IResult> DaysAsync(HttpContext http, string id)
    {
        var now = await EndpointAsync(http, id);
        var (from, to) = http.Request.Between(now, TimeSpan.FromDays(30));
        if (to - from > TimeSpan.FromDays(3660)) throw new AdminException(400, "Bad time", "from and to must be at most 3660 days apart.");
        var days = await http.RequestServices.GetRequiredService<AnalyticsStore>().DaysAsync(
            id, DateOnly.FromDateTime(from.UtcDateTime), DateOnly.FromDateTime(to.AddTicks(-1).UtcDateTime), http.RequestAborted);
        return AdminRequest.Answer(new AdminList<AnalyticsDay>(days, null), AnalyticsJson.Default.AdminListAnalyticsDay);
    }

    /// <returns>Now, since there is such an Endpoint.</returns>
    private static async Task<DateTimeOffset> EndpointAsync(HttpContext http, string id) =>
        await http.RequestServices.GetRequiredService<EndpointStore>().GetAsync(id, http.RequestAborted) is null
            ? throw AdminException.NotFound("Endpoint", id)
            : http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
}
