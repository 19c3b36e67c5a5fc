using EightByEight.Connector.Content;
using EightByEight.Connector.Files;

namespace EightByEight.Functions.Tests.Files;

/// <summary>Names that customers gave their files.</summary>
public class SafeNameTests
{
    [Theory]
    [InlineData("plan.pdf", "plan.pdf")]
    [InlineData("Grüße aus 東京.pdf", "Grüße aus 東京.pdf")]
    [InlineData("../../etc/passwd", "passwd.pdf")]
    [InlineData(@"C:\Users\me\plan.pdf", "plan.pdf")]
    [InlineData("invoice\u202Efdp.exe", "invoice_fdp.exe.pdf")]
    [InlineData("a\r\nX-Header: b.pdf", "a__X-Header_ b.pdf")]
    [InlineData("<script>.pdf", "script_.pdf")]
    [InlineData("con.pdf", "_con.pdf")]
    [InlineData("...", "file.pdf")]
    [InlineData(null, "file.pdf")]
    public void A_name_does_no_harm_and_tells_what_the_file_is(string? name, string safe) =>
        Assert.Equal(safe, SafeName.Of(name, FileType.Of("%PDF-1.7"u8)));

    [Fact]
    public void A_long_name_is_cut_and_keeps_its_extension()
    {
        var safe = SafeName.Of(new string('a', 300) + ".pdf", FileType.Of("%PDF-1.7"u8));

        Assert.Equal(SafeName.Longest, safe.Length);
        Assert.EndsWith("a.pdf", safe, StringComparison.Ordinal);
    }
}
