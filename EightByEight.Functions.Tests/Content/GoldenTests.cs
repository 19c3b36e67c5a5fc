using System.Text;
using EightByEight.Connector.Content;
using EightByEight.Functions.Tests.Flows;

namespace EightByEight.Functions.Tests.Content;

/// <summary>
/// Every cell of the table of outputs and channels, byte for byte. With <c>EIGHTBYEIGHT_WRITE_GOLDEN=1</c> the files are written
/// instead: look at what changed before committing it.
/// </summary>
public class GoldenTests
{
    private static readonly string Folder = Path.Combine(SampleFlowTests.Root, "EightByEight.Functions.Tests", "Content", "Golden");

    public static TheoryData<string, string> Cells()
    {
        var cells = new TheoryData<string, string>();
        foreach (var (output, _, _) in Samples.Outputs)
            foreach (var (_, channel) in Samples.Channels) cells.Add(output, channel);
        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void An_output_becomes_these_messages_on_this_channel(string output, string channel)
    {
        var kind = Samples.Channels.Single(one => one.Name == channel).Kind;
        var messages = Samples.Json(Samples.Convert(Samples.Output(output), kind).Messages);
        Golden.Check(Path.Combine(Folder, $"{output}.{channel}.json"), messages);
    }

    public static TheoryData<string> Names() => new(Samples.Outputs.Select(output => output.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Channels_of_one_column_of_the_table_get_the_same(string output)
    {
        string Of(ChannelKind kind) => Samples.Json(Samples.Convert(Samples.Output(output), kind).Messages);
        string Words(ChannelKind kind) => string.Join('\n', Samples.Convert(Samples.Output(output), kind).Messages.Select(message => message.Text));

        Assert.Equal([Of(ChannelKind.WebChat), Of(ChannelKind.WebChat)], [Of(ChannelKind.ChatApi), Of(ChannelKind.Unknown)]);
        Assert.Equal([Words(ChannelKind.Sms), Words(ChannelKind.Sms)], [Words(ChannelKind.Facebook), Words(ChannelKind.Other)]);
    }

    [Fact]
    public void Each_golden_file_belongs_to_a_cell()
    {
        var cells = Samples.Outputs.SelectMany(output => Samples.Channels.Select(channel => $"{output.Name}.{channel.Name}.json")).ToHashSet();
        Assert.DoesNotContain(Directory.EnumerateFiles(Folder), file => !cells.Contains(Path.GetFileName(file)));
    }
}

/// <summary>Files that must be as the code makes them.</summary>
internal static class Golden
{
    public static void Check(string file, string expected)
    {
        if (Environment.GetEnvironmentVariable("EIGHTBYEIGHT_WRITE_GOLDEN") == "1") File.WriteAllText(file, expected, new UTF8Encoding(false));
        Assert.True(File.Exists(file), $"There is no {file}. Run the test with EIGHTBYEIGHT_WRITE_GOLDEN=1, and look at what it wrote.");
        Assert.Equal(expected, File.ReadAllText(file));
    }
}
