using EightByEight.Connector.Flows;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>Flows in files.</summary>
internal static class FlowFiles
{
    /// <summary>A Flow and, where they lie beside it as <c>name.yaml</c>, those that it calls and so on; by their files, it first.</summary>
    /// <exception cref="BrokenFlowException">One is not right: all faults with their places.</exception>
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
                if (Beside(next, name) is var called && File.Exists(called)) open.Enqueue(called);
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
            throw new BrokenFlowException(Told(Shown(file), fault.Problems));
        }
    }

    /// <summary>The file of a Flow that one in another file calls.</summary>
    public static string Beside(string file, string name) => Path.Combine(Path.GetDirectoryName(file)!, name + ".yaml");

    /// <summary>A file as people name it: from the folder in which they are, where it lies below that.</summary>
    public static string Shown(string file) =>
        Path.GetRelativePath(Environment.CurrentDirectory, file) is var near && !near.StartsWith("..", StringComparison.Ordinal) ? near : file;

    /// <summary>One line a fault, as compilers write them: editors and pipelines lead to the place.</summary>
    public static string Told(string file, IEnumerable<FlowProblem> problems) =>
        string.Join('\n', problems.Select(problem => $"{file}({problem.Line},{problem.Column}): {problem.Message}"));
}

/// <summary>A file is no Flow; the message has all faults with their places.</summary>
internal sealed class BrokenFlowException(string message) : DevHostException(message);
