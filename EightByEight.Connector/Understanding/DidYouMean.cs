using EightByEight.Connector.Content;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Understanding;

/// <summary>Offers what a customer may have meant: a click on one triggers that intent.</summary>
/// <param name="text">What is said with it.</param>
/// <param name="from">From which score an intent is offered.</param>
internal sealed class DidYouMean(Template text, double from) : Step
{
    public double From => from;

    public override Outcome Run(Turn turn)
    {
        var offered = turn.Heard!.Guesses.Select(guess => turn.Heard.By!.Intents.FirstOrDefault(intent => intent.Name == guess.Intent)).OfType<Intent>();
        turn.Say(new Output
        {
            Text = text.Render(turn, this),
            QuickReplies = [.. offered.Select(intent => new QuickReply(intent.Title?.Render(turn, this) ?? intent.Name, TriggeredIntent.Prefix + intent.Name))],
        });
        return Outcome.End;
    }
}
