using EightByEight.Connector.Flows.Scripting;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Writes a line to the Endpoint's log, for those who run it.</summary>
internal sealed class Log : Step
{
    private static readonly Dictionary<string, LogLevel> Levels = new()
    {
        ["debug"] = LogLevel.Debug,
        ["info"] = LogLevel.Information,
        ["warning"] = LogLevel.Warning,
        ["error"] = LogLevel.Error,
    };

    private Template? _message;
    private LogLevel _level = LogLevel.Information;

    public static Log Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new Log { Path = source.Path, Line = source.Line };
        if (source.Object("message", "message", "level") is not { } map) return step;
        if (source.Require(map, "message", "message: No order found") is { } message) step._message = source.Compiler.Template(message, "message");
        if (map.Find("level") is not { } level) return step;
        if (level is ScalarNode scalar && Levels.TryGetValue(scalar.Text, out var known)) step._level = known;
        else source.Problems.Report(level, $"'level' is one of {string.Join(", ", Levels.Keys)}.");
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var message = _message!.Render(turn, this);
        if (message.Length > 0) turn.Log(new(_level, message));
        return Outcome.Continue;
    }
}
