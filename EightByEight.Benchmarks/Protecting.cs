using System.Diagnostics;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;

namespace EightByEight.Benchmarks;

/// <summary>What the protection of a customer's words costs a turn: cutting active HTML, masking, and sealing what rests.</summary>
internal static class Protecting
{
    private const string Plain = "Hello, my parcel 4711 has not arrived, and it is two weeks now. Can you tell me where it is?";
    private const string Tagged = "Is 3 < 5 & 7 > 2? Write to <tom@x.de>, <b>please</b>, or see <a href=\"https://example.com/?a=1&b=2\">here</a>.";
    private const string Active = "Hi <img src=x onerror=alert(1)> there <script>alert(2)</script> and <a href=\"java&#115;cript:alert(3)\">go</a>";
    private const string Line = "The server of parcels answered 404 for \"4711\": there is no parcel of Ann Example (ann@example.com).";

    public static void Measure(Report report, int calls)
    {
        var said = JsonNode.Parse("""
            { "text": "Hello, my parcel 4711 has not arrived", "userId": "ann-1234",
              "user": { "name": "Ann Example", "email": "ann@example.com", "phone": "+44 20 7946 0000", "ipaddress": "203.0.113.7",
                        "additionalProperties": [ { "key": "plan", "value": "gold" }, { "key": "ipaddress", "value": "203.0.113.7" } ] },
              "data": { "request": { "eventType": "MESSAGE", "data": { "text": "Hello, my parcel 4711 has not arrived" } } },
              "slots": { "number": [ { "keyphrase": "4711" } ] } }
            """)!;
        var (publicKey, _) = Seals.NewPair();
        var seals = new Seals(null!, null!, null!);
        var key = new ConversationKey("endpoint", "CV0123456789");
        var body = new byte[1024];

        report.Head($"Protection of what customers say ({calls:#,0} calls each, best of ten rounds)");
        report.AtMost("sanitizing a text without HTML", Microseconds(() => Sanitizing.Text(Plain), calls), 1, " µs");
        report.AtMost("sanitizing harmless tags and comparisons", Microseconds(() => Sanitizing.Text(Tagged), calls), 10, " µs");
        report.AtMost("sanitizing active HTML, three places", Microseconds(() => Sanitizing.Text(Active), calls), 25, " µs");
        report.AtMost("masking the addresses of an input", Microseconds(() => Masking.MaskAddresses(said), calls), 5, " µs");
        report.AtMost("masking a line of the log, 12 values", Microseconds(() => Masking.WithoutQuotes(Line, Masking.Said(said)), calls), 50, " µs");
        report.AtMost("sealing an event of 1 KiB", Microseconds(() => seals.Seal(publicKey, key, body), calls), 10, " µs");
    }

    private static double Microseconds(Action call, int calls)
    {
        var best = TimeSpan.MaxValue;
        for (var round = 0; round < 10; round++)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < calls / 10; i++) call();
            var took = Stopwatch.GetElapsedTime(began);
            if (took < best) best = took;
        }

        return best.TotalMicroseconds / (calls / 10);
    }
}
