using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;
using EightByEight.Connector.Flows;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>What came of one test.</summary>
/// <param name="Mismatch">What was not as expected; null: it passed.</param>
internal sealed record TestResult(string Name, TimeSpan Took, Mismatch? Mismatch);

/// <summary>Runs the tests of a file, and tells of them.</summary>
internal static class FlowTest
{
    /// <exception cref="FlowFormatException">The script, or a Flow, is not right.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static async Task<IReadOnlyList<TestResult>> RunAsync(string file, CancellationToken cancellation)
    {
        var script = ScriptReader.Read(await File.ReadAllTextAsync(file, cancellation));
        var flows = await FlowFiles.ReadAsync(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, script.Flow), cancellation);
        await using var stage = new RehearsalStage(flows.Values);
        var results = new List<TestResult>();
        foreach (var scene in script.Scenes)
        {
            var began = Stopwatch.GetTimestamp();
            var mismatch = await ScenePlay.PlayAsync(stage, flows.Values.First().Name, scene, cancellation);
            results.Add(new(scene.Name, Stopwatch.GetElapsedTime(began), mismatch));
        }

        return results;
    }

    /// <summary>As pipelines read it: one suite a file.</summary>
    public static XDocument JUnit(IEnumerable<(string File, IReadOnlyList<TestResult> Results)> files)
    {
        static string Seconds(IEnumerable<TestResult> results) =>
            results.Sum(result => result.Took.TotalSeconds).ToString("0.000", CultureInfo.InvariantCulture);
        return new XDocument(new XElement("testsuites", files.Select(file => new XElement("testsuite",
            new XAttribute("name", file.File),
            new XAttribute("tests", file.Results.Count),
            new XAttribute("failures", file.Results.Count(result => result.Mismatch is not null)),
            new XAttribute("time", Seconds(file.Results)),
            file.Results.Select(result => new XElement("testcase",
                new XAttribute("classname", Path.GetFileName(file.File)),
                new XAttribute("name", result.Name),
                new XAttribute("time", Seconds([result])),
                result.Mismatch is not { } mismatch ? null : new XElement("failure",
                    new XAttribute("message", Clean(mismatch.Message.Split('\n')[0])),
                    Clean($"{file.File}({mismatch.Line},{mismatch.Column})\n{mismatch.Message}"))))))));
    }

    /// <summary>Without what XML cannot hold.</summary>
    private static string Clean(string text) =>
        string.Concat(text.Select(c => System.Xml.XmlConvert.IsXmlChar(c) ? c : '\uFFFD'));
}
