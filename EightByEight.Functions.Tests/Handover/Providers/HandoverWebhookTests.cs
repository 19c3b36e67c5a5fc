using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs.Models;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Functions.Tests.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>Each row of the status table, for the webhook of all handover providers.</summary>
public sealed class HandoverWebhookTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private readonly HttpClient _client = new();
    private KeyServer _keys = null!;
    private TestHandover _test = null!;
    private StorageProxy _proxy = null!;
    private RSA _key = null!;

    public async ValueTask InitializeAsync()
    {
        _keys = await KeyServer.StartAsync();
        _key = _keys.Add("test-key");
        _proxy = await StorageProxy.StartAsync(azurite);
        _test = await TestHandover.StartAsync(azurite, storage: _proxy.ConnectionString, more: new Dictionary<string, string?>
        {
            ["Connector:ChatGateway:AttemptTimeout"] = "00:00:10",
            ["Connector:ChatGateway:TotalTimeout"] = "00:00:10",
            ["Connector:Conversations:Lease"] = "00:00:20",
        });
        using var created = await _test.Admin.PostAsJsonAsync("/api/handover-providers", new JsonObject
        {
            ["name"] = "Keys",
            ["baseUrl"] = _keys.Url,
            ["tenantId"] = "keys01",
        }, Cancellation);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _test.DisposeAsync();
        await _proxy.DisposeAsync();
        await _keys.DisposeAsync();
    }

    [Fact]
    public async Task An_event_of_no_handover_is_taken_ignored_and_logged()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Signed()));
        Assert.Contains(_test.Logs.Lines, line => line.Contains("of no handover", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("user")]
    [InlineData("bot")]
    [InlineData("system")]
    public async Task What_no_agent_wrote_is_taken_and_ignored(string sender)
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Signed() with { Body = SignedPost.Message("c", "Hi", sender) }));
        Assert.Contains(_test.Logs.Lines, line => line.Contains("ignored: MESSAGE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Verify_is_accepted_without_a_signature()
    {
        using var answer = await _client.PostAsync(
            Url, new StringContent("""{"notificationVersion":"Chat Gateway v1.0","eventType":"WEB_HOOK_VERIFY"}"""), Cancellation);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_missing_signature_is_refused()
    {
        using var answer = await _client.PostAsync(Url, new StringContent(SignedPost.Message("c", "Hi")), Cancellation);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_wrong_signature_is_refused()
    {
        using var other = RSA.Create(2048);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(Signed() with { Key = other }));
    }

    [Fact]
    public async Task A_tenant_that_no_provider_has_is_refused() =>
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(Signed() with { Tenant = "stranger" }));

    [Fact]
    public async Task An_event_that_is_not_fresh_is_refused() =>
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(Signed() with { SentAt = DateTimeOffset.UtcNow.AddMinutes(-6) }));

    [Theory]
    [InlineData("this is no JSON")]
    [InlineData("""{"conversationId":"c"}""")]
    public async Task A_signed_body_that_is_no_event_is_refused(string body) =>
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(Signed() with { Body = body }));

    [Fact]
    public async Task A_body_over_a_mebibyte_is_too_large() =>
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await StatusAsync(Signed() with { Body = new string(' ', 1024 * 1024 + 1) }));

    [Fact]
    public async Task A_signing_key_that_cannot_be_fetched_asks_for_the_event_again()
    {
        _keys.Status = 500;

        await AssertAgainAsync();
    }

    [Fact]
    public async Task Storage_that_cannot_take_the_event_asks_for_it_again()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Signed()));
        _proxy.Refuse = _ => true;

        await AssertAgainAsync();
        _proxy.Refuse = null;
    }

    [Fact]
    public void A_key_that_cannot_be_read_now_asks_for_the_event_again() =>
        Assert.True(Connector.Webhooks.Refusal.IsStorageFailure(new EndpointSecretException("Later."), Cancellation));

    [Theory]
    [InlineData("blob")]
    [InlineData("table")]
    public async Task A_long_event_that_was_set_aside_is_moved_once_and_leaves_nothing_behind_also_where_its_mover_dies(string before)
    {
        var handover = (string)(await _test.BeginAsync())["id"]!;
        var post = Signed() with { Body = SignedPost.Message("late", new string('x', 60_000), "agent") };
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(post));
        Assert.Single(await BlobsAsync("conversation/"));
        var inbox = _test.Host.Services.GetRequiredService<HandoverInbox>();
        _proxy.Before = request => Task.FromResult(request.Method == "DELETE" && request.Service == before);
        await Assert.ThrowsAnyAsync<Exception>(() => inbox.AdoptAsync("keys01", "late", handover, Cancellation));
        _proxy.Before = null;

        await inbox.AdoptAsync("keys01", "late", handover, Cancellation);

        Assert.Empty(await BlobsAsync("conversation/"));
        var (place, row) = (HandoverKey.Of(handover).ToString(), RowKeys.Tombstone(post.EventId));
        Assert.Single(await _test.RowsAsync(), one => one.PartitionKey == place && one.RowKey == row);
        Assert.DoesNotContain(await _test.RowsAsync(), one => one.PartitionKey != place && one.GetString("EventId") == post.EventId);
    }

    [Fact]
    public async Task A_conversation_of_another_tenant_is_not_reached()
    {
        var begun = await _test.BeginAsync();
        var id = (string)begun["id"]!;
        await _test.HasStatusAsync(id, "queued");
        var forged = SignedPost.Message((string)begun["conversationId"]!, "I am no agent of yours", "agent");

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Signed() with { Body = forged }));

        Assert.Contains(_test.Logs.Lines, line => line.Contains("of no handover: MESSAGE", StringComparison.Ordinal));
        Assert.Equal(1, (int)(await _test.GetAsync(id))["lastEvent"]!);
    }

    private async Task<IReadOnlyList<string>> BlobsAsync(string folder) => await _test.Host.Services.GetRequiredService<ConnectorStorage>().Bodies
        .GetBlobsAsync(BlobTraits.None, BlobStates.None, folder, Cancellation).Select(blob => blob.Name).ToArrayAsync(Cancellation);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Url => $"{_test.Host.Url}/handover/eightByEight";

    private SignedPost Signed() => new() { Key = _key, Tenant = "keys01", Body = SignedPost.Message("c", "Hi", "agent") };

    private async Task<HttpStatusCode> StatusAsync(SignedPost post)
    {
        using var request = post.To(Url);
        using var answer = await _client.SendAsync(request, Cancellation);
        return answer.StatusCode;
    }

    private async Task AssertAgainAsync()
    {
        using var request = Signed().To(Url);
        using var answer = await _client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
    }
}
