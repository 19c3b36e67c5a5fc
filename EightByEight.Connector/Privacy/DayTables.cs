namespace EightByEight.Connector.Privacy;

/// <summary>The tables that rest by Endpoint and day.</summary>
internal sealed class DayTables(ConnectorStorage storage)
{
    public DayTable Logs { get; } = new(storage.Logs);

    /// <summary>All of them, by what a line of an export calls theirs.</summary>
    public IReadOnlyList<(string Kind, DayTable Table)> All => [("log", Logs), ("analytics", new(storage.Analytics))];
}
