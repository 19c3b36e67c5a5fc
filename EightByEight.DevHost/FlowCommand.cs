using EightByEight.Connector.Flows;
using EightByEight.DevHost.Rehearsals;

namespace EightByEight.DevHost;

/// <summary><c>flow check</c>, <c>flow test</c> and <c>flow draw</c>: Flows in files, without storage and without a server.</summary>
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
                ["flow", "test", .. { Length: > 0 } files] => await TestAsync(files, output, cancellation),
                _ => throw new DevHostException($"Name the files: flow check <files>, flow test <files>, or flow draw <file>.\n\n{DevHostOptions.Usage}"),
            };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new DevHostException(fault.Message);
        }
    }

    private static async Task<int> CheckAsync(string[] files, TextWriter output, CancellationToken cancellation)
    {
        var faults = 0;
        foreach (var file in files)
            if (FlowReview.Check(await File.ReadAllTextAsync(file, cancellation)) is { Count: > 0 } problems)
            {
                faults += problems.Count;
                await output.WriteLineAsync(FlowFiles.Told(file, problems));
            }

        if (faults == 0) await output.WriteLineAsync(files.Length == 1 ? "The Flow is well." : $"All {files.Length} Flows are well.");
        return faults == 0 ? 0 : 1;
    }

    private static async Task<int> TestAsync(string[] args, TextWriter output, CancellationToken cancellation)
    {
        var flag = Array.IndexOf(args, "--junit");
        if (flag == args.Length - 1) throw new DevHostException("--junit needs a file.");
        var report = flag < 0 ? null : args[flag + 1];
        var files = args.Where((_, i) => flag < 0 || (i != flag && i != flag + 1)).ToList();
        var all = new List<(string File, IReadOnlyList<TestResult> Results)>();
        foreach (var file in files)
        {
            IReadOnlyList<TestResult> results;
            try
            {
                results = await FlowTest.RunAsync(file, cancellation);
            }
            catch (FlowFormatException fault)
            {
                results = [.. fault.Problems.Select(problem => new TestResult("the test file itself", TimeSpan.Zero, new(problem.Line, problem.Column, problem.Message)))];
            }
            catch (DevHostException fault)
            {
                results = [new("the Flow itself", TimeSpan.Zero, new(1, 1, fault.Message))];
            }

            all.Add((file, results));
            await output.WriteLineAsync(file);
            foreach (var result in results) await ShowAsync(file, result, output);
        }

        if (report is not null) FlowTest.JUnit(all).Save(report);
        var (count, failed) = (all.Sum(one => one.Results.Count), all.Sum(one => one.Results.Count(result => result.Mismatch is not null)));
        await output.WriteLineAsync($"{count} {(count == 1 ? "test" : "tests")}, {(failed == 0 ? "all passed" : $"{failed} failed")}.");
        return failed == 0 ? 0 : 1;
    }

    private static async Task ShowAsync(string file, TestResult result, TextWriter output)
    {
        await output.WriteLineAsync($"  {(result.Mismatch is null ? "✓" : "✗")} {result.Name}");
        if (result.Mismatch is not { } mismatch) return;
        await output.WriteLineAsync($"      {file}({mismatch.Line},{mismatch.Column}): not as expected");
        foreach (var line in mismatch.Message.Split('\n')) await output.WriteLineAsync($"      {line}");
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
