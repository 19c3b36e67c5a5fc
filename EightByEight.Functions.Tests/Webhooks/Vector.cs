using System.Text;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Functions.Tests.Webhooks;

/// <summary>
/// A signed event, made and verified with OpenSSL; the private key does not exist any more. The text has umlauts, an emoji, a slash and
/// angle brackets, which JSON libraries escape in different ways.
/// </summary>
internal static class Vector
{
    public static readonly byte[] Body = Encoding.UTF8.GetBytes(
        """{"eventType":"MESSAGE","conversationId":"ID-0","timestamp":1713100000000,"data":{"isEcho":false,"sender":{"id":"u1","type":"user"},"text":"Grüße 😀 a/b <x>"}}""");

    public const string Modulus =
        "zrqkvRQa0Zn8G6hgbwh-UTjNHcUjzIYsr4m3IsQD5TQdEKkkBCG8XoC2s-7y74YRt010WIN1MWNrRlB3GgNeX3zv5Z72qfiRU1tnXUXio8k6wzPwqZF7fwHzEWr3LVS_F-W1kAwr4ATDEScIvgZ7I2OUWebW2qL7WcTjWBtoAYhMwa_uw_TTzp31lEuXGuZrKijch5eKJ5ytpAEtFhmzvx-RXqNQNKsRO71HsO3ZVTpxF5MJAdpHZaLNEWQjZQLXSer_D9Tn92JDaS7iSU3nP04cmy0rkMuso_l6sd_G1xT_P-9NNcZ8TdeIsnurlS1kfBRAhFEKc3u4MeydzSAtxw";

    private const string Header = "eyJiNjQiOmZhbHNlLCJjcml0IjpbImI2NCJdLCJraWQiOiJ0ZXN0LWtleS0xIiwiYWxnIjoiUlMyNTYifQ";

    public const string FirstSignature = Header +
        "..gBwJxoHPjveXVv-Ib9bS0jq5oLB4xVUCMY694qKr8BCU3w6yDS1y-KswDwwmzYLXRbghqV3jWoWf2R-XPdDTHPtY3OqkidZSnA9OQtWPVHHAOU7Xq7dCyUbvfPiKVIfv4-ierV-Iuhq7pR36xUnSiBOSeX-li6ztnRefojcrJyEkjYNe14LsI205_GBZ-A5VpHoZICasRTQ8CgKqpR7czG7BlLc_rDY6ENolPkkJUn7MWYYje4G46U_iEscnI0kipRL2glKZp9x-Bo2aE2C6NcYabPG5SiIIPsRL_q4hq1eVtWjiVLqaNZYN5V-XgecP1GuzhKY0GzaitNixAeUEqA";

    public const string RetrySignature = Header +
        "..ywwRe6rgkdwWGbvahL-w_Vcyv5h7lGJ48DytY39Djv-vkBHV4BGQwEX7o_MZIKKOQglKASFf2ImzE7go7e409pZ91khGWTzse8AYS9QleC6B_qUxh9dbp11zyABSqPJv2QLGtAmUWzs5zM3OTmPq1qgGt9Q43XHeI9aWKpi8LfpfzXQFNMFpwrdvhKT68dKlTtzL64j9wnWiQ63KrUD_uf8qeCsSAlAL83vE7x2zsT4B6s8Xi6B4btCKA6FIWj4DZVUYFeq7Emmntk3uJcyDbaL7PZanYicJV3R02VuDgRP1I3WkOiNCQFTmKXLeeCXa5RgqL4vCy7Awy_zYY5U6JQ";

    public static HeaderDictionary First() => new()
    {
        ["x-8x8-customer-id"] = "acme01",
        ["x-8x8-event-id"] = "evt-0001",
        ["x-8x8-retry"] = "0",
        ["x-8x8-tenant-id"] = "acmetenant",
        ["x-8x8-transmission-time"] = "1713100000123",
        ["x-8x8-signature"] = FirstSignature,
    };

    public static HeaderDictionary Retry()
    {
        var headers = First();
        headers["x-8x8-retry"] = "1";
        headers["x-8x8-transmission-time"] = "1713100005123";
        headers["x-8x8-signature"] = RetrySignature;
        return headers;
    }
}
