using EightByEight.Connector.Flows;

namespace EightByEight.DevHost;

/// <summary><c>flow check</c> and <c>flow draw</c>: Flows in files, without storage and without a server.</summary>
public static class FlowCommand
{
    /// <returns>The exit code: 0, or 1 where something is wrong with a Flow.</returns>
    /// <exception cref="DevHostException">The command line or a file is wrong.</exception>
    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellation)
    {
        try
        {
            return args switch
            {
                ["flow", "check", .. { Length: > 0 } files] => await CheckAsync(files, output, cancellation),
                ["flow", "draw", var file] => await DrawAsync(file, output, cancellation),
                _ => throw new DevHostException($"Name the files: flow check <files>, or flow draw <file>.\n\n{DevHostOptions.Usage}"),
            };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new DevHostException(fault.Message);
        }
    }

    /// <summary>One line a fault, as compilers write them: editors and pipelines lead to the place.</summary>
    private static async Task<int> CheckAsync(string[] files, TextWriter output, CancellationToken cancellation)
    {
        var faults = 0;
        foreach (var file in files)
            foreach (var problem in FlowReview.Check(await File.ReadAllTextAsync(file, cancellation)))
            {
                faults++;
                await output.WriteLineAsync($"{file}({problem.Line},{problem.Column}): {problem.Message}");
            }

        if (faults == 0) await output.WriteLineAsync(files.Length == 1 ? "The Flow is well." : $"All {files.Length} Flows are well.");
        return faults == 0 ? 0 : 1;
    }

    private static async Task<int> DrawAsync(string file, TextWriter output, CancellationToken cancellation)
    {
        try
        {
            await output.WriteAsync(FlowReview.Draw(await File.ReadAllTextAsync(file, cancellation)));
            return 0;
        }
        catch (FlowFormatException)
        {
            return await CheckAsync([file], output, cancellation);
        }
    }
}
