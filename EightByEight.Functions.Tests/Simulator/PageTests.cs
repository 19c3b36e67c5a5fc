using EightByEight.Simulator;
using Microsoft.Playwright;

namespace EightByEight.Functions.Tests.Simulator;

/// <summary>The page in a real browser. Leaves screenshots beside the test assembly, in <c>screenshots</c>.</summary>
public sealed class PageTests : IAsyncLifetime
{
    private Browser _browser = null!;

    public async ValueTask InitializeAsync() => _browser = await Browser.StartAsync();

    public ValueTask DisposeAsync() => _browser?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task An_empty_page_says_what_to_do()
    {
        await using var server = await SimulatorServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        var page = await OpenAsync(server);

        await Assertions.Expect(page.GetByTestId("no-webhook")).ToContainTextAsync("register a webhook");
        await Assertions.Expect(page.GetByTestId("start")).ToBeDisabledAsync();
        await Browser.ShootAsync(page, "simulator-empty");
        Assert.Empty(_browser.Complaints);
    }

    [Fact]
    public async Task A_webhook_is_registered_and_its_connection_tested()
    {
        await using var server = await SimulatorServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var webhook = await RecordingWebhook.StartAsync();
        var page = await OpenAsync(server);

        await page.GetByTestId("open-webhooks").ClickAsync();
        await page.GetByTestId("register-name").FillAsync("Bot");
        await page.GetByTestId("register-uri").FillAsync(webhook.Url);
        await page.GetByTestId("register").ClickAsync();
        await Assertions.Expect(page.GetByTestId("test-result")).ToContainTextAsync("answered 200");
        webhook.Answer = _ => 500;
        await page.GetByTestId("test-connection").ClickAsync();

        await Assertions.Expect(page.GetByTestId("test-result")).ToContainTextAsync("answered 500");
        await Browser.ShootAsync(page, "simulator-webhooks");
        Assert.Empty(_browser.Complaints);
    }

    [Fact]
    public async Task A_conversation_goes_from_bot_to_queue_to_agent_and_ends()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var page = await OpenAsync(simulated.Server);
        var customer = page.GetByTestId("customer-thread");

        await page.GetByTestId("start").ClickAsync();
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("Bot");
        var id = Assert.Single(simulated.Gateway.ConversationIds);
        await simulated.PostAsync($"conversations/{id}/messages", Greeting);
        await customer.GetByRole(AriaRole.Button, new() { Name = "Track order" }).ClickAsync();
        await Assertions.Expect(customer).ToContainTextAsync("<b>not bold</b>");
        var click = (await simulated.Webhook.WaitForAsync(1, one => one.Type == "ACTIVITY" && one.Data.GetProperty("name").GetString() == "quickReply/action"))[0];
        Assert.Equal("track", click.Data.GetProperty("value").GetProperty("data").GetProperty("payload").GetString());

        await simulated.PostAsync($"conversations/{id}/messages", CardMessage);
        await customer.GetByPlaceholder("Six digits").FillAsync("123456");
        await customer.GetByRole(AriaRole.Button, new() { Name = "Look up" }).ClickAsync();
        await Assertions.Expect(customer).ToContainTextAsync("Submitted");
        var submit = (await simulated.Webhook.WaitForAsync(1, one => one.Type == "ACTIVITY" && one.Data.GetProperty("name").GetString() == "adaptiveCard/action"))[0];
        Assert.Equal("123456", submit.Data.GetProperty("value").GetProperty("data").GetProperty("order").GetString());

        await simulated.SayAsync(id, "One moment, a colleague takes over.");
        await simulated.PatchAsync($"conversations/{id}", new { assignment = new { type = "queue", id = "101" } });
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("In queue: Support");
        await page.GetByTestId("accept").ClickAsync();
        await page.GetByTestId("agent-text").FillAsync("Hello, this is Kim. How can I help?");
        await page.GetByTestId("agent-send").ClickAsync();
        await Assertions.Expect(customer).ToContainTextAsync("this is Kim");
        await page.GetByTestId("customer-text").PressSequentiallyAsync("My parcel");
        await Assertions.Expect(page.GetByTestId("agent-thread").GetByTestId("typing")).ToBeVisibleAsync();
        await page.GetByTestId("log-entry").First.Locator("summary").ClickAsync();
        await Browser.ShootAsync(page, "simulator-agent");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await Browser.ShootAsync(page, "simulator-agent-dark");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });

        await page.GetByTestId("customer-send").ClickAsync();
        await Assertions.Expect(page.GetByTestId("agent-thread")).ToContainTextAsync("My parcel");
        await page.GetByTestId("transfer-queue").SelectOptionAsync("102");
        await page.GetByTestId("agent-transfer").ClickAsync();
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("In queue: Sales");
        await page.GetByTestId("accept").ClickAsync();
        await page.GetByTestId("agent-leave").ClickAsync();

        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("Ended");
        await Assertions.Expect(page.GetByTestId("agent-empty")).ToBeVisibleAsync();
        await page.SetViewportSizeAsync(500, 900);
        await Browser.ShootAsync(page, "simulator-narrow-customer");
        await page.GetByTestId("tab-log").ClickAsync();
        await Browser.ShootAsync(page, "simulator-narrow-log");
        Assert.Empty(_browser.Complaints);
    }

    private static readonly object Greeting = new
    {
        authorType = "bot",
        text = "Welcome! <b>not bold</b>\nWhat can I do for you?",
        cards = new[]
        {
            new
            {
                contentType = "application/8x8.quick.replies",
                content = new
                {
                    options = new[]
                    {
                        new { title = "Track order", data = new { postback = "track" } },
                        new { title = "Talk to a person", data = new { postback = "agent" } },
                    },
                },
            },
        },
    };

    private const string CardMessage = """
        {"authorType":"bot","text":"Which order?","cards":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{
          "type":"AdaptiveCard","version":"1.3","body":[
            {"type":"TextBlock","size":"Medium","weight":"Bolder","text":"Your order"},
            {"type":"Input.Text","id":"order","label":"Order number","placeholder":"Six digits"},
            {"type":"Input.ChoiceSet","id":"how","label":"Tell me","value":"chat","choices":[
              {"title":"here in the chat","value":"chat"},{"title":"by e-mail","value":"mail"}]}],
          "actions":[{"type":"Action.Submit","title":"Look up","data":{"intent":"lookup"}}]}}]}
        """;

    private async Task<IPage> OpenAsync(SimulatorServer server)
    {
        var page = await _browser.OpenAsync(server.Url);
        await Assertions.Expect(page.GetByTestId("live")).ToHaveTextAsync("live");
        return page;
    }
}
