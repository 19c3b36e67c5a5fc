using System.Text;
using EightByEight.Connector.Admin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Privacy;

/// <summary>One customer's data, for who answers for them. They are mapped into the authenticated admin API.</summary>
internal sealed class CustomerRoutes(
    Customers customers, ProfileUse profiles, CustomerExport export, CustomerErasure erasure, AuditTrail audit)
{
    /// <summary>A caller waits no longer; the sweep does the rest.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/customers/{id}/export", (Delegate)((HttpContext http) => Of(http).ExportAsync(http))).WithTags("Customers")
            .WithSummary("All that rests of a customer, as JSON Lines; {id} is 8x8's userId. ?tenant=, ?channel= and ?endpoint= narrow it.")
            .Produces<string>(200, "application/x-ndjson").Refuses(404, 409);
        api.MapDelete("/customers/{id}", (Delegate)((HttpContext http) => Of(http).EraseAsync(http))).WithTags("Customers")
            .WithSummary("Erases a customer and answers a receipt; 202: not finished, the sweep goes on.")
            .Produces<ErasureReceipt>().Produces<ErasureReceipt>(202).Refuses(409);
        api.MapGet("/erasures/{id}", (Delegate)((HttpContext http) => Of(http).FindAsync(http))).WithTags("Customers")
            .WithSummary("The receipt of an erasure.").Produces<ErasureReceipt>().Refuses(404);
    }

    private async Task ExportAsync(HttpContext http)
    {
        var filter = Filter(http);
        var traces = await (await TracesAsync(http)).ToAsyncEnumerable().Where(async (trace, cancellation) => trace.Key is not null
            || !await profiles.IsElsewhereAsync(Customers.PartitionOf(Id(http)), trace.Tenant, trace.Channel, filter.Endpoint, cancellation))
            .ToListAsync(http.RequestAborted);
        if (traces.Count == 0) throw AdminException.NotFound("customer", Id(http));
        // Who a customer is must not outlive the customer in the audit.
        await audit.AddAsync(http, "customer.export", $"{traces.Count} entries", []);
        http.Response.ContentType = "application/x-ndjson; charset=utf-8";
        await foreach (var line in export.LinesAsync(traces, http.RequestAborted))
            await http.Response.WriteAsync(line.ToJsonString() + "\n", Encoding.UTF8, http.RequestAborted);
    }

    private async Task<IResult> EraseAsync(HttpContext http)
    {
        await TracesAsync(http);
        var receipt = await erasure.BeginAsync(Customers.PartitionOf(Id(http)), Filter(http), http.RequestAborted);
        await audit.AddAsync(http, "customer.erase", receipt.Id, []);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(Patience);
        try
        {
            receipt = await erasure.RunAsync(receipt.Id, limit.Token) ?? receipt;
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            // The sweep goes on.
        }

        return AdminRequest.Answer(receipt, ErasureJson.Default.ErasureReceipt, receipt.FinishedAt is null ? 202 : 200);
    }

    private async Task<IResult> FindAsync(HttpContext http) =>
        await erasure.FindAsync((string)http.Request.RouteValues["id"]!, http.RequestAborted) is { } receipt
            ? AdminRequest.Answer(receipt, ErasureJson.Default.ErasureReceipt)
            : throw AdminException.NotFound("erasure", (string)http.Request.RouteValues["id"]!);

    /// <exception cref="AdminException">409: several customers have that id, in different tenants or channels.</exception>
    private async Task<IReadOnlyList<CustomerTrace>> TracesAsync(HttpContext http)
    {
        var filter = Filter(http);
        var traces = await customers.FindAsync(Customers.PartitionOf(Id(http)), http.RequestAborted).Where(filter.Takes)
            .ToListAsync(http.RequestAborted);
        var who = traces.Select(trace => (trace.Tenant, trace.Channel)).Distinct().ToList();
        if (who.Count <= 1) return traces;
        var choices = string.Join("; ", who.Select(one => $"tenant={Shown(one.Tenant)}&channel={Shown(one.Channel)}"));
        throw new AdminException(409, "Several customers", $"Several customers have this id: say which by {choices}.");
    }

    private static string Shown(string escaped) => Uri.EscapeDataString(escaped);

    private static CustomerFilter Filter(HttpContext http)
    {
        string? Of(string name) => http.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;
        return new(Of("tenant"), Of("channel"), Of("endpoint"));
    }

    /// <summary>Servers decode a path but for its encoded slashes, and an id of 8x8 may hold one.</summary>
    private static string Id(HttpContext http) =>
        ((string)http.Request.RouteValues["id"]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static CustomerRoutes Of(HttpContext http) => http.RequestServices.GetRequiredService<CustomerRoutes>();
}
