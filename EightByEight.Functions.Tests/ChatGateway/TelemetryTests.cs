using System.Diagnostics.Metrics;
using EightByEight.Connector.ChatGateway;
using Microsoft.Extensions.DependencyInjection;
using static EightByEight.Functions.Tests.ChatGateway.GatewayServer;

namespace EightByEight.Functions.Tests.ChatGateway;

public sealed class TelemetryTests
{
    [Theory]
    [InlineData("""{"message":"no","code":"invalid_queue"}""", "invalid_queue")]
    [InlineData("""{"message":"no","code":"KA:1234567"}""", "other")]
    [InlineData("", "none")]
    public async Task Failures_are_counted_by_operation_code_and_status(string problem, string code)
    {
        await using var connected = new Connected();
        var meters = connected.Services.GetRequiredService<IMeterFactory>();
        var counted = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "eightbyeight.chat_gateway.errors" && ReferenceEquals(instrument.Meter.Scope, meters))
                    l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
            counted.Add($"{count} {string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"))}"));
        listener.Start();
        await using var gateway = await StartAsync(Json(problem, 400));
        await Assert.ThrowsAsync<ChatGatewayException>(() =>
            connected.Client.SendMessageAsync(gateway.Account, "ID-0", new OutgoingMessage(Text: "x"), CancellationToken.None));

        Assert.Equal([$"1 operation=SendMessage code={code} http.response.status_code=400"], counted);
    }
}
