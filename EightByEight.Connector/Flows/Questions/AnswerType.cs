using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>An input that may be an answer.</summary>
/// <param name="Text">What the customer said, trimmed; empty for an input of data only.</param>
/// <param name="Options">The options of the question, as they were shown.</param>
/// <param name="Turn">The turn of the input.</param>
internal readonly record struct Given(string Text, IReadOnlyList<QuickReply> Options, Turn Turn)
{
    /// <summary>The culture of the customer's locale, or of its language; without one, English.</summary>
    public AnswerCulture Culture => AnswerCulture.Of(Turn.Locale);

    /// <summary>Today where the Endpoint is: <c>input.currentTime</c>.</summary>
    public DateOnly Today
    {
        get
        {
            if (Turn.Memory[Root.Input]["currentTime"] is JsonObject now && Whole(now["year"]) is { } year && Whole(now["month"]) is { } month
                && Whole(now["day"]) is { } day && month is > 0 and < 13 && year is > 0 and < 10_000 && day > 0 && day <= DateTime.DaysInMonth(year, month))
                return new DateOnly(year, month, day);
            return DateOnly.FromDateTime(Turn.Now.UtcDateTime);
        }
    }

    private static int? Whole(JsonNode? node) => node is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;
}

/// <summary>What counts as an answer to a question.</summary>
internal abstract class AnswerType
{
    private static readonly OrderedDictionary<string, Func<StepSource, MapNode, AnswerType?>> Types = new()
    {
        ["text"] = (_, _) => new TextAnswer(),
        ["number"] = (source, map) => NumberAnswer.Make(source, map, NumberKind.Number),
        ["integer"] = (source, map) => NumberAnswer.Make(source, map, NumberKind.Integer),
        ["percentage"] = (source, map) => NumberAnswer.Make(source, map, NumberKind.Percentage),
        ["age"] = (source, map) => NumberAnswer.Make(source, map, NumberKind.Age),
        ["temperature"] = (source, map) => QuantityAnswer.Make(source, map, isMoney: false),
        ["money"] = (source, map) => QuantityAnswer.Make(source, map, isMoney: true),
        ["regex"] = RegexAnswer.Compile,
        ["yesNo"] = (_, _) => new YesNoAnswer(),
        ["choice"] = (_, _) => new ChoiceAnswer(),
        ["email"] = (_, _) => new EmailAnswer(),
        ["url"] = (_, _) => new UrlAnswer(),
        ["phone"] = PhoneAnswer.Make,
        ["date"] = (_, _) => new DateAnswer(),
        ["time"] = (_, _) => new TimeAnswer(),
        ["duration"] = (_, _) => new DurationAnswer(),
        ["iban"] = (_, _) => new IbanAnswer(),
        ["bic"] = (_, _) => new BicAnswer(),
        ["creditCard"] = (_, _) => new CreditCardAnswer(),
        ["licencePlate"] = LicencePlateAnswer.Make,
        ["ipv4"] = (_, _) => new Ipv4Answer(),
        ["data"] = (_, _) => new DataAnswer(),
        ["file"] = (_, _) => new FileAnswer(),
        ["custom"] = CustomAnswer.Make,
        ["intent"] = (_, _) => new IntentAnswer(),
        ["slot"] = SlotAnswer.Make,
        ["entity"] = EntityAnswer.Make,
    };

    /// <summary>The members that belong to questions of some types only.</summary>
    private static readonly (string Member, string[] Types)[] Owners =
    [
        ("pattern", ["regex"]),
        ("options", ["choice"]),
        ("answer", ["custom"]),
        ("slot", ["slot"]),
        ("extract", ["entity"]),
        ("country", ["phone", "licencePlate"]),
        ("currency", ["money"]),
        ("unit", ["temperature"]),
        ("min", ["number", "integer", "percentage", "age"]),
        ("max", ["number", "integer", "percentage", "age"]),
    ];

    /// <summary>Members of a question that say more about its type.</summary>
    public static IEnumerable<string> Members => Owners.Select(owner => owner.Member);

    /// <summary>As the document names it.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Whether an input without text can be an answer.</summary>
    public virtual bool TakesData => false;

    /// <summary>Whether marks at the end of a sentence, and in which width digits are typed, mean nothing in an answer.</summary>
    protected virtual bool IgnoresMarks => true;

    /// <summary>The value of an answer as a customer types it, in a sentence of its own perhaps; null when it is none.</summary>
    public JsonNode? Take(in Given given) => Read(given)
        ?? (IgnoresMarks && Spelling.WithoutMarks(given.Text) is { Length: > 0 } text && text != given.Text ? Read(given with { Text = text }) : null);

    /// <summary>The value of an answer; null when it is none.</summary>
    public abstract JsonNode? Read(in Given given);

    /// <summary>A value as the customer reads it, in the turn in which it was given.</summary>
    public virtual string Short(JsonNode answer, in Given given) => answer switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value when value.TryGetValue<bool>(out var truth) => YesNoAnswer.Word(truth, given.Culture.Language) ?? given.Text,
        JsonValue value when value.TryGetValue<double>(out var number) => NumberAnswer.Text(number, given.Culture.Culture),
        JsonValue value when value.TryGetValue<long>(out var whole) => NumberAnswer.Text(whole, given.Culture.Culture),
        _ => answer.ToJsonString(),
    };

    public static AnswerType? Parse(StepSource source, MapNode question)
    {
        var name = question.Find("type") is { } type ? source.Compiler.PlainText(type, "type") : "text";
        if (name is null) return null;
        if (!Types.TryGetValue(name, out var make))
        {
            source.Problems.Report(question.Find("type")!, $"There is no question type '{name}'."
                + $"{Problems.DidYouMean(name, Types.Keys)} Types are {string.Join(", ", Types.Keys)}.");
            return null;
        }

        foreach (var (member, owners) in Owners)
        {
            if (!owners.Contains(name) && question.FindKey(member) is { } misplaced)
                source.Problems.Report(misplaced, $"'{member}' belongs to questions of type {string.Join(", ", owners)}; this one is of type {name}.");
        }

        var made = make(source, question);
        if (made is not null) made.Name = name;
        return made;
    }
}
