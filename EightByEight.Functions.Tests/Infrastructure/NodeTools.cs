using System.Diagnostics;

namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>Packages of npm under <c>tools</c>, installed from their lock files on first use.</summary>
internal static class NodeTools
{
    private static readonly SemaphoreSlim s_installing = new(1);

    /// <summary>Starts a tool's <c>start.mjs</c>, which ends when its standard input is closed.</summary>
    public static async Task<Process> StartAsync(string tool, params string[] arguments)
    {
        var folder = Path.Combine(Repository.Root, "tools", tool);
        await InstallAsync(folder);
        return Run(folder, "node", ["start.mjs", .. arguments]);
    }

    private static async Task InstallAsync(string tools)
    {
        await s_installing.WaitAsync();
        try
        {
            // npm writes this file last, so its date says whether what is installed is what the lock file asks for.
            var installed = new FileInfo(Path.Combine(tools, "node_modules", ".package-lock.json"));
            if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(tools, "package-lock.json"))) return;
            using var npm = Run(tools, OperatingSystem.IsWindows() ? "npm.cmd" : "npm",
                "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error");
            var output = npm.StandardOutput.ReadToEndAsync();
            var errors = npm.StandardError.ReadToEndAsync();
            await npm.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
            Assert.True(npm.ExitCode == 0, $"'npm ci' failed in {tools}. It printed:\n{await output}\n{await errors}");
            File.SetLastWriteTimeUtc(installed.FullName, DateTime.UtcNow);
        }
        finally
        {
            s_installing.Release();
        }
    }

    private static Process Run(string folder, string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = folder,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
