using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Admin;

/// <summary>Who would miss a Flow.</summary>
internal sealed class FlowUsers(EndpointStore endpoints, FlowDirectory directory)
{
    private readonly IFlows _flows = directory;

    /// <summary>
    /// The ids of the Endpoints that run a Flow, the names of Flows that call it, and the ids of the Endpoints for which they do: those
    /// that run one of them, or one that leads there.
    /// </summary>
    public async Task<(IReadOnlyList<string> Running, IReadOnlyList<string> Callers, IReadOnlyList<string> Calling)> OfAsync(
        string name, CancellationToken cancellation)
    {
        const int page = 1000;
        var running = new List<string>();
        var callers = new SortedSet<string>(StringComparer.Ordinal);
        var calling = new List<string>();
        // Another process may have stored one a moment ago.
        directory.DropAll();
        IReadOnlyList<Endpoint> found;
        for (string? after = null; ; after = found[^1].Id)
        {
            found = await endpoints.ListAsync(after, page, cancellation);
            foreach (var endpoint in found)
            {
                if (endpoint.Settings.Flow == name) running.Add(endpoint.Id);
                else if (await FlowAsync(endpoint.Settings, cancellation) is { } flow && flow.Called.ContainsKey(name))
                {
                    calling.Add(endpoint.Id);
                    callers.UnionWith(flow.Called.Values.Append(flow).Where(one => one.Calls.Contains(name)).Select(one => one.Name));
                }
            }

            if (found.Count < page) return (running, [.. callers], calling);
        }
    }

    private async Task<Flow?> FlowAsync(EndpointSettings settings, CancellationToken cancellation)
    {
        try
        {
            return await _flows.CurrentAsync(settings.Flow, settings.FlowVersion, cancellation);
        }
        catch (FlowFormatException)
        {
            // What does not run calls nothing.
            return null;
        }
    }
}
