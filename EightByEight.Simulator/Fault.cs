using System.IO.Enumeration;
using System.Text.Json;

namespace EightByEight.Simulator;

/// <summary>What becomes of a request that a fault strikes.</summary>
public enum FaultEnd
{
    /// <summary>The usual answer.</summary>
    Answer,

    /// <summary>The answer is <see cref="Fault.Status"/>.</summary>
    Status,

    /// <summary>The connection is dropped.</summary>
    Drop,

    /// <summary>No answer comes; the client has to give up.</summary>
    Hang,
}

/// <summary>
/// One thing that goes wrong for the next requests that match. In JSON the members are camelCase and times are
/// written <c>hh:mm:ss.fff</c>.
/// </summary>
public sealed record Fault
{
    /// <summary>The operation it strikes, such as <c>sendMessage</c>, or <c>deliver</c> for webhook events; null strikes all.</summary>
    public string? Operation { get; init; }

    /// <summary>A path with <c>*</c> as wildcard, such as <c>*/conversations/42/messages</c>; null matches all.</summary>
    public string? Path { get; init; }

    /// <summary>How many matching requests pass before it strikes.</summary>
    public int Skip { get; init; }

    /// <summary>How many matching requests it strikes.</summary>
    public int Times { get; init; } = 1;

    /// <summary>Whether the request is carried out, whatever the client is told.</summary>
    public bool Works { get; init; } = true;

    /// <summary>How the request ends.</summary>
    public FaultEnd End { get; init; }

    /// <summary>The status for <see cref="FaultEnd.Status"/>.</summary>
    public int Status { get; init; } = 500;

    /// <summary>The body for <see cref="FaultEnd.Status"/>; by default one in the Generic shape of 8x8.</summary>
    public JsonElement? Body { get; init; }

    /// <summary>Sent as <c>Retry-After</c>, in whole seconds.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>A wait before the request is looked at, or before an event is delivered; other events overtake it.</summary>
    public TimeSpan DelayBefore { get; init; }

    /// <summary>A wait between the work and the answer.</summary>
    public TimeSpan DelayAfter { get; init; }

    /// <summary>
    /// A message is accepted now, and listed and echoed only after this time. A change of an assignment is accepted now,
    /// and made only after this time.
    /// </summary>
    public TimeSpan VisibilityDelay { get; init; }

    /// <summary>For <c>deliver</c>: how many copies of the event are sent at the same time.</summary>
    public int Copies { get; init; } = 1;

    /// <summary>Answers without doing the work.</summary>
    public static Fault Refuse(string? operation, int status, int times = 1, TimeSpan? retryAfter = null) => new()
    {
        Operation = operation,
        Works = false,
        End = FaultEnd.Status,
        Status = status,
        Times = times,
        RetryAfter = retryAfter,
    };

    /// <summary>Drops the connection without doing the work.</summary>
    public static Fault Drop(string? operation, int times = 1) =>
        new() { Operation = operation, Works = false, End = FaultEnd.Drop, Times = times };

    /// <summary>Does the work, then answers with an error status.</summary>
    public static Fault WorkThenAnswer(string? operation, int status, int times = 1) =>
        new() { Operation = operation, End = FaultEnd.Status, Status = status, Times = times };

    /// <summary>Does the work, then drops the connection.</summary>
    public static Fault WorkThenDrop(string? operation, int times = 1) =>
        new() { Operation = operation, End = FaultEnd.Drop, Times = times };

    /// <summary>Does the work, then leaves the client without an answer.</summary>
    public static Fault WorkThenHang(string? operation, int times = 1) =>
        new() { Operation = operation, End = FaultEnd.Hang, Times = times };

    /// <summary>Accepts messages now and shows them later.</summary>
    public static Fault ShowLater(TimeSpan delay, int times = 1) =>
        new() { Operation = Operations.SendMessage, VisibilityDelay = delay, Times = times };

    /// <summary>Delivers events several times at once.</summary>
    public static Fault Duplicate(int copies, int times = 1) =>
        new() { Operation = Operations.Deliver, Copies = copies, Times = times };

    /// <summary>Delivers events late, so that others overtake them.</summary>
    /// <param name="eventType">Such as <c>TRANSFER</c>; null for any.</param>
    public static Fault DeliverLater(TimeSpan delay, string? eventType = null, int times = 1) =>
        new() { Operation = Operations.Deliver, Path = eventType, DelayBefore = delay, Times = times };

    /// <summary>Accepts changes of conversations with 202, and never makes them.</summary>
    public static Fault IgnoreAssignment(int times = 1) => Refuse(Operations.PatchConversation, 202, times);

    internal bool Matches(string operation, string path) =>
        (Operation is null ? operation != Operations.Deliver : Operation == operation)
        && (Path is null || FileSystemName.MatchesSimpleExpression(Path, path, ignoreCase: false));
}

/// <summary>The faults that are set. Safe for concurrent use; the first that matches strikes.</summary>
public sealed class Faults
{
    private readonly Lock _gate = new();
    private readonly List<Armed> _armed = [];

    /// <summary>Sets a fault beside those already set.</summary>
    public void Add(Fault fault)
    {
        lock (_gate) _armed.Add(new Armed(fault) { Skip = fault.Skip, Left = fault.Times });
    }

    /// <summary>Takes all faults away.</summary>
    public void Clear()
    {
        lock (_gate) _armed.Clear();
    }

    /// <summary>The faults that have not struck as often as they should, with what is left in <see cref="Fault.Times"/>.</summary>
    public IReadOnlyList<Fault> Pending
    {
        get
        {
            lock (_gate) return [.. _armed.Select(armed => armed.Fault with { Skip = armed.Skip, Times = armed.Left })];
        }
    }

    internal Fault? Take(string operation, string path)
    {
        lock (_gate)
        {
            foreach (var armed in _armed)
            {
                if (!armed.Fault.Matches(operation, path)) continue;
                if (armed.Skip > 0)
                {
                    armed.Skip--;
                    continue;
                }

                if (--armed.Left <= 0) _armed.Remove(armed);
                return armed.Fault;
            }
        }

        return null;
    }

    private sealed class Armed(Fault fault)
    {
        public Fault Fault { get; } = fault;

        public int Skip { get; set; }

        public int Left { get; set; }
    }
}
