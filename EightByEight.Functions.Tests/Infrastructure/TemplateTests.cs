using System.Diagnostics;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>What the compiled infrastructure promises, whatever the Bicep files look like.</summary>
public sealed class TemplateTests(CompiledTemplate template) : IClassFixture<CompiledTemplate>
{
    [Fact]
    public void The_storage_account_takes_no_shared_keys_and_shows_nothing_to_the_public()
    {
        var account = template.Only("Microsoft.Storage/storageAccounts")["properties"]!;

        Assert.False((bool)account["allowSharedKeyAccess"]!);
        Assert.False((bool)account["allowBlobPublicAccess"]!);
    }

    [Fact]
    public void An_instance_has_512_MB() => Assert.Equal(512, (int)template.Main["parameters"]!["instanceMemoryMB"]!["defaultValue"]!);

    [Theory]
    [InlineData("dev", 0)]
    [InlineData("prod", 1)]
    public void Instances_of_HTTP_and_of_the_queue_function_are_kept_warm_as_the_environment_says(string environment, int instances)
    {
        var scale = template.Only("Microsoft.Web/sites")["properties"]!["functionAppConfig"]!["scaleAndConcurrency"]!;

        Assert.Contains("'name', 'http', 'instanceCount', parameters('alwaysReadyInstances')", (string)scale["alwaysReady"]!, StringComparison.Ordinal);
        Assert.Contains(
            "'name', 'function:ProcessConversation', 'instanceCount', parameters('alwaysReadyInstances')", (string)scale["alwaysReady"]!,
            StringComparison.Ordinal);
        Assert.Equal(instances, (int)template.Parameters(environment)["alwaysReadyInstances"]!["value"]!);
    }

    [Fact]
    public void The_app_signs_in_to_storage_with_its_identity()
    {
        var settings = template.Variables.Select(v => (string?)v["settings"]).Single(text => text is not null)!;

        Assert.Contains("'AzureWebJobsStorage__credential', 'managedidentity'", settings, StringComparison.Ordinal);
        Assert.DoesNotContain("'AzureWebJobsStorage',", settings, StringComparison.Ordinal);
    }

    [Fact]
    public void No_template_holds_or_asks_for_a_key()
    {
        var all = string.Concat(template.Texts);

        Assert.All(["AccountKey=", "SharedAccessSignature", "listKeys(", "listAccountSas(", "listServiceSas("],
            word => Assert.DoesNotContain(word, all, StringComparison.OrdinalIgnoreCase));
        // The admin keys are references to the vault.
        Assert.Contains("'Connector__AdminKey', format('@Microsoft.KeyVault(", all, StringComparison.Ordinal);
        Assert.Contains("'Connector__AdminKeyNext', format('@Microsoft.KeyVault(", all, StringComparison.Ordinal);
    }

    [Fact]
    public void Telemetry_and_deployments_need_Entra()
    {
        Assert.True((bool)template.Only("Microsoft.Insights/components")["properties"]!["DisableLocalAuth"]!);
        Assert.True((bool)template.Only("Microsoft.OperationalInsights/workspaces")["properties"]!["features"]!["disableLocalAuth"]!);
        Assert.Equal([false, false],
            template.All("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Select(policy => (bool)policy["properties"]!["allow"]!));
    }

    [Fact]
    public void The_identity_has_these_roles_and_no_other()
    {
        var roles = template.All("Microsoft.Authorization/roleAssignments")
            .Select(role => (string)role["properties"]!["roleDefinitionId"]!)
            .SelectMany(id => id switch
            {
                _ when id.Contains("variables('roles')", StringComparison.Ordinal) => Variable("roles"),
                _ when id.Contains("variables('makerRoles')", StringComparison.Ordinal) => Variable("makerRoles"),
                _ => [id.Split('\'')[3]],
            });

        Assert.Equal(
            new[]
            {
                "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", // Storage Blob Data Owner
                "974c5e8b-45b9-4653-ba55-5f855dd0fb88", // Storage Queue Data Contributor
                "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", // Storage Table Data Contributor
                "4633458b-17de-408a-b874-0445c86b69e6", // Key Vault Secrets User
                "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", // Key Vault Secrets Officer, the deployer's
                "a4417e6f-fecd-4de8-b567-7b0420556985", // Key Vault Certificates Officer, the deployer's
                "3913510d-42f4-4e42-8a64-420c390055eb", // Monitoring Metrics Publisher
            }.Order(),
            roles.Order());
    }

    [Fact]
    public void The_alert_on_refused_signatures_counts_those_and_not_every_refusal()
    {
        var rules = template.Variables.Select(v => v["rules"]).Single(rules => rules is not null)!.AsArray();

        var refused = Assert.Single(rules, rule => (string)rule!["metric"]! == "eightbyeight.webhook.refused")!;
        Assert.Equal("""| where tostring(Properties.status) == "401" """, (string)refused["filter"]!);
        Assert.Contains("variables('rules')[copyIndex()].filter",
            (string)template.Only("Microsoft.Insights/scheduledQueryRules")["properties"]!["criteria"]!["allOf"]![0]!["query"]!, StringComparison.Ordinal);
    }

    private IEnumerable<string> Variable(string name) =>
        template.Variables.Select(v => v[name]).Single(value => value is not null)!.AsArray().Select(value => (string)value!);
}

/// <summary>The JSON that infra/build.sh writes.</summary>
public sealed class CompiledTemplate : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("infra");
    private readonly List<JsonObject> _objects = [];

    public JsonObject Main { get; private set; } = [];

    public IEnumerable<string> Texts => _folder.GetFiles("*.json").Select(file => File.ReadAllText(file.FullName));

    /// <summary>Of the main template and of each module.</summary>
    public IEnumerable<JsonObject> Variables => _objects.Where(o => o["$schema"] is not null).Select(o => o["variables"]).OfType<JsonObject>();

    public IReadOnlyList<JsonObject> All(string type) =>
        [.. _objects.Where(o => o["apiVersion"] is not null && o["type"] is JsonValue value && (string?)value == type)];

    public JsonObject Only(string type) => Assert.Single(All(type));

    public JsonObject Parameters(string environment) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(_folder.FullName, $"{environment}.parameters.json")))!["parameters"]!.AsObject();

    public async ValueTask InitializeAsync()
    {
        using var build = Process.Start(new ProcessStartInfo("bash", [Path.Combine(Repository.Root, "infra", "build.sh"), _folder.FullName])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = build.StandardError.ReadToEndAsync();
        await build.StandardOutput.ReadToEndAsync();
        await build.WaitForExitAsync();
        Assert.True(build.ExitCode == 0, await errors);
        Main = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "main.json")))!.AsObject();
        Collect(Main);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private void Collect(JsonNode? node)
    {
        if (node is JsonObject o) _objects.Add(o);
        IEnumerable<JsonNode?> inner = node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray items => items,
            _ => [],
        };
        foreach (var next in inner) Collect(next);
    }
}
