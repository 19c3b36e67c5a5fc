using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using EightByEight.DevHost;
using EightByEight.Functions.Tests.Infrastructure;
using Microsoft.Playwright;

namespace EightByEight.Functions.Tests.Development;

/// <summary>The one command that a newcomer runs.</summary>
public sealed class DevHostTests
{
    [Fact]
    public async Task A_newcomer_talks_to_the_demo_in_a_browser()
    {
        await using var browser = await Browser.StartAsync();
        await using var host = await RunningDevHost.StartAsync();
        var page = await browser.OpenAsync(host.SimulatorUrl);
        var customer = page.GetByTestId("customer-thread");

        await page.GetByTestId("start").ClickAsync();
        await Assertions.Expect(customer.GetByTestId("quick-reply").First).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Browser.ShootAsync(page, "demo");
        var said = await customer.Locator("[data-author=bot]").CountAsync();
        await customer.GetByTestId("quick-reply").First.ClickAsync();
        await Assertions.Expect(customer.Locator("[data-author=bot]").Nth(said)).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await page.GetByTestId("customer-text").FillAsync("I do not know");
        await page.GetByTestId("customer-send").ClickAsync();
        await Assertions.Expect(customer.Locator("[data-author=bot]").Nth(said + 1)).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Browser.ShootAsync(page, "demo-answer");

        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task What_it_prints_says_where_everything_is_and_what_to_try()
    {
        await using var host = await RunningDevHost.StartAsync();

        Assert.Contains(host.ConnectorUrl, host.Output, StringComparison.Ordinal);
        Assert.Contains(host.SimulatorUrl, host.Output, StringComparison.Ordinal);
        Assert.Contains("/webhooks/", host.Output, StringComparison.Ordinal);
        Assert.Contains("Try it", host.Output, StringComparison.Ordinal);
        Assert.InRange(host.Output.Split('\n').Length, 5, 20);
    }

    [Fact]
    public async Task Started_again_it_goes_on_with_the_same_Endpoint()
    {
        var data = Directory.CreateTempSubdirectory("devhost").FullName;
        string first;
        await using (var host = await RunningDevHost.StartAsync(data))
        {
            first = host.EndpointToken;
            Assert.Contains("Demo, runs flows/welcome.yaml", host.Output, StringComparison.Ordinal);
            using var admin = TestConnector.AdminOf(host.ConnectorUrl);
            admin.DefaultRequestHeaders.Authorization = new("Bearer", File.ReadAllText(Path.Combine(data, "admin-key")));
            await admin.PutAsync("/api/flows/mine", new StringContent("name: mine\nstart: [ say: Hi ]"), TestContext.Current.CancellationToken);
            var endpoints = (await admin.GetFromJsonAsync<System.Text.Json.Nodes.JsonObject>("/api/endpoints", TestContext.Current.CancellationToken))!;
            await admin.PatchAsJsonAsync($"/api/endpoints/{endpoints["items"]![0]!["id"]}", new { flow = "mine" }, TestContext.Current.CancellationToken);
            await host.StopAsync();
        }

        await using var again = await RunningDevHost.StartAsync(data);

        Assert.Equal(first, again.EndpointToken);
        Assert.Contains("Demo, runs the Flow mine", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_user_sets_wins_over_what_is_set_for_development()
    {
        // Nothing that other tests, which run at the same time, would mind.
        const string Hosts = "*.8x8.com,127.0.0.1,localhost,[::1],mine.example.com";
        const string Name = "Connector__AllowedGatewayHosts";
        string? seen = null;
        Environment.SetEnvironmentVariable(Name, Hosts);
        try
        {
            await Assert.ThrowsAsync<OperationCanceledException>(() => ConnectorHost.StartAsync("http://127.0.0.1:0", "none", "none", builder =>
            {
                seen = builder.Configuration["Connector:AllowedGatewayHosts"];
                throw new OperationCanceledException();
            }));
        }
        finally
        {
            Environment.SetEnvironmentVariable(Name, null);
        }

        Assert.Equal(Hosts, seen);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("KILL")]
    public async Task However_it_ends_it_leaves_no_process_behind(string signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Looks at /proc.");
        await using var host = await RunningDevHost.StartAsync();
        var children = ChildrenOf(host.ProcessId);
        Assert.NotEmpty(children);

        using (var kill = Process.Start("kill", [$"-{signal}", host.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)])!)
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        await host.EndedAsync();

        await Eventually.GetAsync(() => children.Count(IsRunning), left => left == 0, "an end of all child processes");
    }

    [Theory]
    [InlineData(null, "Node.js was not found.")]
    [InlineData("v18.20.4", "Node.js v18.20.4 is too old.")]
    public async Task Without_a_Node_that_will_do_it_says_what_to_do(string? version, string told)
    {
        Assert.SkipWhen(version is not null && OperatingSystem.IsWindows(), "The Node that pretends is a shell script.");
        var path = Directory.CreateTempSubdirectory("nothing").FullName;
        if (version is not null) Executable.Write(Path.Combine(path, "node"), $"echo {version}");
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        var start = new ProcessStartInfo(dotnet, [typeof(ConnectorHost).Assembly.Location, "--data", Directory.CreateTempSubdirectory("devhost").FullName])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PATH"] = path;
        using var host = Process.Start(start)!;

        var said = await host.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await host.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, host.ExitCode);
        Assert.StartsWith(told, said, StringComparison.Ordinal);
        Assert.Contains("Node.js 20 or newer", said, StringComparison.Ordinal);
        Assert.Contains("--storage", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--nonsense", "There is no flag '--nonsense'")]
    [InlineData("--urls", "needs a value")]
    [InlineData("--urls=nonsense", "is no URL")]
    public void A_wrong_flag_is_told_with_the_usage(string flag, string said)
    {
        var wrong = Assert.Throws<DevHostException>(() => DevHostOptions.Parse([flag]));

        Assert.Contains(said, wrong.Message, StringComparison.Ordinal);
    }

    private static List<int> ChildrenOf(int parent) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(n => int.Parse(n!, System.Globalization.CultureInfo.InvariantCulture))
            .Where(id => ParentOf(id) == parent)];

    private static int ParentOf(int id)
    {
        try
        {
            // The name, in parentheses, may hold anything: the parent is the second field behind it.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }

    private static bool IsRunning(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
