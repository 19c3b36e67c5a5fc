namespace EightByEight.Simulator;

/// <summary>What of the options can be changed while the simulator runs. In a change, null leaves as it is.</summary>
internal sealed record Switches(
    DeliveryOrder? DeliveryOrder,
    int? Copies,
    IReadOnlyDictionary<string, TimeSpan>? EventDelays,
    bool? TransferBeforeLeft,
    bool? ClickAlsoWrites,
    bool? PreSignedUrls,
    int? IdleMessageStatus,
    int? AvailableAgents,
    string? Schedule,
    string? StaleAssignment)
{
    public static Switches Of(SimulatorOptions options) => new(
        options.DeliveryOrder, options.Copies, options.EventDelays, options.TransferBeforeLeft, options.ClickAlsoWrites,
        options.PreSignedUrls, options.IdleMessageStatus, options.AvailableAgents, options.Schedule,
        options.StaleAssignment ?? "none");

    /// <exception cref="ArgumentException">A value is out of its bounds; nothing is changed.</exception>
    public void ApplyTo(SimulatorOptions options)
    {
        if (Copies is < 1 or > 100) throw new ArgumentException("copies has to be 1 to 100.");
        if (IdleMessageStatus is < 200 or > 599) throw new ArgumentException("idleMessageStatus has to be 200 to 599.");
        if (AvailableAgents is < 0 or > 1000) throw new ArgumentException("availableAgents has to be 0 to 1000.");
        if (Schedule is not (null or "open" or "closed" or ['c', 'h', 'o', 'i', 'c', 'e', >= '1' and <= '6']))
            throw new ArgumentException("schedule has to be open, closed, or choice1 to choice6.");
        if (StaleAssignment is not (null or "none" or "queue" or "agent"))
            throw new ArgumentException("staleAssignment has to be none, queue or agent.");
        if (EventDelays?.Values.Any(delay => delay < TimeSpan.Zero || delay > TimeSpan.FromHours(1)) == true)
            throw new ArgumentException("eventDelays have to be between 0 and one hour.");
        options.DeliveryOrder = DeliveryOrder ?? options.DeliveryOrder;
        options.Copies = Copies ?? options.Copies;
        options.EventDelays = EventDelays ?? options.EventDelays;
        options.TransferBeforeLeft = TransferBeforeLeft ?? options.TransferBeforeLeft;
        options.ClickAlsoWrites = ClickAlsoWrites ?? options.ClickAlsoWrites;
        options.PreSignedUrls = PreSignedUrls ?? options.PreSignedUrls;
        options.IdleMessageStatus = IdleMessageStatus ?? options.IdleMessageStatus;
        options.AvailableAgents = AvailableAgents ?? options.AvailableAgents;
        options.Schedule = Schedule ?? options.Schedule;
        if (StaleAssignment is not null) options.StaleAssignment = StaleAssignment == "none" ? null : StaleAssignment;
    }
}
