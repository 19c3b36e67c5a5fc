using EightByEight.Connector.Flows;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>Flows in files.</summary>
internal static class FlowFiles
{
    /// <summary>A Flow and, where they lie beside it as <c>name.yaml</c>, those that it calls and so on; by their files, it first.</summary>
    /// <exception cref="DevHostException">One is not right: all faults with their places.</exception>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static async Task<OrderedDictionary<string, Flow>> ReadAsync(string file, CancellationToken cancellation)
    {
        var flows = new OrderedDictionary<string, Flow>();
        var open = new Queue<string>([Path.GetFullPath(file)]);
        while (open.TryDequeue(out var next))
        {
            if (flows.ContainsKey(next)) continue;
            flows[next] = Parse(next, await File.ReadAllTextAsync(next, cancellation));
            foreach (var name in flows[next].Calls)
                if (Path.Combine(Path.GetDirectoryName(next)!, name + ".yaml") is var called && File.Exists(called)) open.Enqueue(called);
        }

        return flows;
    }

    private static Flow Parse(string file, string source)
    {
        try
        {
            return Flow.Parse(source);
        }
        catch (FlowFormatException fault)
        {
            throw new DevHostException(Told(file, fault.Problems));
        }
    }

    /// <summary>One line a fault, as compilers write them: editors and pipelines lead to the place.</summary>
    public static string Told(string file, IEnumerable<FlowProblem> problems) =>
        string.Join('\n', problems.Select(problem => $"{file}({problem.Line},{problem.Column}): {problem.Message}"));
}
