using System.Diagnostics;

namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>.ci/run, with tools that only pretend.</summary>
public sealed class ContinuousIntegrationTests
{
    [Theory]
    [InlineData("format", 0, "0 passed, 0 failed")]
    [InlineData("build", 0, "0 passed, 0 failed")]
    [InlineData("msbuild", 0, "0 passed, 0 failed")]
    [InlineData("test", 2, "2 passed, 2 failed")]
    public async Task A_step_that_fails_fails_the_run_and_the_last_line_is_the_count(string step, int failed, string last)
    {
        var (code, lines) = await RunAsync(failing: step, failed);

        Assert.Equal((7, last), (code, lines[^1]));
    }

    [Fact]
    public async Task Tests_that_were_skipped_are_told_before_the_last_line()
    {
        var (code, lines) = await RunAsync(failing: "nothing", failed: 0);

        Assert.Equal(["1 skipped", "2 passed, 0 failed"], lines[^2..]);
        Assert.Equal(0, code);
    }

    private static async Task<(int Code, string[] Lines)> RunAsync(string failing, int failed)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The tools that pretend are shell scripts.");
        var tools = Directory.CreateTempSubdirectory("tools").FullName;
        Executable.Write(Path.Combine(tools, "dotnet"), $$"""
            case $1 in
              --version) echo 10.0.100 ;;
              msbuild) echo "{{tools}}/bicep" ;;
              test) echo '<Counters total="{{failed + 3}}" passed="2" failed="{{failed}}" error="0" timeout="0" aborted="0" />' >"$3/run.trx" ;;
            esac
            [[ $1 != {{failing}} ]] || exit 7
            """);
        Executable.Write(Path.Combine(tools, "node"), """[[ $1 == --print ]] && echo 20 || echo v20.0.0""");
        Executable.Write(Path.Combine(tools, "bicep"), "[[ $1 != --version ]] || echo pretended");
        Executable.Write(Path.Combine(tools, "chromium"), "");
        Executable.Write(Path.Combine(tools, "clamd"), "");
        var start = new ProcessStartInfo("bash", [Path.Combine(Repository.Root, ".ci", "run")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{tools}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["TEST_RESULTS"] = "";
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await errors;
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (run.ExitCode, output.TrimEnd('\n').Split('\n'));
    }
}
