using EightByEight.Connector.Understanding;
using Jint;
using Jint.Native;
using Jint.Runtime;
using Jint.Runtime.Interop;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary><c>languageOf(text, languages)</c>: the tag of the language that a text is in, one of these; empty when the text does not tell.</summary>
internal static class LanguageFunction
{
    /// <summary>What expressions and code call it.</summary>
    public const string Name = "languageOf";

    /// <summary>Gives it to an engine.</summary>
    public static void AddTo(Engine engine) => engine.SetValue(Name, new ClrFunction(engine, Name, (_, arguments) =>
    {
        var text = arguments.At(0);
        return text.IsString() ? SpokenLanguage.Of(text.ToString(), Tags(engine, arguments.At(1))) ?? "" : "";
    }));

    private static List<string> Tags(Engine engine, JsValue among)
    {
        if (among.IsUndefined() || among.IsNull()) return [];
        List<string> tags = among is JsArray list ? [.. list.Select(TypeConverter.ToString)] : [TypeConverter.ToString(among)];
        if (tags.Find(tag => !SpokenLanguage.Knows(tag)) is { } unknown)
            throw new JavaScriptException(engine.Intrinsics.TypeError,
                $"languageOf does not know the language '{unknown}'. It knows {string.Join(", ", SpokenLanguage.Tags)}.");
        return tags;
    }
}
