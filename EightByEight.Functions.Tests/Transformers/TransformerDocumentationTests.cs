using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Functions.Tests.Infrastructure;

namespace EightByEight.Functions.Tests.Transformers;

/// <summary>The examples of docs/transformers.md do what the text says.</summary>
public sealed partial class TransformerDocumentationTests(AzuriteFixture azurite)
{
    private static readonly string[] Examples =
        [.. Example().Matches(Repository.Read("docs/transformers.md")).Select(match => match.Groups[1].Value)];

    [Fact]
    public async Task The_first_example_counts_turns_and_marks_messages()
    {
        using var room = new TestRoom(azurite.NewAccount());
        JsonObject Given(string type) => new()
        {
            ["endpoint"] = new JsonObject { ["name"] = "Test" },
            ["conversation"] = new JsonObject { ["id"] = "c" },
            ["request"] = new JsonObject { ["body"] = new JsonObject { ["eventType"] = type, ["data"] = new JsonObject { ["text"] = " hi " } } },
        };
        Assert.Null((await room.RunAsync(Examples[0], Given("QUEUED"))).Value);
        await room.RunAsync(Examples[0], Given("MESSAGE"));
        var second = await room.RunAsync(Examples[0], Given("MESSAGE"));
        Assert.Equal(("hi", 2), ((string?)second.Value!["text"], (int?)second.Value["data"]!["turns"]));
        Assert.Equal("turn 2 of Test", second.Log[0].Message);
        var output = await room.RunAsync(Examples[0], new JsonObject { ["processedOutput"] = new JsonObject { ["text"] = "yes" } }, "handleOutput");
        Assert.Equal("yes (bot)", (string?)output.Value!["text"]);
    }

    [Fact]
    public async Task The_second_example_refuses_a_wrong_signature()
    {
        using var room = new TestRoom();
        var wrong = await room.RunAsync(Examples[1], Get("0000"));
        Assert.Equal((403, null), (wrong.Answer!.Status, wrong.Value));
        var signature = Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData("shared secret"u8, "7"u8));
        var right = await room.RunAsync(Examples[1], Get(signature));
        Assert.Equal((302, "https://example.com/thanks"), (right.Answer!.Status, right.Answer.Headers["location"]));
        Assert.Equal("7", (string?)right.Value!["data"]!["order"]);

        static JsonObject Get(string signature) => new()
        {
            ["request"] = new JsonObject
            {
                ["method"] = "GET",
                ["query"] = new JsonObject { ["order"] = "7", ["signature"] = signature, ["session"] = "c" },
                ["headers"] = new JsonObject(),
            },
            ["response"] = true,
        };
    }

    [Fact]
    public async Task The_third_example_answers_what_it_cannot_find()
    {
        using var room = new TestRoom(allowPrivate: false);
        var source = Examples[2].Replace("https://orders.example.com/", "http://127.0.0.1:1/", StringComparison.Ordinal);
        var result = await room.RunAsync(source, new JsonObject
        {
            ["request"] = new JsonObject { ["body"] = new JsonObject { ["order"] = "1" }, ["headers"] = new JsonObject() },
            ["response"] = true,
        }, "handleNotify");
        Assert.Equal((502, null), (result.Answer!.Status, result.Value));
    }

    [GeneratedRegex("```ts\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
