using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>The page of all settings is true.</summary>
public sealed partial class EndpointSettingsPageTests
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
    [InlineData("eightByEight")]
    [InlineData("session")]
    [InlineData("content")]
    [InlineData("handover")]
    [InlineData("translation")]
    [InlineData("llm")]
    [InlineData("inject")]
    [InlineData("test")]
    [InlineData("dataProtection")]
    public void Every_setting_stands_on_the_page_with_its_default(string part)
    {
        var settings = JsonSerializer.SerializeToNode(
            new EndpointSettings { Name = "", Flow = "", EightByEight = new() }, EndpointJson.Default.EndpointSettings)![part]!.AsObject();

        // Other parts have members of the same name.
        var section = Assert.Single(Page.Split("\n## "), one => one.Split('\n')[0].Contains($"`{part}`", StringComparison.Ordinal));

        Assert.All(Leaves("", settings), leaf =>
        {
            var row = Assert.Single(section.Split('\n'), line =>
                line.StartsWith($"| `{leaf.Path}` |", StringComparison.Ordinal) || line.StartsWith($"| `{part}.{leaf.Path}` |", StringComparison.Ordinal));
            if (leaf.Default is not null) Assert.Contains(leaf.Default, row, StringComparison.Ordinal);
        });
    }

    private static IEnumerable<(string Path, string? Default)> Leaves(string prefix, JsonObject node) => node.SelectMany(member =>
        member.Value is JsonObject { Count: > 0 } part ? Leaves($"{prefix}{member.Key}.", part)
        : [(prefix + member.Key, member.Value is JsonValue value ? value.ToString() : null)]);

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
