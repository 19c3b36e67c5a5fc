using System.Net;
using System.Net.Sockets;
using System.Text;
using EightByEight.Connector.Files;

namespace EightByEight.Functions.Tests.Files;

/// <summary>ClamAV by a real clamd; Defender by the tags that it leaves.</summary>
public sealed class ScannerTests(ClamdServer clamd)
{
    [Fact]
    public async Task What_is_clean_is_clean()
    {
        Assert.Equal(Verdict.Clean, await ScanAsync("nothing to see"u8.ToArray()));
    }

    [Fact]
    public async Task What_is_infected_is_named_wherever_it_stands()
    {
        byte[] content = [.. new byte[200_000], .. Encoding.ASCII.GetBytes(ClamdServer.Marker), .. new byte[1000]];

        Assert.Equal(Verdict.Infected(ClamdServer.Infection), await ScanAsync(content));
    }

    [Fact]
    public async Task What_is_longer_than_clamd_scans_is_not_clean()
    {
        var verdict = await ScanAsync(new byte[ClamdServer.MaxLength + 1]);

        Assert.Equal((false, null), (verdict.IsClean, verdict.Infection));
    }

    [Fact]
    public async Task A_clamd_that_is_down_is_no_verdict()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var verdict = await new Clamd("127.0.0.1", port).ScanAsync(new MemoryStream([1]), TestContext.Current.CancellationToken);

        Assert.StartsWith($"clamd at 127.0.0.1:{port} does not answer: ", verdict.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("No threats found", true, null)]
    [InlineData("Malicious", false, "Microsoft Defender for Storage: Malicious")]
    [InlineData("SAM259206: Scan aborted - the requested blob was not found", false, null)]
    public void Defenders_tag_is_a_verdict(string tag, bool clean, string? infection)
    {
        var verdict = Scanners.Read(tag)!;

        Assert.Equal((clean, infection), (verdict.IsClean, verdict.Infection));
    }

    private async Task<Verdict> ScanAsync(byte[] content) =>
        await new Clamd("127.0.0.1", await clamd.PortAsync()).ScanAsync(new MemoryStream(content), TestContext.Current.CancellationToken);
}
