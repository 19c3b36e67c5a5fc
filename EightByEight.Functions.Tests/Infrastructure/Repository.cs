namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>The files of this repository, read as data.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Files of the source, without what a build or npm put there; relative to the root, with forward slashes.</summary>
    public static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or "node_modules"));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EightByEight.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No EightByEight.slnx above {AppContext.BaseDirectory}.");
    }
}
