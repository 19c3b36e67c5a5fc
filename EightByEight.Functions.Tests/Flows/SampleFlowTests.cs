using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

public class SampleFlowTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(Root, "flows"), "*.yaml").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_sample_is_well_and_named_as_its_file(string file)
    {
        var source = File.ReadAllText(Path.Combine(Root, "flows", file));
        Assert.Empty(FlowReview.Check(source));
        Assert.Equal(Path.GetFileNameWithoutExtension(file), Flow.Parse(source).Name);
    }

    internal static string Root { get; } = FindRoot();

    internal static string PathOf(string flow) => Path.Combine(Root, "flows", flow + ".yaml");

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "EightByEight.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
