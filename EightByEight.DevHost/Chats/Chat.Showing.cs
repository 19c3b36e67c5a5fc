using System.Globalization;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Steps;
using Turn = EightByEight.Connector.Conversations.Turn;

namespace EightByEight.DevHost.Chats;

/// <content>What happens, as it is shown.</content>
internal sealed partial class Chat
{
    private readonly List<OfferedChoice> _choices = [];
    private readonly List<OutgoingMessage> _said = [];
    private Memory _memory = Memory.Nothing;
    private bool _showsSteps = true;
    private bool _isNewInput;

    private void Show(Step step)
    {
        // The engine has some of its own, which are in no document.
        if (!_showsSteps || _stage.FlowOf(step) is not { } flow) return;
        _page.Step($"{step.Kind}{(step.Id is { } id ? $" {id}" : "")}  (line {step.Line}{(flow == _source.Name ? "" : $" of {flow}")})");
    }

    private void Show(Turn turn)
    {
        if (turn is { Part: 0, Record: { Intent: { } intent, IntentScore: var score } })
            _page.Note(score is null ? $"Understood as {intent}." : string.Create(CultureInfo.InvariantCulture, $"Understood as {intent}, {score * 100:0} % sure."));
        if (_isNewInput && turn.Outputs.Count > 0)
        {
            _choices.Clear();
            _said.Clear();
            _isNewInput = false;
        }

        foreach (var message in turn.Outputs) Show(message);
        foreach (var line in turn.Log.SkipLast((turn.Warnings?.Count ?? 0) + (turn.Failure is null ? 0 : 1))) _page.Note($"log, {line.Level}: {line.Message}");
        // What could not be asked is told already.
        foreach (var warning in turn.Warnings ?? [])
            if (!_outside.Errors.Contains(warning.Message)) _page.Warn(Told(warning));
        if (turn.Failure is { } failure) _page.Wrong($"The Flow failed. {Told(failure)}");
        if (turn.UnsentReason is { } reason)
            _page.Warn(string.Join('\n', (turn.Unsent ?? []).Select(message => CustomerView.Of(message).Text).Prepend($"Not said: {reason}")));
        if (turn.Action is { } action) _page.Outside(Told(action));
    }

    private void Show(OutgoingMessage message)
    {
        var view = CustomerView.Of(message);
        var choices = view.Choices;
        // What a card of another channel offers is known to the session.
        if (view.IsPartial) choices = [.. _rehearsal.State.Session?.Offer?.Choices.Where(choice => choice.Number == 0 && !_choices.Contains(choice)) ?? []];
        _page.Say(view.Text);
        if (choices.Count > 0) _page.Offer(choices.Select((choice, i) => $"[{_choices.Count + i + 1}] {choice.Title}"));
        foreach (var hint in view.Hints) _page.Hint(hint);
        _choices.AddRange(choices);
        _said.Add(message);
    }

    private void ShowChanges()
    {
        var memory = Memory.Of(_rehearsal.State);
        if (_memory.Session is { } before && memory.Session != before)
        {
            _page.Note("This is a new session: the one before was over, with what it remembered.");
            _memory = Memory.Nothing;
        }

        foreach (var change in memory.Since(_memory)) _page.Change(change);
        _memory = memory;
    }

    private string Told(ConversationAction action)
    {
        if (action == ConversationAction.End) return "8x8 would close the conversation. What you write next begins a new one.";
        if (action != ConversationAction.HandOver || _rehearsal.State.Handover is not { Request: var request })
            return "8x8 would take the customer back from the queue.";
        var to = request.ScriptId is { } script ? $"script {script}" : $"queue {request.QueueId}";
        string[] along = [.. request.Summary is { Length: > 0 } summary ? [$"summary: {summary}"] : Array.Empty<string>(),
            .. request.Properties.Select(property => $"{property.Key}: {property.Value}")];
        return $"8x8 would give the customer to {to} now{(along.Length > 0 ? $" ({string.Join(", ", along)})" : "")}.\n"
            + "Play on with :queue, :agent joins, :agent <text>, :agent left, :time +10m, or write on as the customer.";
    }

    private static string Told(FlowFailure failure) =>
        $"{(failure.Flow is { } flow ? $"{flow}, " : "")}{failure.Step}{(failure.Line > 0 ? $", line {failure.Line}" : "")}: {failure.Message}";
}
