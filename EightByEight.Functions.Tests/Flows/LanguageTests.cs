using System.Text;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>What steps do to a conversation as a whole.</summary>
public class LanguageTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_flow_calls_another_and_what_is_excluded_is_sent_and_not_in_the_transcript()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: caller
            start:
              - once: [ { say: { text: Secretly hello., excludeFromTranscript: true } } ]
              - call: { flow: called, saveTo: context.answer }
              - say: "You said {{ context.answer }}."
            """);
        using var stored = await connector.Admin.PutAsync("/api/flows/called", new StringContent("""
            name: called
            start: [ { question: Well? }, { return: "{{ input.result }}" } ]
            """, Encoding.UTF8, "application/yaml"), TestContext.Current.CancellationToken);
        Assert.True(stored.IsSuccessStatusCode);

        var conversation = connector.Start("Hi");
        Assert.Equal(["Secretly hello.", "Well?"], await connector.BotSaysAsync(conversation, 2));
        connector.Gateway.CustomerSays(conversation, "Yes");
        Assert.Equal("You said Yes.", (await connector.BotSaysAsync(conversation, 3))[2]);
        connector.Gateway.CustomerSays(conversation, "Again");
        Assert.Equal("Well?", (await connector.BotSaysAsync(conversation, 4))[3]);

        var view = await connector.SettledAsync(conversation, 3);
        Assert.Equal(["Well?", "You said Yes.", "Well?"], view["turns"]!.AsArray().SelectMany(turn => turn!["outputs"]!.AsArray())
            .Select(output => (string)output!["text"]!));
    }

    [Fact]
    public async Task A_session_lives_as_long_as_its_flow_says()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: short
            start:
              - setSessionExpiration: 0.00001
              - set: { context.count: "{{ (context.count ?? 0) + 1 }}" }
              - say: "{{ context.count }}"
            """);
        var conversation = connector.Start("Hi");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.CustomerSays(conversation, "Hi");
        Assert.Equal(["1", "1"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task A_flow_reads_what_was_said_and_what_it_needs_to_know_of_its_input()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: memory
            start:
              - say: { text: Secret., excludeFromTranscript: true }
              - say: "{{ [input.endpointType, input.channel, input.execution, input.localeId, input.currentTime.year > 2000, input.inputId.length > 0].join(' ') }}"
              - transcript: { turns: 1, format: text, saveTo: context.said }
              - say: "{{ context.said }}"
            """, new System.Text.Json.Nodes.JsonObject { ["locale"] = "de" });
        var conversation = connector.Start("Hi");
        await connector.BotSaysAsync(conversation, 3);
        connector.Gateway.CustomerSays(conversation, "Well");

        var said = await connector.BotSaysAsync(conversation, 6);
        Assert.Equal("eightByEight WebChat 2 de true true", said[4]);
        Assert.Equal("user: Hi\nbot: eightByEight WebChat 1 de true true\nbot: user: Hi\nbot: eightByEight WebChat 1 de true true\n"
            + "user: Well\nbot: eightByEight WebChat 2 de true true", said[5]);
    }

    [Fact]
    public async Task A_flow_calls_its_handover_off()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: closing
            start:
              - handover: { queueId: "101", message: Please wait. }
                onQueued: [ closeHandover ]
              - say: "Back: {{ input.handover.status }}"
            """, new System.Text.Json.Nodes.JsonObject { ["handover"] = new System.Text.Json.Nodes.JsonObject { ["returnScriptId"] = "back" } });
        var conversation = connector.Start("human");
        Assert.Equal(["Please wait.", "Back: cancelled"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task A_flow_has_the_conversation_given_back_and_reads_the_url_token_where_it_names_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: handback
            start:
              - scheduleHandback: { userTimeoutMinutes: 20, saveTo: context.back }
              - say: "{{ context.back }} {{ input.URLToken }}"
            """);
        var conversation = connector.Start("Hi");
        Assert.Equal($"true {connector.EndpointUrl.Split('/')[^1]}", (await connector.BotSaysAsync(conversation, 1))[0]);
        Assert.Equal(1, connector.Gateway.Requests.GetValueOrDefault(EightByEight.Simulator.Operations.PostAgentAssignment));
    }

    [Fact]
    public async Task A_flow_reads_which_flow_it_is_its_language_its_goals_and_the_list_of_what_was_said()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: memory
            start:
              - track: greeted
              - transcript: { turns: 3, saveTo: context.said }
              - say: "{{ [input.flowName, input.language, input.completedGoals, input.intentFlow, JSON.stringify(context.said)].join(' ') }}"
            """, new System.Text.Json.Nodes.JsonObject { ["locale"] = "de-AT" });
        var conversation = connector.Start("Hi");

        Assert.Equal("""memory de greeted  [{"source":"user","text":"Hi"}]""", (await connector.BotSaysAsync(conversation, 1))[0]);
    }
}
