using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector.Flows;

/// <summary>What one turn of a Flow may do (configuration section <c>Connector:Flows</c>). Beyond a limit the Flow fails.</summary>
public sealed record FlowLimits
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:Flows";

    /// <summary>How many steps a turn may run. Default 100.</summary>
    [Range(10, 100_000)]
    public int Steps { get; init; } = 100;

    /// <summary>How many things a turn may say. Default 25.</summary>
    [Range(1, 1_000)]
    public int Outputs { get; init; } = 25;

    /// <summary>How often a turn may run the same step; in a loop, each pass of it. Default 4.</summary>
    [Range(1, 250)]
    public int Repeats { get; init; } = 4;

    /// <summary>How large <c>context</c> may be, in bytes of JSON; that of a called Flow is measured alone. Default 64 KiB.</summary>
    [Range(1024, 1024 * 1024)]
    public int ContextBytes { get; init; } = 64 * 1024;

    /// <summary>How many Flows may have called one another at a time. Default 10.</summary>
    [Range(1, 100)]
    public int Calls { get; init; } = 10;

    /// <summary>
    /// How long all expressions and all code of a turn may take together; what is asked of others in between gives them the whole time
    /// again. Default 1 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:10")]
    public TimeSpan ScriptTime { get; init; } = TimeSpan.FromSeconds(1);
}
