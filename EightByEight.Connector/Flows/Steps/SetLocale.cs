using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Translation;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Says in which locale the bot speaks from now on in this session. Empty: that of the Endpoint.</summary>
internal sealed class SetLocale : Step
{
    private Template? _locale;

    public static SetLocale Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new SetLocale { Path = source.Path, Line = source.Line };
        if (source.Value is not ScalarNode { IsNull: true }) step._locale = source.Compiler.Template(source.Value, "setLocale");
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var locale = _locale?.Require(turn) is { Length: > 0 } given ? given : null;
        if (locale is not null && !TranslationSettings.IsLanguage(locale))
            throw new StepException($"'{locale}' is no locale. Write one like en or pt-BR.");
        turn.SetLocale(locale);
        return Outcome.Continue;
    }
}
