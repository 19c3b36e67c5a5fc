using System.Text.Json;
using EightByEight.Connector.Content;
using EightByEight.Connector.Privacy;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>Active HTML goes, and nothing else.</summary>
public sealed class SanitizingTests
{
    [Theory]
    [InlineData("a < b & c")]
    [InlineData("<tom@x.de>")]
    [InlineData("Tom <tom@x.de> & Ann <ann@x.de>")]
    [InlineData("if (x<3 && y>2)")]
    [InlineData("if (a <b && one=2 > c)")]
    [InlineData("I <3 you")]
    [InlineData("😀 <\uD83D\uDE00> ünïcödé \u200d")]
    [InlineData("&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &#60;script&#62;")]
    [InlineData("<b>bold</b> <i class=\"x\">it</i>\r\n<p>p</p>")]
    [InlineData("<a href=\"https://x.de/?a=1&b=2\" target=_blank>x</a>")]
    [InlineData("<img src=\"https://x.de/a.png\" alt='a > b'>")]
    [InlineData("javascript:alert(1) is no link here")]
    [InlineData("List<String> x = new Map<int, Script>()")]
    [InlineData("<order-number>42</order-number><?php echo 1 ?><!-- note --><![CDATA[x]]>")]
    [InlineData("<a href=\"https://x.de/?a=1&colon=2&#x6A;avascript:\">x</a>")]
    [InlineData("<a title=\"&Colon;&#106&#;&#x;&#xFFFFFFFFFF;&#1114112;&#55296;&;&&\">x</a>")]
    [InlineData("<a href=\"&amp;#106;avascript:alert(1)\">x</a>")]
    [InlineData("<")]
    [InlineData("</")]
    [InlineData("<a")]
    [InlineData("x <")]
    public void What_is_not_active_arrives_byte_for_byte_and_as_the_same_instance(string text) =>
        Assert.Same(text, Sanitizing.Text(text));

    [Theory]
    [InlineData("Hi<script>alert(1)</script>!", "Hi!")]
    [InlineData("<SCRIPT SRC=//evil.example/x.js></SCRIPT>x", "x")]
    [InlineData("<script>alert(1)", "alert(1)")]
    [InlineData("<script src=//evil.example", " src=//evil.example")]
    [InlineData("<img src=x onerror=alert(1)>", "<img src=x>")]
    [InlineData("<img src=x onerror=\"alert('>')\" alt=y>", "<img src=x alt=y>")]
    [InlineData("<img/src=x/onerror=alert(1)>", "<img/src=x/onerror=alert(1)>")]
    [InlineData("<img/onerror=alert(1) src=x>", "<img src=x>")]
    [InlineData("<IMG SRC=x oNeRrOr = 'alert(1)'>", "<IMG SRC=x>")]
    [InlineData("<img src=x onerror=alert(1)", "<img src=x")]
    [InlineData("<a href=\"javascript:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=JaVaScRiPt:alert(1)>x</a>", "<a>x</a>")]
    [InlineData("<a href=\" java\tscript:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\"&#106;avascript&colon;alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\"&#x6A;avascript:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\"java&Tab;script:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\"java&NewLine;script&colon;alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\"&#106avascript:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\"&#X0000000000006A;avascript:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=\"&#9;&#xA;&#32;&#1;javascript:alert(1)\">x</a>", "<a>x</a>")]
    [InlineData("<a href=&#106;avascript:alert(1)>x</a>", "<a>x</a>")]
    [InlineData("<a href=\"data:text&sol;html,x\">x</a>", "<a>x</a>")]
    [InlineData("<div style=\"width: expression&lpar;alert(1)\">x</div>", "<div>x</div>")]
    [InlineData("<div style=\"w: exp&sol;&ast;x\">x</div>", "<div>x</div>")]
    [InlineData("<div style=\"w: exp/&midast;x\">x</div>", "<div>x</div>")]
    [InlineData("<div style=\"w: &bsol;65\">x</div>", "<div>x</div>")]
    [InlineData("<div style=\"w: &#40\">x</div>", "<div>x</div>")]
    [InlineData("<a href=\"vbscript:x\" title=t>x</a>", "<a title=t>x</a>")]
    [InlineData("<a href='data:text/html,<b>'>x</a>", "<a>x</a>")]
    [InlineData("<iframe src=https://evil.example>inside</iframe>", "inside")]
    [InlineData("<svg/onload=alert(1)>", "")]
    [InlineData("<svg><animate onbegin=alert(1) attributeName=x></svg>", "<animate attributeName=x>")]
    [InlineData("<object data=x><embed src=y></object>", "")]
    [InlineData("<div style=\"width: expression(alert(1))\">x</div>", "<div>x</div>")]
    [InlineData("<div style=\"color:red\">x</div>", "<div style=\"color:red\">x</div>")]
    [InlineData("<style>@import '//evil.example'</style>x", "x")]
    [InlineData("<meta http-equiv=refresh content=0>", "")]
    [InlineData("<form action=https://evil.example><button formaction=javascript:x>b</button></form>", "<button>b</button>")]
    [InlineData("<tom@x.de onclick=alert(1)>", "<tom@x.de>")]
    [InlineData("<scr<script>ipt>alert(1)", "alert(1)")]
    [InlineData("<scr\0ipt>alert(1)</scr\0ipt>", "")]
    [InlineData("<img src=x on\0error=alert(1)>", "<img src=x>")]
    [InlineData("<title><x t=\"</title><img src=x onerror=alert(1)>\">", "<x t=\"<img src=x>\">")]
    [InlineData("<!-- <x t=\" --> <img src=x onerror=alert(1)> \">", "<!-- <x t=\" --> <img src=x> \">")]
    [InlineData("<iframe srcdoc='<script>alert(1)</script>'></iframe>", "")]
    [InlineData("<p srcdoc=x>", "<p>")]
    public void Active_html_is_cut_out(string text, string expected) => Assert.Equal(expected, Sanitizing.Text(text));

    [Property(MaxTest = 200)]
    public Property Whatever_is_typed_nothing_is_thrown_and_cleaning_twice_changes_nothing() =>
        Prop.ForAll(Hostile.ToArbitrary(), text =>
        {
            var once = Sanitizing.Text(text);
            var twice = Sanitizing.Text(once);
            return ReferenceEquals(once, twice);
        });

    [Property(MaxTest = 200)]
    public bool Without_the_beginning_of_a_tag_a_text_stays_as_it_is(NonNull<string> text)
    {
        var plain = string.Concat(text.Get.Select((c, i) => c == '<' ? "< " : c.ToString()));
        return ReferenceEquals(plain, Sanitizing.Text(plain));
    }

    [Property(MaxTest = 200)]
    public Property A_browser_finds_nothing_active_in_what_is_left() =>
        Prop.ForAll(Hostile.ToArbitrary(), text =>
        {
            var document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument("<!DOCTYPE html><body><div>" + Sanitizing.Text(text));
            return document.Body!.QuerySelectorAll("*").All(e =>
                e.LocalName is not ("script" or "iframe" or "svg" or "style" or "object")
                && e.Attributes.All(a => !a.Name.StartsWith("onerror", StringComparison.Ordinal)
                    && !a.Value.TrimStart().StartsWith("javascript:", StringComparison.OrdinalIgnoreCase)));
        });

    [Theory]
    [InlineData("", "<a ", 20_000)]
    [InlineData("", "<scr", 20_000)]
    [InlineData("", "<a x=\"", 20_000)]
    [InlineData("<a", " b=&", 25_000)]
    [InlineData("<a <a <a <a <a <a <a <a <a <a <a <a <a <a <a <a", " b=&", 25_000)]
    [InlineData("<a <a <a <a <a <a <a <a <a <a <a <a <a <a <a <a", " b=&#9;", 25_000)]
    [InlineData("<a <a <a <a <a <a <a <a <a <a <a <a <a <a <a <a b=", "&Tab;", 25_000)]
    [InlineData("<a <a <a <a <a <a <a <a <a <a <a <a <a <a <a <a style=", "&#", 50_000)]
    public void A_text_made_to_cost_much_costs_little_and_loses_only_its_angle_brackets(string beginning, string piece, int times)
    {
        var text = beginning + string.Concat(Enumerable.Repeat(piece, times));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(Sanitizing.Text(text) is var clean && (clean == text || clean == text.Replace("<", "")));
        // What is made on the way tells the work, and not how busy the machine is.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100L * text.Length);
    }

    [Fact]
    public void Nested_more_often_than_anyone_means_it_is_no_html_any_more()
    {
        var text = string.Concat(Enumerable.Repeat("<scr", 5_000)) + "<script>" + string.Concat(Enumerable.Repeat("ipt>", 5_000));
        Assert.DoesNotContain('<', Sanitizing.Text(text));
    }

    [Fact]
    public void A_postback_arrives_byte_for_byte_and_what_was_typed_beside_it_without_active_html()
    {
        const string Payload = "<script>order('1')</script>";
        var click = Read("""{"eventType":"ACTIVITY","data":{"name":"quickReply/action","value":{"title":"t","payload":"PAYLOAD"}}}""", Payload);
        var form = Read("""
            {"eventType":"ACTIVITY","data":{"name":"adaptiveCard/action","value":{"data":{"postback":"PAYLOAD","name":"A<iframe src=x>B"}}}}
            """, Payload);
        Assert.Equal(Payload, Sanitizing.Of(click, isClick: true).Text);
        Assert.Equal(Payload, Sanitizing.Of(form, isClick: true).Text);
        Assert.Equal(Payload, (string?)form.Data["adaptivecards"]!["postback"]);
        Assert.Equal("AB", (string?)form.Data["adaptivecards"]!["name"]);
    }

    [Fact]
    public void The_name_of_an_attachment_is_cleaned_and_the_raw_event_is_not()
    {
        var content = Sanitizing.Of(Read("""
            {"eventType":"MESSAGE","data":{"text":"<iframe>t","attachments":[{"fileName":"a<svg onload=x>.png","preSignedUrl":"https://x/?a=1&b=<"}]}}
            """, ""), isClick: false);
        Assert.Equal("t", content.Text);
        Assert.Equal("a.png", (string?)content.Data["attachments"]![0]!["name"]);
        Assert.Equal("https://x/?a=1&b=<", (string?)content.Data["attachments"]![0]!["url"]);
        Assert.Equal("<iframe>t", (string?)content.Data["request"]!["data"]!["text"]);
    }

    private static IncomingContent Read(string json, string payload) =>
        IncomingContent.Of(JsonElement.Parse(json.Replace("PAYLOAD", payload)));

    /// <summary>Pieces of which attacks are made, in any order.</summary>
    private static readonly Gen<string> Hostile = Gen.Elements(
        "<", ">", "/", "=", "\"", "'", " ", "\t", "\n", "\0", "script", "<script", "</script>", "<img src=x", " onerror=", "alert(1)", "<svg",
        "iframe", "<a href=", "javascript:", "java", "&#106;", "&#106", "&#x6a", "&#0;", "&#", "&Tab;", "&NewLine;", "&colon;", "&amp;", "<!--", "-->", "<![CDATA[", "]]>", "<style>", "</style",
        "<title>", "<math>", "a", "é", "😀", "<x t=\"", "<textarea>", "<?", "<!", "&lt;").ListOf().Select(pieces => string.Concat(pieces));
}
