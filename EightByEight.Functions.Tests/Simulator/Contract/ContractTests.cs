using System.Net.Http.Json;
using System.Text.Json;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Functions.Tests.Content;
using ConversationStart = EightByEight.Simulator.ConversationStart;

namespace EightByEight.Functions.Tests.Simulator.Contract;

/// <summary>
/// Each request that the connector can make, and each answer that the simulator gives, against 8x8's OpenAPI file. The
/// file's own faults have a test each, which fails once 8x8 has mended them.
/// </summary>
public sealed class ContractTests(ContractFixture contract) : IClassFixture<ContractFixture>
{
    /// <summary>Required of an attachment, and not described.</summary>
    private static readonly string[] s_undescribed =
    [
        "response.body: Response body must have required property 'size'",
        "response.body: Response body must have required property 'type'",
    ];

    /// <summary>
    /// Where the file contradicts itself about answers: its examples and descriptions are followed, its <c>required</c> and
    /// <c>format</c> are not.
    /// </summary>
    private static readonly Dictionary<string, string[]> s_faultsInAnswers = new()
    {
        ["ListMessagesAsync"] = ["response.body: Response body must have required property 'messages'"], // it is in _embedded
        ["ListCardsAsync"] = ["response.body: Response body must have required property 'cards'"],
        ["ListParticipantsAsync"] = ["response.body: Response body must have required property 'data'"],
        ["ListAttachmentsAsync"] =
        [
            "response.body: Response body must have required property 'data'",
            "response.body._embedded.attachments.0: Response body property _embedded.attachments.0 must have required property 'size'",
            "response.body._embedded.attachments.0: Response body property _embedded.attachments.0 must have required property 'type'",
        ],
        ["GetAttachmentAsync"] = s_undescribed,
        ["UploadAttachmentAsync"] = s_undescribed,
        ["ListInteractionsAsync"] =
        [
            "response.body._embedded.interactions.0.startTime: Response body property _embedded.interactions.0.startTime must match format \"date\"",
        ],
        ["GetPublicKeyAsync"] = ["response.body: Response body must be string"], // its example is an object
    };

    private static readonly CancellationToken _none = CancellationToken.None;

    /// <summary>Calls by name; the part before the colon is the method of <see cref="ChatGatewayClient"/>.</summary>
    private static readonly Dictionary<string, Func<Scene, Task>> s_calls = new()
    {
        ["SendMessageAsync: text"] = it => it.SendAsync("""{"authorType":"bot","text":"Grüße 😀\n<b> & more"}"""),
        ["SendMessageAsync: as the customer"] = it => it.SendAsync("""{"authorType":"user","text":"Hi"}"""),
        ["SendMessageAsync: attachment alone"] = it =>
            it.SendAsync($$"""{"authorType":"bot","attachments":[{"id":"{{it.Attachment()}}"}]}"""),
        ["SendMessageAsync: quick replies"] = it => it.SendCardAsync(
            "application/8x8.quick.replies", """{"options":[{"title":"Yes","data":{"postback":"yes"}}]}"""),
        ["SendMessageAsync: Adaptive Card"] = it => it.SendCardAsync(
            "application/vnd.microsoft.card.adaptive",
            """{"type":"AdaptiveCard","version":"1.3","body":[{"type":"TextBlock","text":"Hi"}],"actions":[{"type":"Action.Submit","title":"Go"}]}"""),
        ["SendMessageAsync: Interactive buttons"] = it => it.SendCardAsync(
            "Interactive", """{"interactive":{"type":"button","body":{"text":"?"},"action":{"buttons":[{"type":"reply","reply":{"id":"y","title":"Yes"}}]}}}"""),
        ["SendMessageAsync: Interactive list, not wrapped"] = it => it.SendCardAsync(
            "Interactive", """{"type":"list","body":{"text":"?"},"action":{"button":"Pick","sections":[{"title":"A","rows":[{"id":"1","title":"One"}]}]}}"""),
        ["SendMessageAsync: Location"] = it => it.SendCardAsync("Location", """{"location":{"latitude":"51.5","longitude":"-0.1","name":"Shop"}}"""),
        ["SendMessageAsync: Template"] = it => it.SendCardAsync("Template", """{"template":{"name":"welcome","language":"en","components":[]}}"""),
        ["SendMessageAsync: Suggestions, wrapped"] = it => it.SendCardAsync(
            "Suggestions", """{"suggestions":[{"reply":{"text":"Yes","postbackData":"y"}}]}"""),
        ["SendMessageAsync: Buttons"] = it => it.SendCardAsync("Buttons", """{"text":"Look","button":{"caption":"Open","action":"https://example.com"}}"""),
        ["SendMessageAsync: Carousel"] = it => it.SendCardAsync(
            "Carousel", """{"cardWidth":"medium","cards":[{"title":"A","suggestions":[]},{"title":"B","suggestions":[]}]}"""),
        ["SendMessageAsync: several cards"] = it => it.SendAsync(
            """
            {"authorType":"bot","text":"Both","cards":[
              {"contentType":"application/8x8.quick.replies","content":{"options":[]}},
              {"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","version":"1.3","body":[]}}]}
            """),
        ["ListMessagesAsync"] = it => it.Client.ListMessagesAsync(it.Account, it.Id, 0, 50, _none),
        ["GetMessageAsync"] = it => it.Client.GetMessageAsync(it.Account, it.Id, it.NewestMessage(), _none),
        ["ListCardsAsync"] = it => it.Client.ListCardsAsync(it.Account, it.Id, it.NewestMessage(), new(Sort: "createdAt:asc"), _none),
        ["ListConversationsAsync"] = it => it.Client.ListConversationsAsync(it.Account, new(0, 100, "id:asc", "state==active"), _none),
        ["CreateConversationAsync: all of it"] = it => it.Client.CreateConversationAsync(
            it.Account,
            new NewConversation(
                it.ChannelId,
                new User("Ann", "u1", "ann@example.com", "+441234567", "Acme", "c1", "de", [new("plan", "gold"), new("seats", "4")]),
                new("queue", "101"),
                new History([new OutgoingMessage("user", "Help"), new OutgoingMessage(Text: "A moment", Cards: [Card(
                    "application/8x8.quick.replies", """{"options":[{"title":"Yes","data":{"postback":"yes"}}]}""")])])),
            _none),
        ["CreateConversationAsync: least of it"] = it => it.Client.CreateConversationAsync(
            it.Account, new NewConversation(it.ChannelId, new User("Ann"), History: new History([])), _none),
        ["GetConversationAsync"] = it => it.Client.GetConversationAsync(it.Account, it.Id, _none),
        ["PutConversationAsync"] = it => it.Client.PutConversationAsync(
            it.Account, it.Id, new Connector.ChatGateway.Conversation(ChannelId: it.ChannelId, Assignment: new("queue", "102"), User: new User("Ann", Language: "en")), _none),
        ["PatchConversationAsync: to a queue"] = it => it.Client.PatchConversationAsync(
            it.Account, it.Id, new ConversationChange(new("queue", "101"), new User(AdditionalProperties: [new("summary", "Wants help")])), _none),
        ["PatchConversationAsync: to a script"] = it => it.Client.PatchConversationAsync(
            it.Account, it.Id, new ConversationChange(new("script", "script-1")), _none),
        ["AssignAsync"] = it => it.Client.AssignAsync(it.Account, it.Id, new ConversationChange(new("queue", "101")), _none),
        ["ListInteractionsAsync"] = it => it.Client.ListInteractionsAsync(it.Account, it.Id, _none),
        ["AssignAfterAgentAsync: with times"] = it => it.Client.AssignAfterAgentAsync(
            it.Account, it.Id, new PostAgentAssignment(it.WebhookId, new(false, 300, 150)), _none),
        ["AssignAfterAgentAsync: least of it"] = it => it.Client.AssignAfterAgentAsync(
            it.Account, it.Id, new PostAgentAssignment(it.WebhookId), _none),
        ["SendTypingAsync"] = it => it.Client.SendTypingAsync(it.Account, it.Id, AuthorTypes.Bot, _none),
        ["SendThinkingAsync: with a time"] = it => it.Client.SendThinkingAsync(it.Account, it.Id, TimeSpan.FromSeconds(30), _none),
        ["SendThinkingAsync: least of it"] = it => it.Client.SendThinkingAsync(it.Account, it.Id, null, _none),
        ["SendReadReceiptAsync"] = it => it.Client.SendReadReceiptAsync(it.Account, it.Id, AuthorTypes.Bot, DateTimeOffset.UtcNow, _none),
        ["ListParticipantsAsync"] = it => it.Client.ListParticipantsAsync(it.Account, it.Id, _none),
        ["RemoveUserAsync"] = it => it.Client.RemoveUserAsync(it.Account, it.Id, _none),
        ["UploadAttachmentAsync"] = it => it.UploadAsync(),
        ["ListAttachmentsAsync"] = it =>
        {
            it.Attachment();
            return it.Client.ListAttachmentsAsync(it.Account, it.Id, new(Size: 10), _none);
        },
        ["GetAttachmentAsync"] = it => it.Client.GetAttachmentAsync(it.Account, it.Id, it.Attachment(), _none),
        ["DownloadAttachmentAsync"] = async it =>
        {
            await using var content = await it.Client.DownloadAttachmentAsync(it.Account, it.Id, it.Attachment(), _none);
            Assert.Equal("text", await new StreamReader(content.Stream).ReadToEndAsync(_none));
        },
        ["ListWebhooksAsync"] = it => it.Client.ListWebhooksAsync(it.Account, new(Size: 1000), _none),
        ["CreateWebhookAsync"] = it => it.Client.CreateWebhookAsync(it.Account, it.Webhook(), _none),
        ["GetWebhookAsync"] = it => it.Client.GetWebhookAsync(it.Account, it.WebhookId, _none),
        ["UpdateWebhookAsync"] = it => it.Client.UpdateWebhookAsync(it.Account, it.WebhookId, it.Webhook(), _none),
        ["DeleteWebhookAsync"] = async it =>
            await it.Client.DeleteWebhookAsync(it.Account, (await it.Client.CreateWebhookAsync(it.Account, it.Webhook(), _none)).Id!, _none),
        ["VerifyWebhookAsync"] = it => it.Client.VerifyWebhookAsync(it.Account, it.Webhook().Uri, _none),
        ["ListChannelsAsync"] = it => it.Client.ListChannelsAsync(it.Account, new(Filter: "type==ChatAPI"), _none),
        ["CreateChannelAsync"] = it => it.Client.CreateChannelAsync(it.Account, it.Channel(), _none),
        ["GetChannelAsync"] = it => it.Client.GetChannelAsync(it.Account, it.ChannelId, _none),
        ["UpdateChannelAsync"] = it => it.Client.UpdateChannelAsync(it.Account, it.ChannelId, it.Channel(), _none),
        ["DeleteChannelAsync"] = async it =>
            await it.Client.DeleteChannelAsync(it.Account, (await it.Client.CreateChannelAsync(it.Account, it.Channel(), _none)).Id!, _none),
        ["GetPublicKeyAsync"] = it => it.Client.GetPublicKeyAsync(it.Account.BaseUrl, "acme01", it.Contract.Simulated.Gateway.Jwk.Kid, _none),
    };

    public static TheoryData<string> Calls => [.. s_calls.Keys];

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_and_its_answer_are_as_8x8_describes_them(string call)
    {
        await contract.StartAsync();
        var scene = new Scene(contract);

        var violations = await contract.ViolationsOfAsync(() => s_calls[call](scene));

        Assert.Equal(s_faultsInAnswers.GetValueOrDefault(call.Split(':')[0]) ?? [], violations);
    }

    [Fact]
    public async Task All_that_outputs_become_on_all_channels_is_as_8x8_describes_it()
    {
        await contract.StartAsync();
        var scene = new Scene(contract);
        var messages = Enum.GetValues<ChannelKind>()
            .SelectMany(kind => Samples.Outputs.SelectMany(output => Samples.Convert(Samples.Output(output.Name), kind).Messages))
            // Files are uploaded first.
            .Select(message => message with { Media = null }).Where(message => message.Text is not null || message.Cards is not null)
            .Select(message => JsonSerializer.Serialize(message, ChatGatewayJson.Default.OutgoingMessage)).Distinct().ToArray();

        var violations = await contract.ViolationsOfAsync(async () =>
        {
            foreach (var message in messages) await scene.SendAsync(message);
        });

        Assert.InRange(messages.Length, 40, 400);
        Assert.Empty(violations);
    }

    [Fact]
    public void Every_method_of_the_client_is_called()
    {
        var methods = typeof(ChatGatewayClient).GetMethods()
            .Where(method => method.DeclaringType == typeof(ChatGatewayClient)).Select(method => method.Name).Distinct()
            // Statistics and schedules are not of the Chat Gateway: its file does not know them.
            .Except([nameof(ChatGatewayClient.GetQueueStatisticsAsync), nameof(ChatGatewayClient.GetScheduleStatusAsync)]).Order();

        Assert.Equal(methods, s_calls.Keys.Select(call => call.Split(':')[0]).Distinct().Order());
    }

    [Fact]
    public async Task Fault_of_the_file_a_webhook_needs_a_member_that_is_not_described()
    {
        await contract.StartAsync();
        var hook = contract.Simulated.Webhook.Url;

        var violations = await contract.ViolationsOfAsync(() => contract.Raw.PostAsJsonAsync(
            "/chat-gateway/v1/webhooks", new { name = "Bot", uri = hook, version = "Chat Gateway v1.0" }, _none));

        Assert.Equal(["request.body: Request body must have required property 'notificationVersion'"], violations);
    }

    [Fact]
    public async Task Fault_of_the_file_no_message_of_another_provider_is_valid()
    {
        await contract.StartAsync();
        var scene = new Scene(contract);

        var violations = await contract.ViolationsOfAsync(() => scene.SendAsync(
            """{"authorType":"bot","externalProvider":{"name":"X","externalMessageId":"1234567890"}}"""));

        Assert.NotEmpty(violations);
        Assert.All(violations, line => Assert.StartsWith("request.body", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fault_of_the_file_suggestions_cannot_be_a_list()
    {
        await contract.StartAsync();
        var scene = new Scene(contract);

        var violations = await contract.ViolationsOfAsync(() => contract.Raw.PostAsync(
            $"/chat-gateway/v1/conversations/{scene.Id}/messages",
            new StringContent(
                """{"authorType":"bot","text":"?","cards":[{"contentType":"Suggestions","content":[{"reply":{"text":"Yes","postbackData":"y"}}]}]}""",
                System.Text.Encoding.UTF8, "application/json"),
            _none));

        Assert.Contains(violations, line => line.StartsWith("request.body", StringComparison.Ordinal) && line.Contains("object", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET", "conversations/nowhere", null)]
    [InlineData("PATCH", "conversations/nowhere", """{"user":{"name":"Ann"}}""")]
    [InlineData("POST", "conversations/nowhere/messages", """{"authorType":"bot","text":"Hi"}""")]
    [InlineData("POST", "conversations/nowhere/typing", """{"authorType":"bot"}""")]
    [InlineData("POST", "conversations/nowhere/post-agent-assignment", """{"type":"webhook","id":"12"}""")]
    [InlineData("GET", "webhooks/nowhere", null)]
    [InlineData("GET", "channels/nowhere", null)]
    [InlineData("POST", "channels", """{"name":"Site","type":"ChatAPI","webHookId":"1","routingOptions":{"type":"queue","id":"112"}}""")]
    [InlineData("POST", "conversations", """{"channelId":"112","user":{"name":"Ann"},"history":{"messages":[]}}""")]
    public async Task What_the_simulator_refuses_it_refuses_as_8x8_does(string method, string path, string? body)
    {
        await contract.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), "/chat-gateway/v1/" + path)
        {
            Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        HttpResponseMessage? response = null;

        var violations = await contract.ViolationsOfAsync(async () => response = await contract.Raw.SendAsync(request, _none));

        Assert.False(response!.IsSuccessStatusCode);
        Assert.Empty(violations);
    }

    private static Card Card(string contentType, string content) => new(contentType, JsonSerializer.Deserialize<JsonElement>(content));

    /// <summary>A conversation to call about.</summary>
    private sealed class Scene
    {
        public Scene(ContractFixture contract)
        {
            Contract = contract;
            var gateway = contract.Simulated.Gateway;
            WebhookId = contract.Simulated.WebhookId;
            ChannelId = gateway.AddChannel("Site", "ChatAPI", WebhookId, "101").Id;
            Id = gateway.StartConversation(new ConversationStart { WebhookId = WebhookId, Channel = "ChatAPI", Text = "Hello" });
        }

        public ContractFixture Contract { get; }

        public ChatGatewayClient Client => Contract.Client;

        public ChatGatewayAccount Account => Contract.Account;

        public string Id { get; }

        public string ChannelId { get; }

        public string WebhookId { get; }

        public Connector.ChatGateway.Webhook Webhook() => new("Bot", Contract.Simulated.Webhook.Url);

        public Channel Channel() => new("Site", WebhookId, new("queue", "102"));

        public string NewestMessage() => Contract.Simulated.Gateway.Messages(Id)[^1].Id;

        public Task SendAsync(string message) => Client.SendMessageAsync(
            Account, Id, JsonSerializer.Deserialize(message, ChatGatewayJson.Default.OutgoingMessage)!, _none);

        public Task SendCardAsync(string contentType, string content) => Client.SendMessageAsync(
            Account, Id, new OutgoingMessage(Text: "Text beside it", Cards: [Card(contentType, content)]), _none);

        public async Task UploadAsync()
        {
            using var content = new MemoryStream("text"u8.ToArray());
            await Client.UploadAttachmentAsync(Account, Id, new NewAttachment(content, "Grüße.txt", "text/plain"), _none);
        }

        /// <summary>The id of one that is there.</summary>
        public string Attachment()
        {
            Contract.Simulated.Gateway.CustomerSendsFile(Id, "note.txt", "text"u8.ToArray());
            return Contract.Simulated.Gateway.Messages(Id)[^1].Attachments[0];
        }
    }
}
