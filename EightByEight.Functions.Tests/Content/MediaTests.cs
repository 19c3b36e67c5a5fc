using System.Net;
using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Connector.Content;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Functions.Tests.Content;

/// <summary>Files that Flows name by URL: uploaded, or linked.</summary>
public sealed class MediaTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task An_image_is_uploaded_and_sent_with_its_description()
    {
        await using var files = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(FileServer.Png).AsTask());
        await using var connector = await StartAsync($"image: {{ url: \"{files.Url}/plan\", alt: How to get here }}");

        var conversation = connector.Start("hi");

        Assert.Equal(["How to get here"], await connector.BotSaysAsync(conversation, 1));
        var message = connector.Gateway.Messages(conversation)[^1];
        using var http = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        using var attachment = await http.GetAsync(
            $"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}/attachments/{Assert.Single(message.Attachments)}/content");
        Assert.Equal("plan.png", attachment.Content.Headers.ContentDisposition!.FileName);
        Assert.Equal(FileServer.Png, await attachment.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task The_same_file_is_uploaded_once_in_a_conversation()
    {
        await using var files = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(FileServer.Png).AsTask());
        await using var connector = await StartAsync($"image: \"{files.Url}/plan.png\"");
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerSays(conversation, "again");
        await connector.BotSaysAsync(conversation, 2);

        Assert.Single(files.Asked);
        Assert.Single(connector.Gateway.Messages(conversation).SelectMany(m => m.Attachments).Distinct());
    }

    [Fact]
    public async Task The_same_file_under_another_address_is_uploaded_once_in_a_conversation()
    {
        await using var files = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(FileServer.Png).AsTask());
        await using var connector = await StartAsync($"image: \"{files.Url}/{{{{ input.text === 'other' ? 'other' : 'plan' }}}}.png?signature={{{{ input.text }}}}\"");
        var conversation = connector.Start("1");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerSays(conversation, "2");
        await connector.BotSaysAsync(conversation, 2);
        connector.Gateway.CustomerSays(conversation, "other");
        await connector.BotSaysAsync(conversation, 3);

        Assert.Equal(3, files.Asked.Count);
        var sent = connector.Gateway.Messages(conversation).SelectMany(m => m.Attachments).ToArray();
        Assert.Equal(sent[0], sent[1]);
        Assert.NotEqual(sent[0], sent[2]);
        Assert.Equal(2, connector.Gateway.Requests[Operations.UploadAttachment]);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("page")]
    [InlineData("empty")]
    [InlineData("large")]
    [InlineData("endless")]
    [InlineData("slow")]
    [InlineData("broken")]
    public async Task What_cannot_be_fetched_is_linked(string fault)
    {
        await using var files = await FileServer.StartAsync(async context =>
        {
            switch (fault)
            {
                case "missing":
                    context.Response.StatusCode = 404;
                    break;
                case "page":
                    await context.Response.WriteAsync("<html>");
                    break;
                case "large":
                    context.Response.ContentLength = 10_000_000;
                    await context.Response.Body.WriteAsync(FileServer.Png);
                    break;
                case "endless":
                    await context.Response.Body.WriteAsync(FileServer.Png);
                    while (!context.RequestAborted.IsCancellationRequested) await context.Response.Body.WriteAsync(new byte[10_000]);
                    break;
                case "slow":
                    await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    break;
                case "broken":
                    context.Abort();
                    break;
            }
        });
        await using var connector = await StartAsync(
            $"image: {{ url: \"{files.Url}/plan.png\", alt: A plan }}", ("MaxBytes", "100000"), ("Timeout", "00:00:01"));

        var conversation = connector.Start("hi");

        Assert.Equal([$"A plan\n{files.Url}/plan.png"], await connector.BotSaysAsync(conversation, 1));
        Assert.Empty(connector.Gateway.Messages(conversation)[^1].Attachments);
    }

    [Fact]
    public async Task What_8x8_does_not_take_is_linked()
    {
        await using var files = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(FileServer.Png).AsTask());
        await using var connector = await StartAsync($"image: \"{files.Url}/plan.png\"");
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.UploadAttachment, 400));

        var conversation = connector.Start("hi");

        Assert.Equal([$"{files.Url}/plan.png"], await connector.BotSaysAsync(conversation, 1));
    }

    [Fact]
    public async Task An_upload_in_doubt_is_done_again()
    {
        await using var files = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(FileServer.Png).AsTask());
        await using var connector = await StartAsync($"image: \"{files.Url}/plan.png\"");
        connector.Gateway.Faults.Add(Fault.WorkThenAnswer(Operations.UploadAttachment, 503));

        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        Assert.Single(connector.Gateway.Messages(conversation)[^1].Attachments);
    }

    [Fact]
    public async Task Media_are_linked_where_the_endpoint_says_so()
    {
        await using var files = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(FileServer.Png).AsTask());
        await using var connector = await StartAsync($"image: \"{files.Url}/plan.png\"");
        await connector.PatchAsync(new JsonObject { ["content"] = new JsonObject { ["media"] = "link" } });

        var conversation = connector.Start("hi");

        Assert.Equal([$"{files.Url}/plan.png"], await connector.BotSaysAsync(conversation, 1));
        Assert.Empty(files.Asked);
    }

    [Theory]
    [InlineData("http://127.0.0.1")]
    [InlineData("http://localhost")]
    [InlineData("http://[::1]")]
    [InlineData("http://[::ffff:127.0.0.1]")]
    public async Task Nothing_is_fetched_from_this_machine_or_network(string host)
    {
        await using var files = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(FileServer.Png).AsTask());
        var url = $"{host}:{new Uri(files.Url).Port}/plan.png";
        await using var connector = await StartAsync($"image: \"{url}\"", ("AllowPrivateAddresses", "false"));

        var conversation = connector.Start("hi");

        Assert.Equal([url], await connector.BotSaysAsync(conversation, 1));
        Assert.Empty(files.Asked);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("168.63.129.16")]
    [InlineData("100.100.100.200")]
    [InlineData("10.1.2.3")]
    [InlineData("172.31.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::")]
    public void Addresses_that_only_this_server_reaches_are_not_public(string address) =>
        Assert.False(PublicAddress.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("172.32.0.1")]
    [InlineData("2606:4700::1111")]
    public void Addresses_of_the_internet_are_public(string address) => Assert.True(PublicAddress.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("89504E470D0A1A0A", "image/png", "plan", "plan.png")]
    [InlineData("FFD8FFE0", "image/jpeg", "cat.jpeg", "cat.jpeg")]
    [InlineData("25504446", "application/octet-stream", "a", "a.bin")]
    [InlineData("255044462D312E37", "application/pdf", "invoice.exe", "invoice.exe.pdf")]
    [InlineData("504B0304", "application/zip", "report.docx", "report.docx")]
    [InlineData("3C68746D6C3E", "application/octet-stream", "page.html", "page.html")]
    [InlineData("FFFB9064", "audio/mpeg", null, "file.mp3")]
    [InlineData("000000206674797069736F6D", "video/mp4", "a.mov", "a.mov.mp4")]
    public void A_file_is_what_its_first_bytes_say(string hex, string contentType, string? name, string named)
    {
        var type = FileType.Of(Convert.FromHexString(hex));

        Assert.Equal(contentType, type.ContentType);
        Assert.Equal(named, type.Name(name));
    }

    private Task<TestConnector> StartAsync(string rich, params (string Name, string Value)[] media) => TestConnector.StartAsync(azurite, $"""
        name: media
        start:
          - say:
              {rich}
        """, options: TestConnector.Quick.Where(o => media.All(m => o.Key != $"Connector:Media:{m.Name}"))
        .Concat(media.Select(m => KeyValuePair.Create<string, string?>($"Connector:Media:{m.Name}", m.Value))).ToDictionary());

    [Theory]
    [InlineData("GIF8", 3_000_000, true)]
    [InlineData("GIF8", 4_500_000, false)]
    [InlineData("BM", 1_000, false)]
    public async Task WhatsApp_takes_images_of_its_types_only(string head, int size, bool isTaken)
    {
        await using var files = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(
            (byte[])[.. System.Text.Encoding.ASCII.GetBytes(head), .. new byte[size]]).AsTask());
        await using var connector = await StartAsync($"image: \"{files.Url}/a\"");

        var conversation = connector.Start("hi", "WhatsApp");
        await connector.BotSaysAsync(conversation, 1);

        Assert.Equal(isTaken, connector.Gateway.Messages(conversation)[^1].Attachments.Count == 1);
    }

    [Fact]
    public async Task A_link_that_fills_a_message_stands_alone()
    {
        await using var files = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        var url = $"{files.Url}/{new string('a', 1_000 - files.Url.Length - 1)}";
        await using var connector = await StartAsync($"image: {{ url: \"{url}\", alt: A plan }}");

        var conversation = connector.Start("hi", "Viber");

        Assert.Equal(["A plan", url], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task A_link_in_place_of_a_file_fits_with_its_text_into_a_message()
    {
        await using var files = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        await using var connector = await StartAsync($"{{ text: \"{string.Concat(Enumerable.Repeat("word ", 198)).Trim()}\", image: \"{files.Url}/a.png\" }}");

        var conversation = connector.Start("hi", "Viber");

        var said = await connector.BotSaysAsync(conversation, 2);
        Assert.All(said, one => Assert.InRange(one.Length, 1, 1_000));
        Assert.EndsWith("/a.png", said[^1]);
        Assert.Equal(198, string.Join(' ', said).Split(' ', '\n').Count(word => word == "word"));
    }
}
