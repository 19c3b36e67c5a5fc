using EightByEight.Connector.ChatGateway;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EightByEight.Functions.Tests.ChatGateway;

public sealed class OptionsTests
{
    [Theory]
    [InlineData("MaxRetries", "0")]
    [InlineData("BreakerBreak", "00:00:00")]
    [InlineData("AttemptTimeout", "00:00:16")]
    public async Task A_wrong_value_stops_the_start_and_is_named(string key, string value)
    {
        await using var connected = new Connected((key, value));
        var e = Assert.Throws<OptionsValidationException>(() => connected.Services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Contains(key, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_defaults_are_valid()
    {
        await using var connected = new Connected();
        connected.Services.GetRequiredService<IStartupValidator>().Validate();

        Assert.Equal(TimeSpan.FromSeconds(15), connected.Services.GetRequiredService<IOptions<ChatGatewayOptions>>().Value.TotalTimeout);
    }
}
