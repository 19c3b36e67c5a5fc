using System.Globalization;
using System.Text.Json.Nodes;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>One of the options, by payload, title or number from 1, in that order; its value is the payload.</summary>
internal sealed class ChoiceAnswer : AnswerType
{
    public override JsonNode? Read(in Given given)
    {
        var (text, options, _) = given;
        var chosen = options.FirstOrDefault(option => option.Payload.Trim() == text)
            ?? options.FirstOrDefault(option => string.Equals(option.Title.Trim(), text, StringComparison.OrdinalIgnoreCase))
            ?? options.FirstOrDefault(option => string.Equals(option.Payload.Trim(), text, StringComparison.OrdinalIgnoreCase));
        if (chosen is null && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            chosen = options.ElementAtOrDefault(number - 1);
        return chosen?.Payload;
    }

    public override string Short(JsonNode answer, in Given given)
    {
        var payload = (string)answer!;
        return given.Options.FirstOrDefault(option => option.Payload == payload)?.Title ?? payload;
    }
}
