using System.Text.Json.Nodes;
using EightByEight.Connector.Privacy;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Transformers;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>What the customer said is masked however a line quotes it.</summary>
public sealed class MaskingTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData("my card 4111", "said my card 4111.", "said ***.")]
    [InlineData("4111 1111 ", "card 4111 1111.", "card ***.")]
    [InlineData("\n4111 1111\t", "card 4111 1111.", "card ***.")]
    [InlineData("4111\n1111", """{"text":"4111\n1111"}""", """{"text":"***"}""")]
    [InlineData("\"4111\" \\1111/", """{"text":"\"4111\" \\1111/"}""", """{"text":"***"}""")]
    [InlineData("4111\u00011111", """{"text":"4111\u00011111"}""", """{"text":"***"}""")]
    [InlineData(" 4111\n1111 ", """{"text":"4111\n1111"}""", """{"text":"***"}""")]
    [InlineData("Grüße <4111>", """{"text":"Gr\u00FC\u00DFe \u003C4111\u003E"}""", """{"text":"***"}""")]
    [InlineData("Grüße\n4111", """{"text":"Grüße\n4111"}""", """{"text":"***"}""")]
    [InlineData("😀\n4111", """{"text":"😀\n4111"}""", """{"text":"***"}""")]
    [InlineData("😀\n4111", """{"text":"\uD83D\uDE00\n4111"}""", """{"text":"***"}""")]
    [InlineData("4111\n\"1111\"", """{"body":"{\"text\":\"4111\\n\\\"1111\\\"\"}"}""", """{"body":"{\"text\":\"***\"}"}""")]
    [InlineData("4111 1111 2222 3333\n4444", """{"text":"4111 1111 2222 3333\n44… is too long""", """{"text":"***… is too long""")]
    [InlineData("no", "no, it is not", "no, it is not")]
    [InlineData(" a ", "a b a", "a b a")]
    public void A_text_of_the_customer_is_masked_raw_trimmed_and_as_JSON(string said, string line, string expected) =>
        Assert.Equal(expected, Masking.WithoutQuotes(line, [said]));

    [Theory]
    [InlineData("Ann", "Cannot be reached: Anna, Hermann, ann, Ann's, _Ann_", "Cannot be reached: Anna, Hermann, ***, ***'s, _***_")]
    [InlineData("4111", "4111 of 41111 and 14111, 4111th", "*** of 41111 and 14111, 4111th")]
    [InlineData("-4111-", "x-4111-x", "x***x")]
    [InlineData("\"Ann\"", "x\"Ann\"x", "x***x")]
    [InlineData("Ann", """{"text":"Hi\nAnn\tAnna","more":"\\nAnn\\n"}""", """{"text":"Hi\n***\tAnna","more":"\\n***\\n"}""")]
    [InlineData("Ann", """\u0022Ann\u0022 \u0022Anna\u0022""", """\u0022***\u0022 \u0022Anna\u0022""")]
    [InlineData("Ann", "/parcels?of=%20Ann%20&to=%3DAnn", "/parcels?of=%20***%20&to=%3D***")]
    [InlineData("Zoë", """Zoë, Zo\u00EB and Zoëy""", "***, *** and Zoëy")]
    [InlineData("王小明", "我是王小明。", "我是***。")]
    [InlineData("Ann Example of Exeter", "xAnn Example of Exeter", "x***")]
    public void What_begins_or_ends_with_a_letter_or_digit_is_masked_only_where_it_stands_as_whole_words(string said, string line, string expected) =>
        Assert.Equal(expected, Masking.WithoutQuotes(line, [said]));

    [Fact]
    public void What_contains_another_text_is_masked_as_a_whole() =>
        Assert.Equal("said *** and ***", Masking.WithoutQuotes("said ann\\nbob and ann", ["ann", "ann\nbob"]));

    [Theory]
    [InlineData("handleInput: async ({ request }) => { console.log(request.body); return {}; }")]
    [InlineData("handleInput: async ({ request }) => { console.log(request.body.data.text.trim()); return {}; }")]
    [InlineData("handleInput: async ({ request }) => { console.log(JSON.stringify({ asked: JSON.stringify(request.body.data) })); return {}; }")]
    [InlineData("handleInput: async ({ request }) => { throw new Error(JSON.stringify(request.body.data.text)); }")]
    [InlineData("handleInput: async ({ request }) => { (await getSessionStorage('all', 'all')).said = request.body.data.text; return {}; }, "
        + "handleExecutionFinished: async () => { console.log((await getSessionStorage('all', 'all')).said); }")]
    [InlineData("handleInput: async ({ request }) => { (await getSessionStorage('all', 'all')).all = { said: [request.body.data.text] }; return {}; }, "
        + "handleOutput: async ({ processedOutput }) => { console.log(await getSessionStorage('all', 'all')); return processedOutput; }")]
    [InlineData("handleOutput: async ({ processedOutput }) => { console.log(processedOutput); return processedOutput; }")]
    public async Task Whatever_a_transformer_logs_of_a_text_with_quotes_and_line_breaks_is_masked(string handlers)
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: echo\nstart:\n  - say: \"{{ input.text }}\"", new JsonObject
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["transformers"] = new JsonObject
            {
                ["input"] = handlers.Contains("handleInput", StringComparison.Ordinal),
                ["output"] = handlers.Contains("handleOutput", StringComparison.Ordinal),
                ["executionFinished"] = handlers.Contains("handleExecutionFinished", StringComparison.Ordinal),
                ["source"] = $"createWebhookTransformer({{ {handlers} }});",
            },
        }, options: Posted.Unpumped);

        await connector.SayAsync("c", " my \"card\"\nis 4111 1111 ", at: 1_000);

        var log = await connector.LogAsync();
        Assert.Contains(log, line => line.Contains("***", StringComparison.Ordinal));
        Assert.DoesNotContain(log, line => line.Contains("4111", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_credentials_of_a_caller_are_logged_whatever_is_masked()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: new JsonObject
        {
            ["dataProtection"] = new JsonObject { ["maskSensitiveLogging"] = false, ["maskIpAddress"] = false },
            ["transformers"] = new JsonObject
            {
                ["input"] = true,
                ["source"] = "createWebhookTransformer({ handleInput: async ({ request, response }) => { console.log('seen', request); "
                    + "console.log(request.headers.authorization.split(' ')[1]); response.sendStatus(200); return null; } });",
            },
        }, options: Posted.Unpumped);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{connector.EndpointUrl}?say=hello");
        request.Headers.Add("Authorization", "Bearer secret-of-the-caller");
        request.Headers.Add("X-Api-Key", "key-of-the-caller");
        using var client = new HttpClient();

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        var log = await connector.LogAsync();
        Assert.Contains(log, line => line.Contains("seen", StringComparison.Ordinal) && line.Contains("hello", StringComparison.Ordinal));
        Assert.DoesNotContain(log, line => line.Contains("-of-the-caller", StringComparison.Ordinal));
        Assert.DoesNotContain(log, line => line.Contains(connector.EndpointUrl[^64..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_long_output_is_masked_in_each_of_its_messages()
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: long\nstart:\n  - say: \"{{ 'word '.repeat(2000) }}4111\"", new JsonObject
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["transformers"] = new JsonObject
            {
                ["output"] = true,
                ["source"] = "createWebhookTransformer({ handleOutput: async ({ processedOutput }) => { console.log(processedOutput.text); return processedOutput; } });",
            },
        }, options: Posted.Unpumped);

        await connector.SayAsync("c", "hi", at: 1_000);

        var log = await connector.LogAsync();
        Assert.True(log.Count > 1, "one message only");
        Assert.All(log, line => Assert.Equal("handleOutput: ***", line));
    }

    [Fact]
    public async Task The_query_of_a_get_is_masked()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: new JsonObject
        {
            ["transformers"] = new JsonObject
            {
                ["input"] = true,
                ["source"] = "createWebhookTransformer({ handleInput: async ({ request }) => { console.log(request.query.say, request.query); console.log(request.url); } });",
            },
        }, options: Posted.Unpumped);
        using var client = new HttpClient();

        using var answer = await client.GetAsync($"{connector.EndpointUrl}?say=my%20card%0A4111&also=4111", TestContext.Current.CancellationToken);

        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal(["handleInput: *** {\"say\":\"***\",\"also\":\"***\"}", "handleInput: /webhooks***"], await connector.LogAsync());
    }
}
