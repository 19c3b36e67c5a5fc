using Microsoft.Playwright;

namespace EightByEight.Functions.Tests.Content;

/// <summary>The Adaptive Cards that this product makes, shown by the <c>adaptivecards</c> package in a real browser.</summary>
public sealed class RenderedCardTests(AzuriteFixture azurite)
{
    private const string Cards = """
        name: cards
        start:
          - if: input.text === 'hi'
            then:
              - say:
                  text: How can we help?
                  buttons:
                    - { title: Opening hours, url: "https://example.com/hours" }
                    - { title: Call us, phone: "+44 20 7946 0000" }
                    - { title: Talk to us, payload: agent }
                    - { title: Fourth, payload: "4" }
                    - { title: Fifth, payload: "5" }
                    - { title: Sixth, payload: "6" }
              - say:
                  text: Our favourites
                  gallery:
                    - { title: Red shoes, subtitle: For running, buttons: [ { title: Take the red ones, payload: red } ] }
                    - { title: Blue shoes, subtitle: For walking, buttons: [ { title: More about them, url: "https://example.com/blue" } ] }
              - say:
                  list:
                    items:
                      - { title: Order 4711, subtitle: On its way, buttons: [ { title: Track 4711, payload: order 4711 } ] }
                      - { title: Order 4712, subtitle: Delivered, url: "https://example.com/4712" }
                    button: { title: All orders, payload: all }
              - say:
                  adaptiveCard:
                    version: "1.5"
                    body:
                      - type: Table
                        columns: [ { width: 2 }, { width: 1 } ]
                        rows:
                          - { type: TableRow, cells: [ { type: TableCell, items: [ { type: TextBlock, text: Item } ] }, { type: TableCell, items: [ { type: TextBlock, text: Price } ] } ] }
                          - { type: TableRow, cells: [ { type: TableCell, items: [ { type: TextBlock, text: Tea } ] }, { type: TableCell, items: [ { type: TextBlock, text: "£ 42" } ] } ] }
              - say: { text: When shall we come?, datePicker: { button: Choose } }
            else:
              - say: "You said {{ input.text }}"
        """;

    [Fact]
    public async Task All_cards_that_are_made_show_and_answer()
    {
        await using var browser = await Browser.StartAsync();
        await using var connector = await TestConnector.StartAsync(azurite, Cards);
        var page = await browser.OpenAsync(connector.Simulator.Url);
        await page.SetViewportSizeAsync(1400, 2400);
        var customer = page.GetByTestId("customer-thread");
        await page.GetByTestId("start").ClickAsync();
        await page.GetByTestId("customer-text").FillAsync("hi");
        await page.GetByTestId("customer-send").ClickAsync();

        await Assertions.Expect(customer.Locator(".ac-adaptiveCard")).ToHaveCountAsync(5);
        foreach (var title in (string[])["Opening hours", "Call us", "Talk to us", "Fourth", "Fifth", "Sixth", "Take the red ones", "More about them", "Track 4711", "All orders"])
        {
            var button = customer.GetByRole(AriaRole.Button, new() { Name = title }).Or(customer.GetByRole(AriaRole.Link, new() { Name = title }));
            await Assertions.Expect(button).ToBeVisibleAsync();
            Assert.True(await button.EvaluateAsync<bool>("""
                button => {
                  const [card, own] = [button.closest('.ac-adaptiveCard'), button].map(one => one.getBoundingClientRect());
                  return own.left >= card.left && own.right <= card.right;
                }
                """), $"'{title}' is cut off.");
        }

        await Assertions.Expect(customer.GetByText("£ 42")).ToBeVisibleAsync();
        await Browser.ShootAsync(page, "content-cards");

        await customer.GetByRole(AriaRole.Button, new() { Name = "Take the red ones" }).ClickAsync();
        await Assertions.Expect(customer).ToContainTextAsync("You said red");
        await customer.Locator("input[type=date]").FillAsync("2026-04-30");
        await customer.GetByRole(AriaRole.Button, new() { Name = "Choose" }).ClickAsync();
        await Assertions.Expect(customer).ToContainTextAsync("You said 2026-04-30");
        await Browser.ShootAsync(page, "content-cards-answered");
        Assert.Empty(browser.Complaints);
    }
}
