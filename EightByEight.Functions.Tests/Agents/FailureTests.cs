using System.Net.Sockets;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>What becomes of an input that an agent does not take, or answers with nonsense.</summary>
public class FailureTests
{
    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task What_it_has_not_worked_on_is_told_again(int status)
    {
        var number = 0;
        await using var agent = await AgentServer.StartAsync(_ => ++number < 3 ? (status, "") : (200, """{"outputs":["At last."]}"""));

        Assert.Equal("At last.", Assert.Single((await Ask.Async(AgentKind.Webhook, agent.Url)).Outputs).Text);
    }

    [Fact]
    public async Task What_it_may_have_worked_on_is_not_told_again()
    {
        await using var agent = await AgentServer.StartAsync(_ => (500, "secret trace"));

        var error = (await Ask.AnyAsync(Ask.Request(new(AgentKind.Webhook, new Uri(agent.Url + "/hook?token=secret"))))).Error!;

        Assert.Single(agent.Calls);
        Assert.Contains("answered 500", error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_that_it_refuses_lead_to_the_connection()
    {
        await using var agent = await AgentServer.StartAsync(_ => (401, ""));

        Assert.Contains("connection", (await Ask.AnyAsync(Ask.Request(new(AgentKind.Webhook, new Uri(agent.Url))))).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html></html>")]
    [InlineData("[1]")]
    [InlineData("\"x\"")]
    public async Task Nonsense_is_an_error(string body)
    {
        await using var agent = await AgentServer.StartAsync(_ => (200, body));

        Assert.NotNull((await Ask.AnyAsync(Ask.Request(new(AgentKind.Webhook, new Uri(agent.Url))))).Error);
    }

    [Theory]
    [InlineData(nameof(AgentKind.Cognigy))]
    [InlineData(nameof(AgentKind.OpenAI))]
    [InlineData(nameof(AgentKind.DirectLine))]
    [InlineData(nameof(AgentKind.Rasa))]
    public async Task An_answer_whose_members_are_of_other_types_is_an_error_or_nothing_and_never_an_exception(string kind)
    {
        foreach (var body in new[] { "{}", "[]", "null", "", """{"outputStack":[1,null,"x",{"data":[]}]}""", """{"choices":[1]}""", """[1,null,{"buttons":[3]}]""",
            """{"conversationId":"c","activities":[1,{"type":"message","attachments":[1]}]}""" })
        {
            await using var agent = await AgentServer.StartAsync(_ => (200, body));
            Assert.NotNull(await Ask.AnyAsync(Ask.Request(new(Enum.Parse<AgentKind>(kind), new Uri(agent.Url)) { TimeoutSeconds = 1 })));
        }
    }

    [Fact]
    public async Task Who_is_not_there_cannot_be_reached()
    {
        var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        Assert.Contains("cannot be reached", (await Ask.AnyAsync(Ask.Request(new(AgentKind.Rasa, new Uri($"http://127.0.0.1:{port}"))))).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_does_not_answer_in_time_is_left()
    {
        using var silent = new TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var url = new Uri($"http://{silent.LocalEndpoint}");

        Assert.Contains("within 1 second", (await Ask.AnyAsync(Ask.Request(new(AgentKind.Rasa, url) { TimeoutSeconds = 1 }))).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_only_this_server_reaches_is_never_connected_to()
    {
        await using var agent = await AgentServer.StartAsync();
        var agents = Ask.With([]);

        FlowAnswer answer = await agents.AskAsync(Ask.Request(new(AgentKind.Webhook, new Uri(agent.Url))), TestContext.Current.CancellationToken);

        Assert.NotNull(answer.Error);
        Assert.Empty(agent.Calls);
    }
}
