using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using EightByEight.Connector;
using EightByEight.Functions.Tests.ChatGateway;
using Microsoft.Extensions.Configuration;

namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>
/// EightByEight.Functions is not built on every feed, so what it must agree with is checked from its text.
/// </summary>
public sealed partial class FunctionsHostTests
{
    private static readonly JsonElement s_host = JsonDocument.Parse(Repository.Read("host.json")).RootElement;

    private static string Source => string.Concat(Repository.Files("*.cs")
        .Where(file => file.StartsWith("EightByEight.Functions/", StringComparison.Ordinal)).Select(Repository.Read));

    [Fact]
    public void Routes_have_no_prefix() =>
        Assert.Equal("", s_host.GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString());

    [Fact]
    public void The_extensions_come_from_the_app_and_not_from_a_bundle() =>
        Assert.False(s_host.TryGetProperty("extensionBundle", out _));

    [Fact]
    public void A_dying_process_does_not_park_innocent_conversations() =>
        Assert.Equal(20, s_host.GetProperty("extensions").GetProperty("queues").GetProperty("maxDequeueCount").GetInt32());

    [Fact]
    public void The_host_reads_messages_as_the_connector_writes_them() =>
        Assert.Equal("base64", s_host.GetProperty("extensions").GetProperty("queues").GetProperty("messageEncoding").GetString());

    [Theory]
    [InlineData("Host.Results")]
    [InlineData("Microsoft.Azure.WebJobs.Script.WebHost.Middleware.SystemTraceMiddleware")]
    [InlineData("Yarp")]
    public void What_records_request_URLs_is_off_because_they_hold_URL_tokens(string category) =>
        Assert.Equal("None", s_host.GetProperty("logging").GetProperty("logLevel").GetProperty(category).GetString());

    [Fact]
    public void The_host_collects_no_URLs_of_requests_and_of_calls_to_the_worker()
    {
        var insights = s_host.GetProperty("logging").GetProperty("applicationInsights");
        Assert.False(insights.GetProperty("enableDependencyTracking").GetBoolean());
        Assert.False(insights.GetProperty("enableLiveMetrics").GetBoolean());
        Assert.False(insights.GetProperty("httpAutoCollectionOptions")
            .GetProperty("enableHttpTriggerExtendedInfoCollection").GetBoolean());
    }

    [Fact]
    public void Each_first_path_segment_belongs_to_one_function_and_none_to_the_host()
    {
        var segments = RouteOfAnHttpTrigger().Matches(Source).Select(match => match.Groups[1].Value.Split('/')[0]).ToArray();
        Assert.Contains("webhooks", segments);
        Assert.Contains("api", segments);
        Assert.Contains("health", segments);
        Assert.Equal(segments.Distinct(), segments);
        Assert.DoesNotContain(segments, segment => segment.StartsWith('{') || segment is "admin" or "runtime");
        Assert.Equal(HttpTrigger().Count(Source), segments.Length);
    }

    [Fact]
    public void Queue_functions_listen_to_the_queues_that_the_connector_fills()
    {
        var settings = new Dictionary<string, string?> { ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true" };
        var storage = new ConnectorStorage(
            new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), StorageTimeouts.Work, []);

        var listening = QueueOfATrigger().Matches(Source).Select(match => match.Groups[1].Value);

        Assert.Equal(new[] { storage.WakeUps.Name, storage.PoisonedWakeUps.Name }.Order(), listening.Order());
        Assert.Equal($"{storage.WakeUps.Name}-poison", storage.PoisonedWakeUps.Name);
    }

    [Fact]
    public void The_function_that_is_kept_warm_exists()
    {
        var warm = WarmFunction().Match(Repository.Read("infra/modules/functionapp.bicep")).Groups[1].Value;
        Assert.Contains($"[Function(nameof({warm}))]", Source, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alerts_watch_metrics_that_there_are()
    {
        var measured = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == Telemetry.Name) measured.Add(instrument.Name);
            },
        };
        await using var connected = new Connected();
        _ = (Telemetry.Refused, connected.Client);
        listener.Start();

        var watched = MetricOfAnAlert().Matches(Repository.Read("infra/modules/alerts.bicep")).Select(match => match.Groups[1].Value).ToList();

        Assert.Equal(5, watched.Count);
        Assert.Subset(measured.ToHashSet(), watched.ToHashSet());
    }

    [Theory]
    [InlineData("../host.json", null, null)]
    [InlineData("../local.settings.json", "Never", "Exists('../local.settings.json')")]
    public void Both_settings_files_are_linked_into_the_output_and_the_local_one_is_never_published(
        string file, string? toPublish, string? condition)
    {
        var link = XDocument.Parse(Repository.Read("EightByEight.Functions/EightByEight.Functions.csproj"))
            .Descendants("None").Single(item => (string?)item.Attribute("Include") == file);

        Assert.Equal((Path.GetFileName(file), "PreserveNewest", toPublish, condition),
            ((string?)link.Attribute("Link"), (string?)link.Attribute("CopyToOutputDirectory"),
                (string?)link.Attribute("CopyToPublishDirectory"), (string?)link.Attribute("Condition")));
    }

    [Theory]
    [InlineData("Debug|*")]
    [InlineData("Release|*")]
    public void The_Functions_project_stays_out_of_a_build_that_some_feeds_cannot_do(string configuration)
    {
        var build = XDocument.Parse(Repository.Read("EightByEight.slnx")).Descendants("Project")
            .Single(project => (string?)project.Attribute("Path") == "EightByEight.Functions/EightByEight.Functions.csproj")
            .Elements("Build").Single(element => (string?)element.Attribute("Solution") == configuration);
        Assert.Equal("false", (string?)build.Attribute("Project"));
    }

    [Fact]
    public void Nothing_else_needs_the_packages_of_the_Functions_worker()
    {
        var offenders = Repository.Files("*.csproj")
            .Where(file => file != "EightByEight.Functions/EightByEight.Functions.csproj")
            .Where(file => XDocument.Parse(Repository.Read(file)).Descendants().Any(element =>
                element.Name.LocalName is "PackageReference" or "ProjectReference" &&
                ((string?)element.Attribute("Include") ?? "") is var include &&
                (include.StartsWith("Microsoft.Azure.Functions", StringComparison.OrdinalIgnoreCase) ||
                 include.EndsWith("EightByEight.Functions.csproj", StringComparison.OrdinalIgnoreCase))));
        Assert.Empty(offenders);
    }

    [Fact]
    public void The_sample_of_the_local_settings_starts_a_connector()
    {
        var values = JsonDocument.Parse(Repository.Read("local.settings.sample.json")).RootElement.GetProperty("Values");
        Assert.Equal("UseDevelopmentStorage=true", values.GetProperty("AzureWebJobsStorage").GetString());
        Assert.Equal("dotnet-isolated", values.GetProperty("FUNCTIONS_WORKER_RUNTIME").GetString());
        var known = typeof(ConnectorOptions).GetProperties().Select(property => $"Connector__{property.Name}");
        Assert.Subset(
            known.ToHashSet(),
            values.EnumerateObject().Select(value => value.Name).Where(name => name.StartsWith("Connector__", StringComparison.Ordinal)).ToHashSet());
    }

    [GeneratedRegex("""HttpTrigger\([^)]*Route = "([^"]*)"\)""")]
    private static partial Regex RouteOfAnHttpTrigger();

    [GeneratedRegex(@"\[HttpTrigger\(")]
    private static partial Regex HttpTrigger();

    [GeneratedRegex("""QueueTrigger\("([^"]*)"\)""")]
    private static partial Regex QueueOfATrigger();

    [GeneratedRegex("metric: '([a-z_.]+)'")]
    private static partial Regex MetricOfAnAlert();

    [GeneratedRegex("'function:([A-Za-z]+)'")]
    private static partial Regex WarmFunction();
}
