using EightByEight.Connector.Privacy;
using EightByEight.Functions.Tests.Conversations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>What a log message's parameter is, its attribute says; nobody has to remember to mask it.</summary>
public sealed partial class DataClassesTests(AzuriteFixture azurite)
{
    [Fact]
    public void What_is_of_a_data_class_shows_as_asterisks_and_all_else_as_it_is()
    {
        using var logs = new RecordedLogs();
        using var services = new ServiceCollection().AddLogging(l => l.AddProvider(logs)).AddDataClasses().BuildServiceProvider();
        Said(services.GetRequiredService<ILogger<DataClassesTests>>(), "conversation-1", "my card is 4111");
        var line = Assert.Single(logs.Lines);
        Assert.Contains("conversation-1: ***.", line, StringComparison.Ordinal);
        Assert.DoesNotContain("4111", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_connector_logs_that_a_turn_failed_and_not_the_words_of_its_error()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: Posted.Unpumped);
        await connector.PostAsync("c", "MESSAGE", null, raw: """{"eventType":"MESSAGE","conversationId":"c","data":{"sender":{"type":"user"},"text":"4111 \ud800"}}""");

        await connector.ProcessAsync("c");

        Assert.Contains(connector.Logs.Lines, line => line.Contains("The turn of c, event ", StringComparison.Ordinal)
            && line.Contains("failed, attempt 1. InvalidOperationException: ***\n", StringComparison.Ordinal));
    }

    [LoggerMessage(1, LogLevel.Information, "{Conversation}: {Text}.")]
    private static partial void Said(ILogger logger, string conversation, [CustomerText] string text);
}
