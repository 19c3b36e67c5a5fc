namespace EightByEight.Simulator;

/// <summary>An 8x8 Chat Gateway that runs on this machine.</summary>
public sealed class Simulator;
