using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Conversations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Endpoints;

/// <summary>What Cognigy's release notes mended or promise for its 8x8 Endpoint, where no other test says it.</summary>
public sealed class CognigyRowTests(AzuriteFixture azurite)
{
    private const string Show = """
        name: show
        start:
          - say: "{{ input.text }}|{{ typeof input.userId }} {{ input.userId }}|{{ input.mode }}|{{ input.session.isNew }}"
        """;

    [Fact]
    public async Task A_very_large_numeric_user_id_keeps_every_digit()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Show, Posted.Unsigned);

        await connector.PostAsync("large", "CONVERSATION_UPDATE", null, raw: """
            {"eventType":"CONVERSATION_UPDATE","conversationId":"large","timestamp":1000,
             "data":{"state":"ACTIVE","channel":"WebChat","user":{"userId":90071992547409931234}}}
            """);
        await connector.PostAsync("large", "MESSAGE", Posted.Said("hi"), at: 2_000);

        var turn = (await connector.SettledAsync("large", 1))["turns"]![0]!;
        Assert.Equal("hi|string 90071992547409931234|TextOnly|true", (string)turn["outputs"]![0]!["text"]!);
    }

    [Fact]
    public async Task Transcripts_show_what_the_input_transformer_made_of_an_input_and_it_makes_one_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Show, new JsonObject
        {
            ["transformers"] = new JsonObject
            {
                ["source"] = "createWebhookTransformer({ handleInput: async ({ request }) => request.body.eventType === 'MESSAGE' ? { text: 'transformed' } : null });",
                ["input"] = true,
            },
        });

        var conversation = connector.Start("as it was said");

        var turn = Assert.Single((await connector.SettledAsync(conversation, 1))["turns"]!.AsArray())!;
        Assert.Equal("transformed", (string)turn["text"]!);
        Assert.StartsWith("transformed|", Assert.Single(await connector.BotSaysAsync(conversation, 1)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_activation_reaches_the_Flow_as_an_input_of_data_only()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: first
            start:
              - say: "[{{ input.text }}] {{ input.mode }} {{ input.data.request.eventType }}"
            """, new JsonObject { ["eightByEight"] = new JsonObject { ["acceptConversationActiveEvent"] = true } });

        var conversation = connector.Start();

        Assert.Equal(["[] TextData CONVERSATION_UPDATE"], await connector.BotSaysAsync(conversation, 1));
    }

    [Theory]
    [InlineData("inject")]
    [InlineData("notify")]
    public async Task An_inject_or_a_notify_prolongs_the_session(string path)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        await using var connector = await TestConnector.StartAsync(azurite, Show,
            new JsonObject { ["inject"] = new JsonObject { ["key"] = "a-key-of-the-tests-of-inject" } },
            simulator: options => options.TimeProvider = time,
            configure: builder => builder.Services.AddSingleton<TimeProvider>(new Shifted(time)));
        var conversation = connector.Start("a");
        await connector.SettledAsync(conversation, 1);
        time.Advance(TimeSpan.FromMinutes(20));
        using var request = new HttpRequestMessage(HttpMethod.Post, connector.EndpointUrl.Replace("/webhooks/", $"/{path}/", StringComparison.Ordinal))
        {
            Headers = { { "Authorization", "Bearer a-key-of-the-tests-of-inject" } },
            Content = new StringContent($$"""{"conversationId":"{{conversation}}","text":"b"}"""),
        };
        using var client = new HttpClient();
        using (var answer = await client.SendAsync(request, TestContext.Current.CancellationToken)) Assert.True(answer.IsSuccessStatusCode);
        await connector.SettledAsync(conversation, 2);
        time.Advance(TimeSpan.FromMinutes(20));

        connector.Gateway.CustomerSays(conversation, "c");

        Assert.EndsWith("|false", (await connector.BotSaysAsync(conversation, 3))[2], StringComparison.Ordinal);
    }
}
