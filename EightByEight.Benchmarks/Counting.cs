using EightByEight.Connector;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Benchmarks;

/// <summary>How many storage requests a turn takes, from the webhook to the last delete, and how many an echo.</summary>
internal static class Counting
{
    public static async Task MeasureAsync(Stage stage, Report report, int conversations)
    {
        var requests = new StorageRequests();
        await using var connector = await stage.StartConnectorAsync(stage.NewAccount(), withWorker: true,
            builder => builder.Services.AddSingleton<HttpPipelinePolicyPerCall>(requests));
        var customers = new Customers(stage.Gateway, connector.EndpointUrl);
        var opened = new List<string>();
        for (var i = 0; i < conversations; i++) opened.Add(await customers.OpenAsync());
        await requests.QuietAsync();

        using var wire = await Wire.ConnectAsync(connector.EndpointUrl);
        foreach (var conversation in opened)
            if (await wire.SendAsync(SignedEvent.Echo(stage.Key, conversation).ToRequest(connector.EndpointUrl)) is not 200)
                throw new InvalidOperationException($"An echo was answered: {wire}");
        var echo = await requests.QuietAsync();

        foreach (var conversation in opened) await customers.SayAsync(conversation);
        var turn = (await requests.QuietAsync()).Without(echo); // each reply of the bot came back as an echo

        report.Head($"Storage requests ({conversations} conversations, a second turn and an echo each; looks at an empty queue left out)");
        report.Note("a turn", turn.PerEach(conversations));
        report.AtMost("requests a turn, webhook included", (double)turn.Total / conversations, 10, "");
        report.Note("an echo", echo.PerEach(conversations));
        report.AtMost("requests an echo", (double)echo.Total / conversations, 1, "");
    }
}
