using EightByEight.Connector.Agents;

namespace EightByEight.Connector.Conversations;

/// <summary>That a virtual agent which does not call is asked what it has said since, at growing intervals.</summary>
/// <param name="DueAt">When it is asked next; milliseconds since 1970.</param>
/// <param name="Until">When that ends.</param>
/// <param name="Silences">How often it had said nothing since it said something.</param>
internal sealed record Listening(long DueAt, long Until, int Silences)
{
    /// <summary>The first look after something was said; null: it is not listened to so long.</summary>
    public static Listening? Begin(DateTimeOffset now, long until, AgentOptions options) => At(now, until, 0, options);

    /// <summary>The look after one at which nothing was said; null: that was the last.</summary>
    public Listening? Next(DateTimeOffset now, AgentOptions options) => At(now, Until, Silences + 1, options);

    private static Listening? At(DateTimeOffset now, long until, int silences, AgentOptions options)
    {
        var pause = Math.Min(options.LaterFirst.TotalMilliseconds * Math.Pow(2, silences), options.LaterLongest.TotalMilliseconds);
        var due = now.AddMilliseconds(pause).ToUnixTimeMilliseconds();
        return due <= until ? new Listening(due, until, silences) : null;
    }
}
