using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>azure-pipelines.yml, with its templates filled in as Azure DevOps does.</summary>
public sealed partial class PipelineTests(AzuriteFixture azurite)
{
    private static readonly IReadOnlyList<YamlMappingNode> s_stages = [.. Stages()];

    [Fact]
    public void Each_stage_waits_for_the_one_before_and_each_deployment_is_shown_first()
    {
        string[] inOrder = ["build", "preview_dev", "dev", "preview_prod", "prod"];

        Assert.Equal(inOrder, s_stages.Select(stage => Text(stage, "stage")));
        Assert.Equal(inOrder[..^1], s_stages.Skip(1).Select(stage => Text(stage, "dependsOn")));
    }

    [Fact]
    public void Each_deployment_goes_to_an_environment_on_which_approvals_can_be_set()
    {
        var deployments = s_stages.ToDictionary(
            stage => Text(stage, "stage"),
            stage => Items(stage, "jobs").Where(job => job.Children.ContainsKey("deployment")).Select(job => Text(job, "environment")).SingleOrDefault());

        Assert.Equal(
            [("build", null), ("preview_dev", null), ("dev", "eightbyeight-dev"), ("preview_prod", null), ("prod", "eightbyeight-prod")],
            deployments.Select(deployment => (deployment.Key, deployment.Value)));
    }

    [Fact]
    public void Only_main_is_deployed() => Assert.All(s_stages.Skip(1), stage =>
        Assert.Equal("and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))", Text(stage, "condition")));

    [Fact]
    public async Task The_smoke_test_asks_for_a_route_that_there_is()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var api = await connector.Admin.GetFromJsonAsync<JsonObject>("/api/openapi.json", TestContext.Current.CancellationToken);

        var asked = s_stages.SelectMany(Scalars).SelectMany(text => SmokeTest().Matches(text)).Select(match => match.Groups[1].Value).Distinct();

        Assert.Equal("/health/ready", Assert.Single(asked));
        Assert.NotNull(api!["paths"]!["/health/ready"]?["get"]);
    }

    [Fact]
    public void What_the_Worker_SDK_generates_is_built_by_its_own_rules()
    {
        var publish = Assert.Single(s_stages.SelectMany(Scalars), text => text.Contains("--configuration Azure", StringComparison.Ordinal)
            && text.Contains("dotnet publish", StringComparison.Ordinal));
        Assert.DoesNotContain(publish.Split('\n'), line => !line.TrimStart().StartsWith('#') && line.Contains("warnaserror", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void No_secret_is_written_down()
    {
        Assert.DoesNotContain(s_stages.SelectMany(Names), name => SecretName().IsMatch(name));
        Assert.DoesNotContain(s_stages.SelectMany(Scalars), text => LooksLikeAKey().IsMatch(text));
    }

    private static IEnumerable<YamlMappingNode> Stages()
    {
        foreach (var entry in Items(Load(Repository.Read("azure-pipelines.yml")), "stages"))
        {
            if (!entry.Children.ContainsKey("template"))
            {
                yield return entry;
                continue;
            }

            var template = Repository.Read(Text(entry, "template"));
            foreach (var (name, value) in ((YamlMappingNode)entry["parameters"]).Children)
                template = template.Replace($$$"""${{ parameters.{{{name}}} }}""", value.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("${{", template, StringComparison.Ordinal);
            foreach (var stage in Items(Load(template), "stages")) yield return stage;
        }
    }

    private static YamlMappingNode Load(string text)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return (YamlMappingNode)yaml.Documents.Single().RootNode;
    }

    private static string Text(YamlMappingNode node, string name) => ((YamlScalarNode)node[name]).Value!;

    private static IEnumerable<YamlMappingNode> Items(YamlMappingNode node, string name) => ((YamlSequenceNode)node[name]).Cast<YamlMappingNode>();

    private static IEnumerable<string> Scalars(YamlNode node) => node.AllNodes.OfType<YamlScalarNode>().Select(scalar => scalar.Value ?? "");

    private static IEnumerable<string> Names(YamlNode node) =>
        node.AllNodes.OfType<YamlMappingNode>().SelectMany(mapping => mapping.Children.Keys).Select(name => name.ToString());

    [GeneratedRegex(@"--max-time \d+ ""\$URL(/[\w/]+)""")]
    private static partial Regex SmokeTest();

    [GeneratedRegex("password|secret|token|credential|(api|admin|account|access)_?key|connection_?string", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    /// <summary>32 hexadecimal digits or 40 of Base64 in a row, with a digit and both cases.</summary>
    [GeneratedRegex(@"\b[0-9a-f]{32,}\b|(?<![\w/+.])(?=[\w/+]*[0-9])(?=[\w/+]*[A-Z])(?=[\w/+]*[a-z])[A-Za-z0-9/+]{40,}={0,2}")]
    private static partial Regex LooksLikeAKey();
}
