using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EightByEight.Connector;

/// <summary>The names under which the product traces and measures itself. Tags carry ids, never texts or secrets.</summary>
public static class Telemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "EightByEight.Connector";

    internal static readonly ActivitySource Activities = new(Name);

    private static readonly Meter Meter = new(Name);

    internal static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "eightbyeight.webhook.refused", "{request}", "Webhook requests that were refused, by status; 401 is a refused signature.");

    internal static readonly Histogram<double> InboxAge = Meter.CreateHistogram<double>(
        "eightbyeight.inbox.age", "s", "From the receipt of an event to the commit of its turn.");

    internal static readonly Histogram<double> TurnDuration = Meter.CreateHistogram<double>(
        "eightbyeight.turn.duration", "s", "From the start of a turn to its last output accepted by 8x8, or to its commit where it has none.");

    internal static readonly Counter<long> Parked = Meter.CreateCounter<long>(
        "eightbyeight.parked", "{item}", "Work set aside for a person, by kind.");
}
