using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector;

namespace EightByEight.Functions.Tests.Infrastructure;

public sealed partial class DocumentationTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Every_route_that_the_documents_name_exists()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var api = await connector.Admin.GetFromJsonAsync<JsonObject>("/api/openapi.json", TestContext.Current.CancellationToken);
        var routes = api!["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => (Method: operation.Key.ToUpperInvariant(), Segments: path.Key.Split('/'))))
            .Append(("GET", ["", "api", "openapi.json"]))
            .ToList();

        var named = Repository.Files("*.md").Where(file => file == "README.md" || file.StartsWith("docs/", StringComparison.Ordinal))
            .SelectMany(file => Route().Matches(Repository.Read(file)).Select(match => (File: file, match.Groups["method"].Value, Path: match.Groups["path"].Value)))
            .ToList();

        Assert.Contains(named, name => name.Value == "DELETE" && name.Path == "/api/parked/{id}");
        Assert.DoesNotContain(named, name => !routes.Any(route =>
            (name.Value.Length == 0 || name.Value == route.Method) && IsSame(name.Path.Split('/'), route.Segments)));
    }

    [Fact]
    public void Every_section_of_the_configuration_is_told_to_operators()
    {
        var page = Repository.Read("docs/operations.md");
        var sections = typeof(ConnectorOptions).Assembly.GetTypes()
            .Select(type => type.GetField("Section", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)?.GetValue(null))
            .OfType<string>().Where(section => section.StartsWith("Connector:", StringComparison.Ordinal)).ToList();

        Assert.Contains("Connector:Translation", sections);
        Assert.DoesNotContain(sections, section => !page.Contains($"`{section}:…`", StringComparison.Ordinal));
    }

    /// <summary>A parameter stands for any name that a document gives as its example.</summary>
    private static bool IsSame(string[] named, string[] route) =>
        named.Length == route.Length && named.Zip(route).All(pair => pair.First == pair.Second || pair.Second.StartsWith('{'));

    /// <summary>Such as <c>GET /api/parked</c> or, in a command, <c>-X PUT "$URL/api/flows/welcome"</c>. What ends in an ellipsis names no route.</summary>
    [GeneratedRegex("""(?<method>\b(?:GET|POST|PUT|PATCH|DELETE)\b)?[ "]{0,2}(?:\$URL|https?://[^/\s]+)?(?<path>/api(?:/[\w{}$.-]*[\w}])+)(?![\w/…])""")]
    private static partial Regex Route();
}
