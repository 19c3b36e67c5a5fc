using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Functions.Tests.Conversations;
using Microsoft.Extensions.Configuration;
using SkiaSharp;

namespace EightByEight.Functions.Tests.Files;

/// <summary>From the customer's file to the Flow, to our URL, and back to the customer.</summary>
public sealed class FileRouteTests(AzuriteFixture azurite)
{
    private const string Flow = """
        name: files
        start:
          - if: input.data.attachments
            then:
              - say: "{{ input.data.attachments[0].status }} {{ input.data.attachments[0].url }}"
              - say: { image: "{{ input.data.attachments[0].url }}" }
        """;

    [Fact]
    public async Task A_picture_goes_into_the_storage_and_from_there_back_to_the_customer()
    {
        await using var connector = await StartAsync();
        var picture = ImageSizeTests.Image(200, 100);
        var conversation = connector.Start();
        connector.Gateway.CustomerSendsFile(conversation, "plan.png", picture);

        var said = await connector.BotSaysAsync(conversation, 2);

        Assert.StartsWith("stored https://bot.example.com/files/", said[0], StringComparison.Ordinal);
        var sent = Assert.Single(connector.Gateway.Messages(conversation)[^1].Attachments);
        using var http = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        Assert.Equal(picture, await http.GetByteArrayAsync(
            $"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}/attachments/{sent}/content", Token));

        var url = connector.Host.Url + new Uri(said[0]["stored ".Length..]).AbsolutePath;
        await ServesAsync(http, url, picture);
        await ResizesAsync(http, url);
        await TestsAsync(connector);
    }

    [Fact]
    public async Task A_smaller_copy_is_made_once_and_a_few_of_an_image_are_kept()
    {
        await using var connector = await StartAsync(new Dictionary<string, string?> { ["Connector:Files:MaxVariants"] = "1" });
        var conversation = connector.Start();
        connector.Gateway.CustomerSendsFile(conversation, "plan.png", ImageSizeTests.Image(200, 100));
        var url = connector.Host.Url + new Uri((await connector.BotSaysAsync(conversation, 2))[0]["stored ".Length..]).AbsolutePath;
        using var http = new HttpClient();
        foreach (var width in (int[])[50, 40]) Assert.Equal(width, await WidthAsync(http, url, width));

        var container = connector.Service<ConnectorStorage>().FileContainer("files");
        var objects = await container.GetBlobsAsync(cancellationToken: Token).Select(blob => blob.Name).ToListAsync(Token);
        await container.DeleteBlobAsync(Assert.Single(objects, name => !name.Contains('~', StringComparison.Ordinal)), cancellationToken: Token);

        Assert.Single(objects, name => name.Contains('~', StringComparison.Ordinal));
        // Without the image itself, only what was kept can be had.
        Assert.Equal(50, await WidthAsync(http, url, 50));
        using var other = await http.GetAsync(url + "?maxWidth=40", Token);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Fact]
    public async Task What_was_stored_before_the_Endpoint_got_another_storage_is_served_from_where_it_lies()
    {
        await using var connector = await StartAsync();
        var picture = ImageSizeTests.Image(200, 100);
        var conversation = connector.Start();
        connector.Gateway.CustomerSendsFile(conversation, "plan.png", picture);
        var url = connector.Host.Url + new Uri((await connector.BotSaysAsync(conversation, 2))[0]["stored ".Length..]).AbsolutePath;
        using var http = new HttpClient();

        foreach (var settings in (JsonObject[])[new() { ["azure"] = new JsonObject { ["container"] = "others" } }, new() { ["provider"] = "none" }])
        {
            await connector.PatchAsync(new() { ["fileStorage"] = settings });
            Assert.Equal(picture, await http.GetByteArrayAsync(url, Token));
            Assert.Equal(50, await WidthAsync(http, url, 50));
        }
    }

    private static async Task<int> WidthAsync(HttpClient http, string url, int most)
    {
        using var image = SKBitmap.Decode(await http.GetByteArrayAsync($"{url}?maxWidth={most}", Token));
        return image.Width;
    }

    private static async Task ServesAsync(HttpClient http, string url, byte[] picture)
    {
        using var answer = await http.GetAsync(url, Token);
        Assert.Equal(picture, await answer.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal("image/png", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
        using var renamed = await http.GetAsync(url[..(url.LastIndexOf('/') + 1)] + "other.png", Token);
        var other = url.Split('/');
        other[^2] = new string('0', 40);
        using var unknown = await http.GetAsync(string.Join('/', other), Token);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (renamed.StatusCode, unknown.StatusCode));
    }

    private static async Task ResizesAsync(HttpClient http, string url)
    {
        using var small = SKBitmap.Decode(await http.GetByteArrayAsync(url + "?maxWidth=50", Token));
        Assert.Equal((50, 25), (small.Width, small.Height));

        using var tooSmall = await http.GetAsync(url + "?maxFileSizeInBytes=10", Token);
        Assert.Equal(HttpStatusCode.InternalServerError, tooSmall.StatusCode);
        Assert.Contains("even at the lowest quality", (string)(await tooSmall.Content.ReadFromJsonAsync<JsonObject>(Token))!["detail"]!, StringComparison.Ordinal);
        using var wrong = await http.GetAsync(url + "?maxWidth=wide", Token);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    private static async Task TestsAsync(TestConnector connector)
    {
        using var tested = await connector.Admin.PostAsync($"/api/endpoints/{connector.EndpointId}/test", null, Token);
        var check = (await tested.Content.ReadFromJsonAsync<JsonObject>(Token))!["checks"]!.AsArray()
            .Single(check => (string)check!["name"]! == "fileStorage")!;
        Assert.Equal((true, "The file storage takes files and gives them back."), ((bool)check["ok"]!, (string)check["message"]!));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// Nothing of loopback is fetched: what 8x8 has comes through its API, and what goes back to it comes from the storage.
    /// </summary>
    private Task<TestConnector> StartAsync(IReadOnlyDictionary<string, string?>? more = null) => TestConnector.StartAsync(
        azurite, Flow, new JsonObject { ["fileStorage"] = new JsonObject { ["provider"] = "azure" } },
        configure: builder => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Connector:Files:BaseUrl"] = "https://bot.example.com",
            ["Connector:Media:AllowPrivateAddresses"] = "false",
        }).AddInMemoryCollection(more ?? new Dictionary<string, string?>()));
}
