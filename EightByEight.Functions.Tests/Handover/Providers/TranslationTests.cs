using System.Net;
using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Translation;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>A customer and an agent who speak different languages.</summary>
public sealed class TranslationTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Customer_and_agent_each_read_their_own_language_and_the_bot_gets_the_original_too()
    {
        await using var translator = await FakeProvider.StartAsync();
        await using var test = await StartAsync(translator);
        var begun = await test.BeginAsync(JsonNode.Parse("""
            { "queueId": "101", "user": { "language": "nl" }, "history": [ { "author": "user", "text": "Wo?" },
              { "author": "bot", "text": "Hier:", "attachments": [ { "url": "https://shop.example.com/a.pdf", "name": "a.pdf" } ] } ] }
            """)!.AsObject());
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);

        await test.SayAsync(id, "m1", "Mein **Paket**: https://shop.example.com/p");
        test.Gateway.AgentAccepts(conversation);
        test.Gateway.AgentSays(conversation, "Let me see");

        var said = await test.CustomerSaidAsync(conversation, 2);
        Assert.Equal(["en:Wo?", "en:Mein Paket: https://shop.example.com/p"], said);
        Assert.Equal("en:Hier:\na.pdf: https://shop.example.com/a.pdf", test.Gateway.Messages(conversation).Single(m => m.Author == "bot").Text);
        var message = await MessageAsync(test, id);
        Assert.Equal(("de:Let me see", "Let me see"), ((string?)message["text"], (string?)message["originalText"]));
        // Until something was said, the customer's own language is the hint.
        Assert.EndsWith("&to=en&suggestedFrom=nl", translator.Requests[0].Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_translation_fails_the_original_goes_through_and_the_bot_is_told()
    {
        await using var translator = await FakeProvider.StartAsync();
        await using var test = await StartAsync(translator);
        var (id, conversation) = await BegunAsync(test);
        for (var i = 0; i < 2; i++) translator.Statuses.Enqueue(456);

        await test.SayAsync(id, "m1", "Hallo");
        Assert.Equal(["Hallo"], await test.CustomerSaidAsync(conversation, 1));
        await using var events = await test.ReadAsync(id);
        await events.NextAsync("handover.queued");
        var untranslated = await events.NextAsync("message.untranslated");
        Assert.Equal(("m1", "microsoft answered 456: the quota is used up."), ((string?)untranslated["messageId"], (string?)untranslated["reason"]));

        test.Gateway.AgentAccepts(conversation);
        test.Gateway.AgentSays(conversation, "Hello");
        var message = await MessageAsync(test, id);
        Assert.Equal(("Hello", "microsoft answered 456: the quota is used up."), ((string?)message["text"], (string?)message["translationError"]));
        Assert.Null(message["originalText"]);
    }

    [Fact]
    public async Task What_is_sent_again_is_not_translated_again()
    {
        await using var translator = await FakeProvider.StartAsync();
        translator.Counts = true;
        await using var test = await StartAsync(translator);
        var (id, conversation) = await BegunAsync(test);
        test.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429));
        test.Gateway.Faults.Add(Fault.Drop(Operations.SendMessage));

        await test.SayAsync(id, "m1", new string('a', 40_000 / 4 - 1));
        await test.SayAsync(id, "m2", "b");

        var said = await test.CustomerSaidAsync(conversation, 2);
        Assert.StartsWith("en1:aaa", said[0], StringComparison.Ordinal);
        Assert.Equal("en2:b", said[1]);
        Assert.Equal(2, translator.Requests.Count);
    }

    [Fact]
    public async Task The_key_is_write_only_and_settings_are_refused_with_their_path()
    {
        await using var translator = await FakeProvider.StartAsync();
        await using var test = await StartAsync(translator);
        var path = $"/api/handover-providers/{test.ProviderId}";

        var read = await test.Admin.GetStringAsync(path, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("translator-key", read + string.Join('\n', test.Logs.Lines), StringComparison.Ordinal);
        var settings = JsonNode.Parse(read)!["translation"]!;
        Assert.Equal((true, true, "en"), ((bool)settings["enabled"]!, (bool)settings["apiKeySet"]!, (string?)settings["flowLanguage"]));
        Assert.False(settings.AsObject().ContainsKey("apiKey"));
        var (status, patched) = await PatchAsync(test, """{ "translation": { "flowLanguage": "fr" } }""");
        Assert.Equal((HttpStatusCode.OK, true, "fr"), (status, (bool)patched["translation"]!["apiKeySet"]!, (string?)patched["translation"]!["flowLanguage"]));
        (status, patched) = await PatchAsync(test, """{ "translation": { "apiKey": null } }""");
        Assert.Equal((HttpStatusCode.OK, false), (status, (bool)patched["translation"]!["apiKeySet"]!));
        (status, patched) = await PatchAsync(test, """{ "translation": { "provider": "babel", "formal": true } }""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(["$.translation.formal", "$.translation.provider"], patched["errors"]!.AsArray().Select(e => (string?)e!["path"]).Order());
        Assert.Contains("$.translation.apiKey", await test.Admin.GetStringAsync("/api/audit", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode, JsonObject)> PatchAsync(TestHandover test, string body)
    {
        using var answer = await test.Admin.PatchAsync($"/api/handover-providers/{test.ProviderId}", new StringContent(body));
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject());
    }

    private async Task<TestHandover> StartAsync(FakeProvider translator)
    {
        var test = await TestHandover.StartAsync(azurite, more: new Dictionary<string, string?> { ["Connector:Translation:AllowPrivateAddresses"] = "true" });
        var (status, patched) = await PatchAsync(test, new JsonObject
        {
            ["translation"] = new JsonObject { ["enabled"] = true, ["apiKey"] = "translator-key", ["baseUrl"] = translator.Url, ["retries"] = 1 },
        }.ToJsonString());
        Assert.True(status == HttpStatusCode.OK, patched.ToJsonString());
        return test;
    }

    private static async Task<(string Id, string Conversation)> BegunAsync(TestHandover test)
    {
        var begun = await test.BeginAsync();
        await test.HasStatusAsync((string)begun["id"]!, "queued");
        return ((string)begun["id"]!, (string)begun["conversationId"]!);
    }

    /// <summary>The agent's first message as the bot gets it.</summary>
    private static async Task<JsonObject> MessageAsync(TestHandover test, string handover)
    {
        await using var events = await test.ReadAsync(handover);
        while (await events.NextAsync() is { } item)
            if (item.EventType == "agent.message") return JsonNode.Parse(item.Data)!["data"]!.AsObject();
        throw new InvalidOperationException("The stream ended without a message of an agent.");
    }
}
