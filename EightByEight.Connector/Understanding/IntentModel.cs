using System.Collections.Frozen;
using System.Numerics.Tensors;

namespace EightByEight.Connector.Understanding;

/// <summary>
/// Tells which of a Flow's intents a text means. Trained from examples: the same ones always make the same model. Immutable, and safe
/// for any number of turns at a time.
/// </summary>
/// <remarks>
/// Multinomial logistic regression on TF-IDF, by gradient descent. Microsoft.ML's trainer of the same model takes forty times as long for
/// the same answers, and docs/performance.md says what it weighs.
/// </remarks>
internal sealed class IntentModel
{
    private const int Seed = 8;
    private const int Rounds = 20;
    private const float Step = 4;
    private const float Decay = 0.05f;

    /// <summary>Bounds what is kept to 40 MiB, and the time that learning takes.</summary>
    private const int MostWeights = 8 * 1024 * 1024;

    /// <summary>Less is none.</summary>
    private const float Nothing = 0.0025f;

    /// <summary>What the words and pairs of words of a text weigh together; its parts of words weigh the rest of 1.</summary>
    private const float WeightOfWords = 1 / 3f;

    private readonly int _intents;
    private readonly FrozenDictionary<uint, int> _places;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _examples;
    private readonly float[] _rarity;
    private readonly float _unknown;
    private readonly bool[] _seen;
    private readonly float[] _weights;
    private readonly float[] _biases;

    private IntentModel(IReadOnlyList<(string Text, int Intent)> examples, int intents)
    {
        _intents = intents;
        var exact = new Dictionary<string, int>();
        var texts = new List<(uint[] Features, int Intent)>();
        Span<char> words = stackalloc char[Features.LongestWords];
        Span<uint> features = stackalloc uint[Features.Most];
        foreach (var (text, intent) in examples)
        {
            var said = words[..Features.Normalize(text, words)];
            if (said.Length < 2 || !exact.TryAdd(said.ToString(), intent)) continue;
            texts.Add((features[..Features.Find(said, features)].ToArray(), intent));
        }

        _examples = exact.ToFrozenDictionary().GetAlternateLookup<ReadOnlySpan<char>>();
        var counts = new SortedDictionary<uint, int>();
        foreach (var feature in texts.SelectMany(text => text.Features)) counts[feature] = counts.GetValueOrDefault(feature) + 1;
        var kept = counts.ToArray();
        // Of very many, those that several examples have.
        if ((long)kept.Length * intents > MostWeights)
            kept = [.. kept.OrderByDescending(one => one.Value).Take(MostWeights / intents).OrderBy(one => one.Key)];
        _places = kept.Index().ToFrozenDictionary(one => one.Item.Key, one => one.Index);
        _rarity = [.. kept.Select(one => Rarity(texts.Count, one.Value))];
        _unknown = Rarity(texts.Count, 0);
        _seen = new bool[_rarity.Length * intents];
        foreach (var (found, intent) in texts)
            foreach (var feature in found)
                if (_places.TryGetValue(feature, out var place)) _seen[(place * intents) + intent] = true;
        (_weights, _biases) = Learn(texts);
    }

    /// <summary>Learns from examples; intents are numbers from 0.</summary>
    public static IntentModel Train(IReadOnlyList<(string Text, int Intent)> examples, int intents) => new(examples, intents);

    /// <summary>How sure it is that a text means each intent, 0 to 1.</summary>
    public void Score(ReadOnlySpan<char> text, Span<float> scores)
    {
        Span<char> buffer = stackalloc char[Features.LongestWords];
        var words = buffer[..Features.Normalize(text, buffer)];
        scores.Clear();
        if (_examples.TryGetValue(words, out var exact))
        {
            scores[exact] = 1;
            return;
        }

        Span<uint> numbers = stackalloc uint[Features.Most];
        Span<(int Place, float Value)> known = stackalloc (int, float)[Features.Most];
        known = known[..Weigh(numbers[..Features.Find(words, numbers)], known)];
        if (known.Length == 0) return;
        Add(_weights, _biases, known, scores);
        TensorPrimitives.SoftMax(scores, scores);
        // That compares intents with one another; how much of the text one knows says whether it is any of them.
        for (var intent = 0; intent < scores.Length; intent++)
            scores[intent] = scores[intent] < Nothing ? 0 : MathF.Sqrt(scores[intent] * Covered(known, intent));
    }

    /// <summary>How much of a text the examples of an intent say too, 0 to 1.</summary>
    private float Covered(ReadOnlySpan<(int Place, float Value)> known, int intent)
    {
        var covered = 0f;
        foreach (var (place, value) in known)
            if (_seen[(place * _intents) + intent]) covered += value * value;
        return covered;
    }

    /// <summary>The features that are known, with their shares of the text: all squares together, with the unknown ones, are 1.</summary>
    private int Weigh(ReadOnlySpan<uint> features, Span<(int Place, float Value)> known)
    {
        float words = 0, parts = 0;
        var count = 0;
        foreach (var feature in features)
        {
            var isKnown = _places.TryGetValue(feature, out var place);
            var value = isKnown ? _rarity[place] : _unknown;
            if (Features.IsPart(feature)) parts += value * value;
            else words += value * value;
            if (isKnown) known[count++] = (place, Features.IsPart(feature) ? value : -value);
        }

        var ofParts = parts == 0 ? 0 : MathF.Sqrt((1 - WeightOfWords) / parts);
        var ofWords = words == 0 ? 0 : MathF.Sqrt(WeightOfWords / words);
        for (var i = 0; i < count; i++)
            known[i].Value = known[i].Value < 0 ? -known[i].Value * ofWords : known[i].Value * ofParts;
        return count;
    }

    /// <summary>Gradient descent on the cross-entropy, example by example, in an order that is the same each time.</summary>
    private (float[] Weights, float[] Biases) Learn(List<(uint[] Features, int Intent)> texts)
    {
        var weights = new float[_rarity.Length * _intents];
        var biases = new float[_intents];
        var samples = texts.Select(text => (Known: KnownOf(text.Features), text.Intent)).ToArray();
        var random = new Random(Seed);
        var errors = new float[_intents];
        for (var round = 0; round < Rounds; round++)
        {
            random.Shuffle(samples);
            var step = Step / (1 + (Decay * round));
            foreach (var (known, intent) in samples)
            {
                Add(weights, biases, known, errors);
                TensorPrimitives.SoftMax(errors, errors);
                errors[intent] -= 1;
                TensorPrimitives.Multiply(errors, -step, errors);
                TensorPrimitives.Add(biases, errors, biases);
                foreach (var (place, value) in known)
                {
                    var row = weights.AsSpan(place * _intents, _intents);
                    TensorPrimitives.MultiplyAdd(errors, value, row, row);
                }
            }
        }

        return (weights, biases);
    }

    private void Add(float[] weights, float[] biases, ReadOnlySpan<(int Place, float Value)> known, Span<float> sums)
    {
        biases.CopyTo(sums);
        foreach (var (place, value) in known)
            TensorPrimitives.MultiplyAdd(weights.AsSpan(place * _intents, _intents), value, sums, sums);
    }

    private (int Place, float Value)[] KnownOf(uint[] features)
    {
        var known = new (int Place, float Value)[features.Length];
        return known[..Weigh(features, known)];
    }

    /// <summary>How little a feature is to be expected.</summary>
    private static float Rarity(int texts, int with) => MathF.Log((1f + texts) / (1f + with)) + 1;
}
