using System.Diagnostics;
using EightByEight.Connector.Understanding;

namespace EightByEight.Benchmarks;

/// <summary>How well intents are recognised in what was not learned, beside TF-IDF nearest neighbour, and what it costs.</summary>
internal static class Recognising
{
    private const string OutOfScope = "-";
    private const int Enough = 100;

    public static void Measure(Report report, int matches)
    {
        var examples = Read("examples.txt");
        var known = examples.Select(one => one.Text).ToHashSet();
        var heldOut = Read("held-out.txt").Where(one => !known.Contains(one.Text)).ToList();
        string[] intents = [.. examples.Select(one => one.Intent).Distinct().Where(intent => intent != OutOfScope)];
        var learned = examples.Where(one => one.Intent != OutOfScope).Select(one => (one.Text, Array.IndexOf(intents, one.Intent))).ToList();

        report.Head($"Understanding ({intents.Length} intents, {learned.Count} examples; held out: {heldOut.Count(one => one.Intent != OutOfScope)} "
            + $"in scope, {heldOut.Count(one => one.Intent == OutOfScope)} out of it)");
        var model = IntentModel.Train(learned, intents.Length);
        var neighbours = new NearestNeighbour(learned);
        Tell(report, heldOut, intents, model, neighbours);
        var random = new Random(8);
        report.Head("The same, with one typing error more in each");
        Tell(report, [.. heldOut.Select(one => (Mistyped(one.Text, random), one.Intent))], intents, model, neighbours);
        report.Head($"What understanding costs ({matches} matches)");
        TellCosts(report, learned, intents.Length, [.. heldOut.Select(one => one.Text)], matches);
    }

    private static void Tell(
        Report report, List<(string Text, string Intent)> texts, string[] intents, IntentModel model, NearestNeighbour neighbours)
    {
        var scores = new float[intents.Length];
        var ours = Judge(texts, intents, text =>
        {
            model.Score(text, scores);
            var best = Array.IndexOf(scores, scores.Max());
            return (best, scores[best]);
        });
        var theirs = Judge(texts, intents, neighbours.Find);
        var recall = RecallAt(ours, Listener.UsualThreshold);
        // The baseline gets the threshold that refuses as much, which nobody would know beforehand.
        var threshold = theirs.Where(one => one.Expected < 0).Select(one => one.Score).Order().ElementAt((int)(recall * theirs.Count(one => one.Expected < 0)) - 1) + 1e-6;
        Line("recognised, every guess counted", RightAt(ours, 0), RightAt(theirs, 0));
        Line("recognised and sure enough", RightAt(ours, Listener.UsualThreshold), RightAt(theirs, threshold));
        Line("taken for another intent", WrongAt(ours, Listener.UsualThreshold), WrongAt(theirs, threshold));
        Line("out of scope, and refused", recall, RecallAt(theirs, threshold));
        report.Note("not sure, and offered", Percent(RightAt(ours, Listener.UsualOffer) - RightAt(ours, Listener.UsualThreshold)));
        report.AtLeast("recognised, against the baseline", RightAt(ours, Listener.UsualThreshold) / RightAt(theirs, threshold), 1.1, " times");

        void Line(string name, double own, double baseline) => report.Note(name, $"{Percent(own)}; baseline {Percent(baseline)}");
    }

    private static void TellCosts(Report report, List<(string Text, int Intent)> learned, int intents, string[] texts, int matches)
    {
        // More intents of the same size: other words, which are these backwards.
        var many = learned.Concat(learned.Where(one => one.Intent < Enough - intents)
            .Select(one => (Backwards(one.Text), one.Intent + intents))).ToList();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var model = IntentModel.Train(many, Enough);
        var size = GC.GetTotalMemory(forceFullCollection: true) - before;
        var training = Enumerable.Range(0, 5).Select(_ => Time(() => IntentModel.Train(many, Enough))).Min();
        report.AtMost($"training, {Enough} intents, {many.Count} examples", training.TotalMilliseconds, 1_000, " ms");
        report.Note("memory of what was learned", FormattableString.Invariant($"{size / 1048576.0:0.0} MiB"));
        var scores = new float[Enough];
        var best = TimeSpan.MaxValue;
        var allocated = 0L;
        for (var round = 0; round < 10; round++)
        {
            var had = GC.GetAllocatedBytesForCurrentThread();
            var took = Time(() => { for (var i = 0; i < matches / 10; i++) model.Score(texts[i % texts.Length], scores); });
            allocated = (GC.GetAllocatedBytesForCurrentThread() - had) / (matches / 10);
            if (took < best) best = took;
        }

        report.AtMost($"a match, {Enough} intents", best.TotalMicroseconds / (matches / 10), 50, " µs");
        report.Note("allocated by a match", $"{allocated} B");
    }

    private static List<(int Expected, int Found, double Score)> Judge(
        List<(string Text, string Intent)> texts, string[] intents, Func<string, (int Intent, float Score)> recognise) =>
        [.. texts.Select(one => (Array.IndexOf(intents, one.Intent), recognise(one.Text)) is var (expected, (found, score)) ? (expected, found, (double)score) : default)];

    private static double RightAt(List<(int Expected, int Found, double Score)> judged, double threshold) =>
        Share(judged.Where(one => one.Expected >= 0), one => one.Found == one.Expected && one.Score >= threshold);

    private static double WrongAt(List<(int Expected, int Found, double Score)> judged, double threshold) =>
        Share(judged.Where(one => one.Expected >= 0), one => one.Found != one.Expected && one.Score >= threshold);

    private static double RecallAt(List<(int Expected, int Found, double Score)> judged, double threshold) =>
        Share(judged.Where(one => one.Expected < 0), one => one.Score < threshold);

    private static double Share<T>(IEnumerable<T> all, Func<T, bool> isSo)
    {
        T[] items = [.. all];
        return (double)items.Count(isSo) / items.Length;
    }

    private static string Percent(double share) => FormattableString.Invariant($"{share * 100:0.0} %");

    private static TimeSpan Time(Action action)
    {
        var began = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(began);
    }

    private static string Backwards(string text) => string.Join(' ', text.Split(' ').Select(word => new string([.. word.Reverse()])));

    /// <summary>Two letters swapped, one left out, or one doubled, not at the begin of the text.</summary>
    private static string Mistyped(string text, Random random)
    {
        if (text.Length < 4) return text;
        var at = random.Next(1, text.Length - 1);
        return random.Next(3) switch
        {
            0 => text[..at] + text[at + 1] + text[at] + text[(at + 2)..],
            1 => text.Remove(at, 1),
            _ => text.Insert(at, text[at..(at + 1)]),
        };
    }

    /// <summary>Texts below the names of their intents; those below <c>-</c> mean none.</summary>
    private static List<(string Text, string Intent)> Read(string file)
    {
        using var stream = typeof(Recognising).Assembly.GetManifestResourceStream($"Utterances/{file}")!;
        using var reader = new StreamReader(stream);
        var texts = new List<(string, string)>();
        var intent = "";
        while (reader.ReadLine() is { } line)
            if (line.StartsWith("# ", StringComparison.Ordinal)) intent = line[2..];
            else if (line.Length > 0) texts.Add((line, intent));
        return texts;
    }

    /// <summary>The baseline: the example with the most similar words, weighed by TF-IDF.</summary>
    private sealed class NearestNeighbour
    {
        private readonly Dictionary<string, double> _rarity;
        private readonly List<(Dictionary<string, double> Words, int Intent)> _examples;

        public NearestNeighbour(List<(string Text, int Intent)> examples)
        {
            _rarity = examples.SelectMany(one => Words(one.Text).Distinct()).GroupBy(word => word)
                .ToDictionary(word => word.Key, word => Math.Log((1.0 + examples.Count) / (1 + word.Count())) + 1);
            Unknown = Math.Log(1.0 + examples.Count) + 1;
            _examples = [.. examples.Select(one => (Weighed(one.Text), one.Intent))];
        }

        private double Unknown { get; }

        public (int Intent, float Score) Find(string text)
        {
            var words = Weighed(text);
            var (best, score) = (0, 0.0);
            foreach (var (others, intent) in _examples)
            {
                var likeness = words.Sum(word => others.TryGetValue(word.Key, out var weight) ? word.Value * weight : 0);
                if (likeness > score) (best, score) = (intent, likeness);
            }

            return (best, (float)score);
        }

        private Dictionary<string, double> Weighed(string text)
        {
            var words = Words(text).GroupBy(word => word).ToDictionary(word => word.Key, word => word.Count() * _rarity.GetValueOrDefault(word.Key, Unknown));
            var length = Math.Sqrt(words.Values.Sum(weight => weight * weight));
            return words.ToDictionary(word => word.Key, word => word.Value / length);
        }

        private static string[] Words(string text) => text.ToLowerInvariant().Replace("'", "", StringComparison.Ordinal)
            .Split([' ', ',', '.', '?', '!', '-'], StringSplitOptions.RemoveEmptyEntries);
    }
}
