using EightByEight.Connector.Privacy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>What a log message's parameter is, its attribute says; nobody has to remember to mask it.</summary>
public sealed partial class DataClassesTests
{
    [Fact]
    public void What_is_of_a_data_class_shows_as_asterisks_and_all_else_as_it_is()
    {
        using var logs = new RecordedLogs();
        using var services = new ServiceCollection().AddLogging(l => l.AddProvider(logs)).AddDataClasses().BuildServiceProvider();
        Said(services.GetRequiredService<ILogger<DataClassesTests>>(), "conversation-1", "my card is 4111", "ann", "token-9");
        var line = Assert.Single(logs.Lines);
        Assert.Contains("conversation-1: *** of ***, ***.", line, StringComparison.Ordinal);
        Assert.DoesNotContain("4111", line, StringComparison.Ordinal);
    }

    [LoggerMessage(1, LogLevel.Information, "{Conversation}: {Text} of {User}, {Token}.")]
    private static partial void Said(ILogger logger, string conversation, [CustomerText] string text, [CustomerId] string user, [Secret] string token);
}
