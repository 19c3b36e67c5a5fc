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

    [Fact]
    public async Task Cards_of_WhatsApp_and_RCS_are_clicked_and_foreign_ones_are_marked()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var page = await OpenAsync(simulated.Server);
        var customer = page.GetByTestId("customer-thread");
        await page.GetByTestId("start-channel").SelectOptionAsync("WhatsApp");
        await page.GetByTestId("start").ClickAsync();
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("Bot");
        var id = Assert.Single(simulated.Gateway.ConversationIds);

        foreach (var card in ChannelCards)
        {
            await simulated.PostAsync(
                $"conversations/{id}/messages", $$"""{"authorType":"bot","text":"What is it?","cards":[{{card}}]}""");
        }

        await customer.GetByRole(AriaRole.Button, new() { Name = "Yes, please" }).ClickAsync();
        await customer.GetByText("Pick a size").ClickAsync();
        await customer.GetByRole(AriaRole.Button, new() { Name = "Large" }).ClickAsync();
        await customer.GetByRole(AriaRole.Button, new() { Name = "Call me" }).First.ClickAsync();
        await customer.GetByRole(AriaRole.Button, new() { Name = "Fill in" }).ClickAsync();
        await customer.GetByRole(AriaRole.Button, new() { Name = "Execute it" }).ClickAsync();

        var replies = await simulated.Webhook.WaitForAsync(5, one => one.Type == "ACTIVITY");
        Assert.Equal(
            ["button_reply", "list_reply", "suggestion_reply", "nfmReply", "Action.Execute"],
            replies.Select(one => one.Data.GetProperty("value").GetProperty("type").GetString()));
        await Assertions.Expect(customer).ToContainTextAsync("WhatsApp may not show this card");
        await page.SetViewportSizeAsync(1400, 2400);
        await Browser.ShootAsync(page, "simulator-channel-cards");
        Assert.Empty(_browser.Complaints);
    }

    [Fact]
    public async Task A_file_is_sent_indicators_are_seen_and_an_agent_takes_the_conversation()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var page = await OpenAsync(simulated.Server);
        var customer = page.GetByTestId("customer-thread");
        await page.GetByTestId("start").ClickAsync();
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("Bot");
        var id = Assert.Single(simulated.Gateway.ConversationIds);

        await page.GetByTestId("customer-file").SetInputFilesAsync(new FilePayload { Name = "photo.png", MimeType = "image/png", Buffer = Picture });
        await Assertions.Expect(customer.GetByRole(AriaRole.Img, new() { Name = "photo.png" })).ToBeVisibleAsync();
        await simulated.PostAsync($"conversations/{id}/thinking", new { authorType = "bot" });
        await simulated.PostAsync(
            $"conversations/{id}/read-receipt", new { authorType = "bot", readAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 1000 });
        await Assertions.Expect(customer.GetByTestId("typing")).ToContainTextAsync("Bot is thinking");
        await Assertions.Expect(customer.GetByTestId("receipt")).ToContainTextAsync("read by the bot");

        await page.GetByTestId("agent-who").SelectOptionAsync("agent-2");
        await page.GetByTestId("take").ClickAsync();
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("Agent Lee");
        await page.GetByTestId("agent-text").FillAsync("I take over");
        await page.GetByTestId("agent-send").ClickAsync();
        await Assertions.Expect(customer).ToContainTextAsync("I take over");
        await Browser.ShootAsync(page, "simulator-take");
        await page.GetByTestId("agent-who").SelectOptionAsync("agent-1");
        await page.GetByTestId("desk-open").ClickAsync();
        await Assertions.Expect(page.GetByTestId("agent-send")).ToBeDisabledAsync(); // it is Lee's

        await page.GetByTestId("customer-idle").ClickAsync();
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("Ended");
        await page.GetByTestId("customer-text").FillAsync("Me again");
        await page.GetByTestId("customer-send").ClickAsync();
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("Bot");
        Assert.Empty(_browser.Complaints);
    }

    [Fact]
    public async Task Behaviour_is_changed_and_faults_are_set_in_the_drawer()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var page = await OpenAsync(simulated.Server);
        await page.GetByTestId("start").ClickAsync();
        await Assertions.Expect(page.GetByTestId("customer-status")).ToHaveTextAsync("Bot");
        var id = Assert.Single(simulated.Gateway.ConversationIds);
        await page.GetByTestId("open-behaviour").ClickAsync();

        await page.GetByTestId("switch-click").CheckAsync();
        await page.GetByTestId("switch-order").SelectOptionAsync("shuffled");
        await page.GetByTestId("delay-type").SelectOptionAsync("TRANSFER");
        await page.GetByTestId("delay-seconds").FillAsync("2.5");
        await page.GetByTestId("delay-add").ClickAsync();
        await page.GetByTestId("fault-what").SelectOptionAsync("sendMessage");
        await page.GetByTestId("fault-number").FillAsync("429");
        await page.GetByTestId("fault-add").ClickAsync();
        await page.GetByTestId("fault-what").SelectOptionAsync("MESSAGE");
        await page.GetByTestId("fault-how").SelectOptionAsync("copies");
        await page.GetByTestId("fault-add").ClickAsync();
        await Assertions.Expect(page.GetByTestId("pending-fault")).ToHaveTextAsync(["sendMessage answers 429 · 1 ×", "MESSAGE comes 3 times · 1 ×"]);
        await page.GetByTestId("own-event-send").ClickAsync();
        await Assertions.Expect(page.GetByTestId("own-event-result")).ToContainTextAsync("It answered 200");
        await page.SetViewportSizeAsync(1600, 1150);
        await Browser.ShootAsync(page, "simulator-behaviour");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await Browser.ShootAsync(page, "simulator-behaviour-dark");

        Assert.Equal(TimeSpan.FromSeconds(2.5), simulated.Gateway.Options.EventDelays["TRANSFER"]);
        Assert.True(simulated.Gateway.Options.ClickAlsoWrites);
        Assert.Equal(EightByEight.Simulator.DeliveryOrder.Shuffled, simulated.Gateway.Options.DeliveryOrder);
        Assert.Equal(429, (int)(await simulated.SayAsync(id, "Refused")).StatusCode);
        await Assertions.Expect(page.GetByTestId("pending-fault")).ToHaveCountAsync(1);
        await page.GetByTestId("fault-clear").ClickAsync();
        await Assertions.Expect(page.GetByTestId("pending-fault")).ToHaveCountAsync(0);
        Assert.Empty(_browser.Complaints);
    }

    private static readonly byte[] Picture = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private static readonly string[] ChannelCards =
    [
        """{"contentType":"Interactive","content":{"interactive":{"type":"button","header":{"type":"text","text":"Order 4711"},"body":{"text":"Is it yours?"},"footer":{"text":"Acme"},"action":{"buttons":[{"type":"reply","reply":{"id":"y","title":"Yes, please"}},{"type":"reply","reply":{"id":"n","title":"No"}}]}}}}""",
        """{"contentType":"Interactive","content":{"type":"list","body":{"text":"Which size?"},"action":{"button":"Pick a size","sections":[{"title":"Shirts","rows":[{"id":"s","title":"Small"},{"id":"l","title":"Large","description":"and comfortable"}]}]}}}""",
        """{"contentType":"Interactive","content":{"interactive":{"type":"flow","body":{"text":"A form"},"action":{"parameters":{"flowId":"1","flowCta":"Fill in"}}}}}""",
        """{"contentType":"Interactive","content":{"interactive":{"type":"cta_url","body":{"text":"Our shop"},"action":{"parameters":{"display_text":"Open","url":"https://example.com"}}}}}""",
        """{"contentType":"Location","content":{"location":{"latitude":"51.5","longitude":"-0.1","name":"Our shop","address":"1 Main Street"}}}""",
        """{"contentType":"Template","content":{"template":{"name":"welcome","language":"en","components":[]}}}""",
        """{"contentType":"Suggestions","content":{"suggestions":[{"reply":{"text":"Call me","postbackData":"call"}},{"action":{"text":"Map","postbackData":"m","openUrlAction":{"url":"https://example.com"}}}]}}""",
        """{"contentType":"Carousel","content":{"cardWidth":"medium","cards":[{"title":"Blue","description":"Very blue","suggestions":[{"reply":{"text":"Buy blue","postbackData":"b"}}]},{"title":"Red","description":"Very red","suggestions":[{"reply":{"text":"Buy red","postbackData":"r"}}]}]}}""",
        """{"contentType":"Buttons","content":{"text":"Look","button":{"caption":"Open it","action":"https://example.com"}}}""",
        """{"contentType":"Interactive","content":{"type":"call_permission_request","body":{"text":"May we call?"}}}""",
        """{"contentType":"Interactive","content":{"nonsense":true}}""",
        """{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","version":"1.4","body":[],"actions":[{"type":"Action.Execute","title":"Execute it","data":{"a":1}}]}}""",
    ];

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
