using System.Text;
using EightByEight.Connector.Webhooks;
using FsCheck.Xunit;

namespace EightByEight.Functions.Tests.Webhooks;

public sealed class WebhookEventTests
{
    [Fact]
    public void The_envelope_is_read_in_any_order_with_unknown_members()
    {
        Assert.Null(Read("""{"data":{"text":"x","sender":{"id":"1"}},"new":[{"a":1}],"timestamp":12,"conversationId":"c","eventType":"MESSAGE"}""", out var read));

        Assert.Equal(("MESSAGE", "c", 12L, false), (read.EventType, read.ConversationId, read.Timestamp, read.IsSilent));
    }

    [Fact]
    public void An_unknown_event_type_is_an_event() =>
        Assert.Null(Read("""{"eventType":"SOMETHING_NEW","conversationId":"c"}""", out _));

    [Fact]
    public void Numbers_and_strings_stand_for_each_other()
    {
        Assert.Null(Read("""{"eventType":"MESSAGE","conversationId":42,"timestamp":"17"}""", out var read));

        Assert.Equal(("42", 17L), (read.ConversationId, read.Timestamp));
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{\"eventType\":\"MESSAGE\",", "not JSON")]
    [InlineData("{\"eventType\":\"MESSAGE\",\"conversationId\":\"c\"} x", "not JSON")]
    [InlineData("{\"conversationId\":\"c\"}", "eventType")]
    [InlineData("{\"eventType\":\"\",\"conversationId\":\"c\"}", "eventType")]
    [InlineData("{\"eventType\":{\"a\":[1]},\"conversationId\":\"c\"}", "eventType")]
    [InlineData("{\"eventType\":\"MESSAGE\"}", "conversationId")]
    [InlineData("{\"eventType\":\"MESSAGE\",\"conversationId\":null}", "conversationId")]
    public void What_is_no_event_is_told_why(string body, string said) =>
        Assert.Contains(said, Read(body, out _), StringComparison.Ordinal);

    [Theory]
    [InlineData("eventType")]
    [InlineData("conversationId")]
    public void An_id_beyond_all_measure_is_refused(string member)
    {
        string Body(int length) => $$"""{"eventType":"MESSAGE","conversationId":"c"}""".Replace(
            member == "eventType" ? "MESSAGE" : "\"c\"", member == "eventType" ? new string('x', length) : $"\"{new string('x', length)}\"",
            StringComparison.Ordinal);

        Assert.Null(Read(Body(1_024), out _));
        Assert.Contains(member, Read(Body(1_025), out _), StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_needs_no_conversation()
    {
        Assert.Null(Read("""{"notificationVersion":"Chat Gateway v1.0","eventType":"WEB_HOOK_VERIFY"}""", out var read));

        Assert.True(read.IsVerify);
    }

    [Theory]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"isEcho":true,"sender":{"type":"bot"}}}""", true)]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"isEcho":true,"sender":{"type":""}}}""", true)]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"sender":{"type":"system"}}}""", true)]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"isEcho":true,"sender":{"type":"agent"}}}""", false)]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"isEcho":false,"sender":{"type":""}}}""", false)]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"sender":{"type":"user"}}}""", false)]
    [InlineData("""{"eventType":"ACTIVITY","conversationId":"c","data":{"name":"typing","value":{"users":[]}}}""", true)]
    [InlineData("""{"eventType":"ACTIVITY","conversationId":"c","data":{"name":"read-receipts","value":[{"timestamp":1}]}}""", true)]
    [InlineData("""{"eventType":"ACTIVITY","conversationId":"c","data":{"name":"quickReply/action"}}""", false)]
    [InlineData("""{"eventType":"TRANSFER","conversationId":"c"}""", false)]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":"text"}""", false)]
    public void What_cannot_act_is_silent(string body, bool silent)
    {
        Assert.Null(Read(body, out var read));

        Assert.Equal(silent, read.IsSilent);
    }

    [Property]
    public bool Any_text_is_an_event_or_told_why(string? text) => Read(text ?? "", out var read) is not null || read.EventType.Length > 0;

    [Property]
    public bool Any_bytes_are_an_event_or_told_why(byte[]? bytes) =>
        WebhookEvent.TryRead(bytes ?? [], out var read) is not null || read.EventType.Length > 0;

    private static string? Read(string body, out WebhookEvent read) => WebhookEvent.TryRead(Encoding.UTF8.GetBytes(body), out read);
}
