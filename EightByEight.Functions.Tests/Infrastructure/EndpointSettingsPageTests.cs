using System.Net;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Endpoints;
using EightByEight.Functions.Tests.Admin;

namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>The page of all settings is true.</summary>
public sealed partial class EndpointSettingsPageTests(AzuriteFixture azurite)
{
    private static readonly string Page = Repository.Read("docs/endpoint-settings.md");

    [Fact]
    public void Every_test_that_the_table_names_exists()
    {
        var tests = typeof(EndpointSettingsPageTests).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttribute<FactAttribute>() is not null).Select(method => method.Name).ToHashSet();
        var named = TestName().Matches(Page[Page.IndexOf("## What Cognigy", StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value).ToArray();

        Assert.True(named.Length > 30);
        Assert.DoesNotContain(named, name => !tests.Contains(name));
    }

    [Fact]
    public void Each_row_that_works_or_differs_names_a_test()
    {
        var rows = Page[Page.IndexOf("## What Cognigy", StringComparison.Ordinal)..].Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Skip(2).ToArray();

        Assert.True(rows.Length > 80);
        Assert.All(rows, row => Assert.True(
            TestName().IsMatch(row) || row.Contains("| not offered", StringComparison.Ordinal) || row.Contains("| not yet", StringComparison.Ordinal), row));
    }

    [Theory]
    [InlineData("The Endpoint itself")]
    [InlineData("eightByEight")]
    [InlineData("session")]
    [InlineData("content")]
    [InlineData("handover")]
    [InlineData("translation")]
    [InlineData("llm")]
    [InlineData("inject")]
    [InlineData("test")]
    [InlineData("dataProtection")]
    [InlineData("transformers")]
    [InlineData("nlu")]
    [InlineData("fileStorage")]
    public void Every_setting_stands_on_the_page_with_its_default(string part)
    {
        var all = JsonSerializer.SerializeToNode(
            new EndpointSettings { Name = "", Flow = "", EightByEight = new(), Nlu = new() { TimeoutSeconds = 5 } }, EndpointJson.Default.EndpointSettings)!.AsObject();
        var settings = part == Itself
            ? new JsonObject(all.Where(member => member.Value is not JsonObject).Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())))
            : all[part]!.AsObject();
        var section = Section(part);

        Assert.All(Leaves("", settings), leaf =>
        {
            var row = Assert.Single(section.Split('\n'), line =>
                line.StartsWith($"| `{leaf.Path}` |", StringComparison.Ordinal) || line.StartsWith($"| `{part}.{leaf.Path}` |", StringComparison.Ordinal));
            if (leaf.Default is not null) Assert.Contains(leaf.Default, row, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_secret_stands_on_the_page()
    {
        Assert.All(EndpointSecrets.All, secret =>
        {
            var (part, path) = (secret[..secret.IndexOf('.', StringComparison.Ordinal)], secret[(secret.IndexOf('.', StringComparison.Ordinal) + 1)..]);
            Assert.Single(Section(part).Split('\n'), line =>
                line.StartsWith($"| `{path}` |", StringComparison.Ordinal) || line.StartsWith($"| `{secret}` |", StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData("The Endpoint itself")]
    [InlineData("eightByEight")]
    [InlineData("session")]
    [InlineData("content")]
    [InlineData("handover")]
    [InlineData("dataProtection")]
    [InlineData("transformers")]
    [InlineData("translation")]
    [InlineData("nlu")]
    [InlineData("llm")]
    [InlineData("inject")]
    [InlineData("fileStorage")]
    public async Task Each_part_has_an_example_that_is_taken_as_it_stands(string part)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        (await server.SendAsync("PUT", "/api/flows/welcome", "name: welcome\nstart: [ stop ]", type: "application/yaml")).Is(HttpStatusCode.Created);
        var made = await server.SendAsync("POST", "/api/endpoints", """{ "name": "Page", "flow": "welcome", "eightByEight": {} }""");
        var examples = Example().Matches(Section(part)).Select(match => match.Groups[1].Value.Trim()).ToList();

        Assert.NotEmpty(examples);
        foreach (var example in examples)
            (await server.SendAsync("PATCH", $"/api/endpoints/{made.Json.GetProperty("id").GetString()}",
                example.StartsWith('{') ? example : $"{{{example}}}", type: "application/merge-patch+json")).Is(HttpStatusCode.OK);
    }

    private const string Itself = "The Endpoint itself";

    /// <summary>Other parts have members of the same name.</summary>
    private static string Section(string part) => Assert.Single(Page.Split("\n## "), one =>
        one.Split('\n')[0] is var heading && (heading == Itself ? part == Itself : heading.Contains($"`{part}`", StringComparison.Ordinal)));

    private static IEnumerable<(string Path, string? Default)> Leaves(string prefix, JsonObject node) => node.SelectMany(member =>
        member.Value is JsonObject { Count: > 0 } part ? Leaves($"{prefix}{member.Key}.", part)
        : [(prefix + member.Key, member.Value is JsonValue value ? value.ToString() : null)]);

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
