using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows;
using EightByEight.Functions.Tests.Flows;

namespace EightByEight.Functions.Tests.Content;

/// <summary>One Flow step for each kind of output: what the golden files and the page about content are made from.</summary>
internal static class Samples
{
    public static readonly IReadOnlyList<(ChannelKind Kind, string Name)> Channels =
    [
        (ChannelKind.WebChat, "WebChat"), (ChannelKind.WhatsApp, "WhatsApp"), (ChannelKind.Rcs, "RCS"), (ChannelKind.Viber, "Viber"),
        (ChannelKind.Sms, "SMS"), (ChannelKind.Email, "Email"),
    ];

    public static readonly IReadOnlyList<(string Name, string Title, string Step)> Outputs =
    [
        ("text", "Text", "say: \"Hello <b>Ann</b>!<br>See <a href='https://example.com/help'>our help</a>.\""),
        ("quick-replies", "Quick replies", """
            say:
              text: Which size?
              quickReplies: [ { title: Small, payload: s }, { title: Large, payload: l }, { title: Advice, intent: size help } ]
            """),
        ("quick-replies-7", "Quick replies, 7", """
            say:
              text: Which day?
              quickReplies: [ Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday ]
            """),
        ("quick-replies-12", "Quick replies, 12", """
            say:
              text: Which month?
              quickReplies: [ January, February, March, April, May, June, July, August, September, October, November, December ]
            """),
        ("quick-replies-phone", "Quick replies with a phone number", """
            say:
              text: How shall we talk?
              quickReplies: [ { title: Chat, payload: chat }, { title: Call us, phone: "+44 20 7946 0000" } ]
            """),
        ("buttons-postback", "Buttons, postbacks only", """
            say:
              text: What next?
              buttons: [ { title: Track my order, payload: track }, { title: Return it, payload: return } ]
            """),
        ("button-url", "One button with a URL", """
            say:
              text: Your invoice is ready.
              buttons: [ { title: Open the invoice, url: "https://example.com/invoice/7" } ]
            """),
        ("buttons-mixed", "Buttons, mixed", """
            say:
              text: How can we help?
              buttons:
                - { title: Opening hours, url: "https://example.com/hours" }
                - { title: Call us, phone: "+44 20 7946 0000" }
                - { title: Talk to us, payload: agent }
            """),
        ("gallery", "Gallery", """
            say:
              text: Our favourites
              gallery:
                - title: Red shoes
                  subtitle: For running
                  image: https://example.com/red.png
                  imageAlt: A pair of red shoes
                  buttons: [ { title: Take the red ones, payload: red }, { title: More about them, url: "https://example.com/red" } ]
                - title: Blue shoes
                  subtitle: For walking
                  image: https://example.com/blue.png
                  buttons: [ { title: Take the blue ones, payload: blue } ]
                - { title: Green shoes, image: "https://example.com/green.png" }
            """),
        ("list", "List of choices", """
            say:
              text: Your orders
              list:
                items:
                  - { title: Order 4711, subtitle: On its way, buttons: [ { title: Track 4711, payload: order 4711 } ] }
                  - { title: Order 4712, subtitle: Delivered, buttons: [ { title: Track 4712, payload: order 4712 } ] }
                button: { title: All orders, payload: all }
            """),
        ("list-links", "List of links", """
            say:
              list:
                - { title: Shipping, subtitle: Costs and times, url: "https://example.com/shipping", image: "https://example.com/van.png" }
                - { title: Returns, url: "https://example.com/returns" }
            """),
        ("image", "Image", "say: { image: { url: \"https://example.com/plan.png\", alt: How to get here } }"),
        ("audio", "Audio", "say: { text: Listen to this, audio: \"https://example.com/hello.mp3\" }"),
        ("video", "Video", "say: { video: { url: \"https://example.com/setup.mp4\", alt: Setting it up } }"),
        ("file", "File", "say: { file: { url: \"https://example.com/f/8812\", name: invoice.pdf, alt: Your invoice } }"),
        ("adaptive-card", "Adaptive Card", """
            say:
              adaptiveCard:
                type: AdaptiveCard
                version: "1.5"
                body:
                  - { type: TextBlock, text: "Your order", style: heading, weight: Bolder }
                  - { type: FactSet, facts: [ { title: "Total:", value: "£ 42" } ] }
                  - type: Table
                    columns: [ { width: 2 }, { width: 1 } ]
                    rows:
                      - { type: TableRow, cells: [ { type: TableCell, items: [ { type: TextBlock, text: Item } ] }, { type: TableCell, items: [ { type: TextBlock, text: Price } ] } ] }
                      - { type: TableRow, cells: [ { type: TableCell, items: [ { type: TextBlock, text: Tea } ] }, { type: TableCell, items: [ { type: TextBlock, text: "£ 42" } ] } ] }
                actions:
                  - { type: Action.Execute, title: Confirm, verb: confirm, data: { postback: confirmed } }
                  - { type: Action.OpenUrl, title: Terms, url: "https://example.com/terms" }
            """),
        ("adaptive-card-fallback", "Adaptive Card with a fallback text", """
            say:
              adaptiveCard: { type: AdaptiveCard, version: "1.3", body: [ { type: Input.Text, id: name, label: Your name } ], actions: [ { type: Action.Submit, title: Send } ] }
              fallbackText: Please tell us your name.
            """),
        ("date-picker", "Date picker", "say: { text: When shall we come?, datePicker: { button: Choose, min: \"2026-01-01\" } }"),
        ("channel-card", "A channel's own card", """
            say:
              text: Your parcel comes today.
              channelCard: { type: Template, content: { name: parcel_today, language: en, components: [] } }
            """),
        ("raw", "Raw 8x8 message", """
            say:
              eightByEight:
                authorType: customer
                text: Hello
                cards: [ { contentType: application/8x8.quick.replies, content: { options: [ { title: "Yes", data: { postback: "yes" } } ] } } ]
            """),
    ];

    public static Output Output(string name) => Run(Outputs.Single(sample => sample.Name == name).Step);

    /// <summary>What a Flow of one step says.</summary>
    public static Output Run(string step)
    {
        var flow = "name: sample\nstart:\n  - " + step.ReplaceLineEndings("\n    ");
        var result = Flow.Parse(flow).Run(new FlowInput { Input = [], Context = [], Profile = [] }, CancellationToken.None);
        Assert.Null(result.Failure);
        Assert.Empty(result.Warnings);
        return Assert.Single(result.Outputs);
    }

    public static Converted Convert(Output output, ChannelKind kind, ContentSettingsChange? change = null)
    {
        var settings = new Connector.Endpoints.ContentSettings();
        return OutgoingContent.ToMessages(output, new ChannelContext(kind, change?.Invoke(settings) ?? settings, "1-1"));
    }

    public delegate Connector.Endpoints.ContentSettings ContentSettingsChange(Connector.Endpoints.ContentSettings settings);

    /// <summary>The messages as 8x8 gets them (files to upload under <c>$media</c>), readable and always alike.</summary>
    public static string Json(IReadOnlyList<OutgoingMessage> messages)
    {
        var array = new JsonArray([.. messages.Select(message =>
            JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(message, ChatGatewayJson.Default.OutgoingMessage)))]);
        return array.ToJsonString(Readable).ReplaceLineEndings("\n") + "\n";
    }

    private static readonly System.Text.Json.JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
