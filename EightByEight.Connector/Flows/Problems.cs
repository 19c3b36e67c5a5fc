namespace EightByEight.Connector.Flows;

/// <summary>The faults found so far in a document.</summary>
/// <param name="isStored">It was taken before, perhaps by an earlier version.</param>
internal sealed class Problems(bool isStored = false)
{
    private const int Max = 100;

    private readonly List<FlowProblem> _found = [];

    public bool Any => _found.Count > 0;

    public void Report(DocumentNode at, string message) => Report(at.Line, at.Column, message);

    public void Report(int line, int column, string message)
    {
        if (_found.Count < Max) _found.Add(new FlowProblem(Math.Max(line, 1), Math.Max(column, 1), message));
    }

    /// <summary>Reports what earlier versions took: a Flow that is stored with it goes on as it did.</summary>
    /// <returns>False: it is let pass.</returns>
    public bool ReportNew(DocumentNode at, string message)
    {
        if (!isStored) Report(at, message);
        return !isStored;
    }

    /// <summary>The exception that tells of a fault behind which nothing can be read, and of all before.</summary>
    public FlowFormatException Fatal(int line, int column, string message)
    {
        Report(line, column, message);
        return ToException();
    }

    public FlowFormatException ToException() => new([.. _found.Distinct().OrderBy(p => (p.Line, p.Column))]);

    /// <summary>
    /// ". Did you mean 'x'?" when one of the known names is close to the one that was written, else nothing.
    /// </summary>
    public static string DidYouMean(string written, IEnumerable<string> known)
    {
        var best = known.Select(name => (Name: name, Distance: Distance(written, name)))
            .Where(candidate => candidate.Distance <= Math.Max(1, candidate.Name.Length / 3))
            .OrderBy(candidate => candidate.Distance).FirstOrDefault();
        return best.Name is null ? "" : $" Did you mean '{best.Name}'?";
    }

    /// <summary>Characters to insert, remove, change or swap with the next, without regard to case.</summary>
    private static int Distance(string a, string b)
    {
        if (a.Length > 64) return int.MaxValue;
        (a, b) = (a.ToUpperInvariant(), b.ToUpperInvariant());
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var changed = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, changed);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }

        return d[a.Length, b.Length];
    }
}
