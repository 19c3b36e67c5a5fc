using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Understanding;

/// <summary>How a Flow understands what customers say. Immutable, and safe for any number of turns at a time.</summary>
internal sealed class Listener
{
    /// <summary>From here an intent counts, unless the Flow says otherwise. Source: docs/performance.md.</summary>
    public const double UsualThreshold = 0.45;

    /// <summary>From here it is offered, where the Flow asks what was meant.</summary>
    public const double UsualOffer = 0.25;

    private const int MostGuesses = 3;
    private const int MostIntentsOnStack = 512;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.OrdinalIgnoreCase);
    private readonly string[] _locales;
    private readonly Lazy<IntentModel>[] _models;

    /// <summary>Finds the slots that each Flow has, and no intents.</summary>
    public static readonly Listener OfSlots = new([], []);

    public Listener(IReadOnlyList<Intent> intents, IReadOnlyList<Slot> slots)
    {
        (Intents, Slots) = (intents, slots);
        foreach (var (number, intent) in intents.Index()) _numbers[intent.Name] = number;
        HasExamples = intents.Any(intent => intent.Examples.Any(one => one.Texts.Count > 0));
        _locales = [.. intents.SelectMany(intent => intent.Examples).Select(one => one.Locale).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)];
        // Trained once, by one, whoever needs it first; the others wait for it.
        _models = [.. (_locales.Length == 0 ? [null] : _locales.AsEnumerable<string?>()).Select(locale => new Lazy<IntentModel>(() => Train(locale)))];
    }

    public IReadOnlyList<Intent> Intents { get; }

    public IReadOnlyList<Slot> Slots { get; }

    /// <summary>Whether there is something to learn from.</summary>
    public bool HasExamples { get; }

    /// <summary>Whether it has learned from them.</summary>
    public bool HasLearned => _models.All(model => model.IsValueCreated);

    /// <summary>From which score an intent counts.</summary>
    public double Threshold { get; init; } = UsualThreshold;

    /// <summary>Asks what was meant; null: nobody does.</summary>
    public DidYouMean? DidYouMean { get; init; }

    /// <summary>The service that understands in its place; null: none does.</summary>
    public NluService? Service { get; init; }

    /// <summary>What answers an input that was not understood; null: the Flow's start.</summary>
    public Step? DefaultReply { get; init; }

    /// <summary>Trains it, so that no turn has to wait for that.</summary>
    public void Train()
    {
        foreach (var model in _models) _ = model.Value;
    }

    /// <summary>What is asked of a service before this can be understood; null: nothing is.</summary>
    public UnderstandRequest? Ask(Turn turn)
    {
        if (ServiceFor(turn) is not { } service || TriggeredIntent.In(turn.Text) is not null) return null;
        var text = turn.Text.Length > Features.LongestText ? turn.Text[..Features.LongestText] : turn.Text;
        return new(service, text, [.. Intents.Where(intent => intent.CountsIn(turn.State))
            .Select(intent => (intent.Name, intent.Examples.Count == 0 ? [] : intent.Examples[Chosen(intent, turn.Locale)].Texts))], [.. Slots.Select(slot => slot.Name)]);
    }

    /// <summary>Understands what is said now.</summary>
    /// <param name="answer">Of the service that was asked; null: none was.</param>
    public Heard Hear(Turn turn, FlowAnswer? answer = null)
    {
        var triggered = TriggeredIntent.In(turn.Text);
        var said = triggered is null ? turn.Text : TriggeredIntent.TextIn(turn.Text);
        var slots = turn.NamesSlots && turn.Nlu is not { IsOff: true } ? SlotFinder.Find(said, Slots, turn) : [];
        if (triggered is not null) return Triggered(triggered, this) with { Slots = slots };
        if (turn.Nlu is { IsOff: true }) return new() { By = this };
        var service = ServiceFor(turn);
        if (answer is { Error: { } error }) turn.Warn("nlu", service!.Line, error);
        else if (answer?.Value is JsonObject told) return Told(told, slots, turn);
        if (!HasExamples) return new() { By = this, Slots = slots, IsUnderstood = Intents.Count == 0 && service is null ? null : false };
        return Recognise(said, turn) with { Slots = slots };
    }

    /// <summary>What an input means that names its intent.</summary>
    public static Heard Triggered(string name, Listener? by) => new()
    {
        By = by,
        Intent = by?.NameOf(name) ?? name,
        Score = 1,
        IsUnderstood = true,
    };

    /// <summary>What answers an input at which nothing waits; null: the Flow's start.</summary>
    public Step? Reaction(Heard heard)
    {
        if (heard.IsUnderstood is null) return null;
        if (heard.Intent is { } intent) return _numbers.TryGetValue(intent, out var number) ? Intents[number].Reaction : null;
        return DidYouMean is { } asking && heard.Guesses.Any(guess => _numbers.ContainsKey(guess.Intent)) ? asking : DefaultReply;
    }

    private NluService? ServiceFor(Turn turn) => turn.Nlu is { } chosen ? chosen.Service : Service;

    private double ThresholdFor(Turn turn) => turn.Nlu?.Threshold ?? Threshold;

    private string? NameOf(string name) => _numbers.TryGetValue(name, out var number) ? Intents[number].Name : null;

    /// <summary>What a service understood. Its slots are beside those that are found here.</summary>
    private Heard Told(JsonObject said, JsonObject slots, Turn turn)
    {
        foreach (var (name, found) in said["slots"]!.AsObject())
            if (!slots.ContainsKey(name)) slots[name] = found!.DeepClone();
        var ranking = said["ranking"]!.AsArray().Select(one => (Intent: NameOf((string)one!["intent"]!) ?? (string)one["intent"]!, Score: (double)one["score"]!)).ToList();
        bool Counts(string name) => !_numbers.TryGetValue(name, out var number) || Intents[number].CountsIn(turn.State);
        var threshold = ThresholdFor(turn);
        var inState = ranking.Where(one => Counts(one.Intent)).ToList();
        var isUnderstood = inState is [{ Score: var score }, ..] && score >= threshold;
        return new()
        {
            By = this,
            Intent = isUnderstood ? inState[0].Intent : null,
            Score = inState.Count == 0 ? null : inState[0].Score,
            IsUnderstood = isUnderstood,
            OutOfState = ranking is [{ } first, ..] && first.Score >= threshold && !Counts(first.Intent) ? first.Intent : null,
            Guesses = [.. inState.Where(one => one.Score >= Math.Min(threshold, DidYouMean?.From ?? UsualOffer)).Take(MostGuesses)],
            Slots = slots,
        };
    }

    private Heard Recognise(string text, Turn turn)
    {
        var model = _models[_locales.Length == 0 ? 0 : Locales.Choose(_locales, turn.Locale, turn.EndpointLocale)].Value;
        Span<float> scores = Intents.Count <= MostIntentsOnStack ? stackalloc float[Intents.Count] : new float[Intents.Count];
        model.Score(text, scores);
        Span<(int Number, float Score)> best = stackalloc (int, float)[MostGuesses];
        best.Fill((-1, 0));
        var (outside, outsideScore) = (-1, 0f);
        for (var i = 0; i < scores.Length; i++)
        {
            if (!Intents[i].CountsIn(turn.State))
            {
                if (scores[i] > outsideScore) (outside, outsideScore) = (i, scores[i]);
            }
            else Insert(best, i, scores[i]);
        }

        var threshold = ThresholdFor(turn);
        var least = Math.Min(threshold, DidYouMean?.From ?? UsualOffer);
        var guesses = new List<(string, double)>();
        foreach (var (number, score) in best)
            if (number >= 0 && score >= least) guesses.Add((Intents[number].Name, Math.Round(score, 4)));
        var isUnderstood = best[0].Score >= threshold && best[0].Number >= 0;
        return new()
        {
            By = this,
            Intent = isUnderstood ? Intents[best[0].Number].Name : null,
            Score = Math.Round(best[0].Score, 4),
            IsUnderstood = isUnderstood,
            OutOfState = outside >= 0 && outsideScore >= threshold && outsideScore > best[0].Score ? Intents[outside].Name : null,
            Guesses = guesses,
        };
    }

    private static void Insert(Span<(int Number, float Score)> best, int number, float score)
    {
        for (var place = 0; place < best.Length; place++)
        {
            if (score <= best[place].Score) continue;
            best[place..^1].CopyTo(best[(place + 1)..]);
            best[place] = (number, score);
            return;
        }
    }

    private IntentModel Train(string? locale)
    {
        var examples = new List<(string, int)>();
        foreach (var (number, intent) in Intents.Index())
            if (intent.Examples.Count > 0)
                foreach (var text in intent.Examples[Chosen(intent, locale)].Texts) examples.Add((text, number));
        return IntentModel.Train(examples, Intents.Count);
    }

    private static int Chosen(Intent intent, string? locale) => intent.Examples is [{ Locale: null }] ? 0
        : Locales.Choose([.. intent.Examples.Select(one => one.Locale!)], locale, null);
}
