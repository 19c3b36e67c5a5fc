namespace EightByEight.Connector.Flows;

/// <summary>A step cannot do its work; ends the turn as a <see cref="FlowFailure"/> of that step.</summary>
internal sealed class StepException(string message, Exception? cause = null) : Exception(message, cause);
