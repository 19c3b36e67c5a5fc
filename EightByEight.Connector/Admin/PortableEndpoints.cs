using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Admin;

/// <summary>A Flow in an exported file.</summary>
internal sealed record PortableFlow(string Name, string ContentType, string Document);

/// <summary>An Endpoint as a file: its settings, its Flow and what that calls; never a secret.</summary>
/// <param name="Format">What this is, with the version of the format.</param>
/// <param name="Settings">As in the admin API.</param>
/// <param name="Flows">The Endpoint's own first.</param>
/// <param name="Secrets">The JSON paths of secrets that were set, and are to be set again.</param>
internal sealed record PortableEndpoint(string Format, JsonObject Settings, IReadOnlyList<PortableFlow> Flows, IReadOnlyList<string> Secrets)
{
    public const string CurrentFormat = "8x8-connector-endpoint/1";
}

/// <summary>What an import made.</summary>
/// <param name="Endpoint">The id of the new Endpoint.</param>
/// <param name="Report">Each member that was not simply taken, or all of a file of Cognigy's.</param>
internal sealed record ImportResult(string Endpoint, IReadOnlyList<ImportLine> Report);

/// <summary>Endpoints go from one installation to another, or come from Cognigy.</summary>
internal sealed class PortableEndpoints(EndpointStore store, SettingsBody bodies, FlowStore flows, FlowDirectory directory, CompileFlow compile)
{
    private const int MostFlows = 100;

    /// <summary>The file of an Endpoint.</summary>
    public async Task<PortableEndpoint> ExportAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        var files = new List<PortableFlow>();
        var open = new Queue<string>([endpoint.Settings.Flow]);
        while (open.TryDequeue(out var name))
        {
            if (files.Any(file => file.Name == name)) continue;
            var read = name == endpoint.Settings.Flow && endpoint.Settings.FlowVersion is { } version
                ? await flows.ReadVersionAsync(name, version, cancellation)
                : await flows.ReadAsync(name, cancellation);
            if (read is not var (flow, document)) continue;
            files.Add(new(name, flow.ContentType, document));
            foreach (var called in compile(document, isStored: true).Calls) open.Enqueue(called);
        }

        return new(PortableEndpoint.CurrentFormat,
            JsonSerializer.SerializeToNode(endpoint.Settings, EndpointJson.Default.EndpointSettings)!.AsObject(),
            files, [.. endpoint.ProtectedSecrets.Keys.Order(StringComparer.Ordinal)]);
    }

    /// <summary>Makes an Endpoint of a file: nothing is stored unless all of it is right.</summary>
    /// <param name="name">Of the new Endpoint; null: as in the file.</param>
    /// <param name="flow">The Flow that it runs; null: as in the file.</param>
    /// <param name="existing">What becomes of a Flow that is stored already and differs: <c>keep</c>, <c>replace</c>; null: a conflict.</param>
    /// <exception cref="AdminException">400 or 409: the file cannot be imported.</exception>
    /// <exception cref="BodyException">Its settings are not right.</exception>
    public async Task<(Endpoint Endpoint, IReadOnlyList<ImportLine> Report)> ImportAsync(
        JsonElement file, string? name, string? flow, string? existing, CancellationToken cancellation)
    {
        if (existing is not (null or "keep" or "replace"))
            throw new AdminException(400, "Bad query", "'existing' is keep or replace: what becomes of a stored Flow that differs.");
        var report = new List<ImportLine>();
        var isCognigys = CognigyEndpoint.IsOne(file);
        var settings = isCognigys ? CognigyEndpoint.Read(file, AllSettings(), report) : SettingsOf(file, report);
        if (name is not null) settings["name"] = name;
        if (flow is not null) settings["flow"] = flow;
        if (isCognigys && flow is null)
            throw new AdminException(400, "No Flow", "A Flow of Cognigy cannot be imported: name a stored one with ?flow=.");
        // One that runs another Flow needs none of the file's.
        var needsThem = !isCognigys && (flow is null || NamesOf(file).Contains(flow));
        var carried = needsThem ? await CarriedAsync(file, existing, cancellation) : [];
        var change = await ChangeOfAsync(settings, carried, isCognigys ? report : null, cancellation);
        // It takes the name before any Flow is changed that others run.
        var endpoint = await store.CreateAsync(change, cancellation);
        try
        {
            foreach (var one in carried)
            {
                await flows.PutAsync(one.Name, one.Document, one.ContentType, _ => true, cancellation);
                directory.Drop(one.Name);
            }
        }
        catch
        {
            // Whoever gave up, the name is free for the next try.
            await store.DeleteAsync(endpoint.Id, _ => true, CancellationToken.None);
            throw;
        }

        return (endpoint, report);
    }

    /// <param name="leftOut">Is told what is left out because it is refused; null: nothing is.</param>
    private async Task<EndpointChange> ChangeOfAsync(
        JsonObject settings, IReadOnlyList<PortableFlow> carried, List<ImportLine>? leftOut, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                // Its secrets are still to be set, as the report says.
                return await bodies.ReadAsync(
                    JsonElement.Parse(settings.ToJsonString()), EndpointSecrets.All, cancellation, [.. carried.Select(one => one.Name)]);
            }
            catch (BodyException refused) when (leftOut is not null && CognigyEndpoint.LeaveOut(refused.Problems, settings, leftOut))
            {
                // The rest may be right.
            }
        }
    }

    private static JsonObject SettingsOf(JsonElement file, List<ImportLine> report)
    {
        if (file.ValueKind != JsonValueKind.Object || file.Text("format") != PortableEndpoint.CurrentFormat
            || file.Member("settings").ValueKind != JsonValueKind.Object)
            throw new AdminException(400, "Not an Endpoint",
                $"This is neither an export of an Endpoint (format {PortableEndpoint.CurrentFormat}) nor an Endpoint of Cognigy.");
        var settings = JsonNode.Parse(file.Member("settings").GetRawText())!.AsObject();
        if (settings["flowVersion"] is not null)
        {
            settings.Remove("flowVersion");
            report.Add(new("settings.flowVersion", null, "Versions are numbered anew: the Endpoint runs the newest."));
        }

        if (file.Member("secrets") is { ValueKind: JsonValueKind.Array } secrets)
            report.AddRange(secrets.EnumerateArray().Select(secret => new ImportLine($"settings.{secret}", null, "Secrets are not exported: set it again.")));
        return settings;
    }

    private static IEnumerable<string?> NamesOf(JsonElement file) =>
        file.Member("flows") is { ValueKind: JsonValueKind.Array } flows ? flows.EnumerateArray().Select(one => one.Text("name")) : [];

    /// <summary>The Flows of a file that are to be stored.</summary>
    private async Task<IReadOnlyList<PortableFlow>> CarriedAsync(JsonElement file, string? existing, CancellationToken cancellation)
    {
        var carried = new List<PortableFlow>();
        if (file.Member("flows") is not { ValueKind: JsonValueKind.Array } list) return carried;
        if (list.GetArrayLength() is > MostFlows and var count)
            throw new AdminException(400, "Too many Flows", $"The file has {count} Flows, and {MostFlows} can be imported at once: store the others with PUT /api/flows/{{name}}, and leave them out of it.");
        var names = new HashSet<string>();
        foreach (var item in list.EnumerateArray())
        {
            if (item.Text("name") is not { } name || item.Text("document") is not { } document)
                throw new AdminException(400, "Not an Endpoint", "Each of 'flows' has a name and a document.");
            if (!names.Add(name)) throw new AdminException(400, "Not an Endpoint", $"The Flow {name} is given twice.");
            if (Encoding.UTF8.GetByteCount(document) > FlowStore.MostBytes)
                throw new AdminException(413, "Too large", $"The Flow {name} has more than {FlowStore.MostBytes} bytes.");
            if (compile(document).Name != name)
                throw new AdminException(400, "Another name", $"The document of the Flow {name} has another name.");
            var stored = await flows.ReadAsync(name, cancellation);
            if (stored?.Document == document || (stored is not null && existing == "keep")) continue;
            if (stored is not null && existing != "replace")
                throw new AdminException(409, "Flow exists",
                    $"Another Flow {name} is stored. Import with ?existing=keep to run that one, or with ?existing=replace to store this one as its newest version.");
            carried.Add(new(name, item.Text("contentType") == "application/json" ? "application/json" : "application/yaml", document));
        }

        return carried;
    }

    /// <summary>Settings with all their members, to see which there are; secrets are told by <see cref="EndpointSecrets"/>.</summary>
    private static JsonObject AllSettings() => JsonSerializer.SerializeToNode(
        new EndpointSettings { Name = "", Flow = "", EightByEight = new() { TenantId = "" } }, EndpointJson.Default.EndpointSettings)!.AsObject();
}
