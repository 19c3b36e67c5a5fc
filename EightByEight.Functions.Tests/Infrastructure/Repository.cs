namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>The files of this repository, read as data.</summary>
internal static class Repository
{
    private static readonly string s_root = FindRoot();

    /// <summary>Where it is.</summary>
    public static string Root => s_root;

    public static string Read(string path) => File.ReadAllText(Path.Combine(s_root, path));

    /// <summary>Files of the source, without what a build or npm put there; relative to the root, with forward slashes.</summary>
    public static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateFiles(s_root, pattern, SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(s_root, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or "node_modules"));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EightByEight.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No EightByEight.slnx above {AppContext.BaseDirectory}.");
    }
}
