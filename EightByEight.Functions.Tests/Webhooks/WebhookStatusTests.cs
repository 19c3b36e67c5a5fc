using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using EightByEight.Connector;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Webhooks;

/// <summary>Each row of the status table in the public contract.</summary>
public sealed class WebhookStatusTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private readonly HttpClient _client = new();
    private KeyServer _keys = null!;
    private TestConnector _connector = null!;
    private RSA _key = null!;

    public async ValueTask InitializeAsync()
    {
        _keys = await KeyServer.StartAsync();
        _key = _keys.Add("test-key");
        _connector = await TestConnector.StartAsync(azurite, settings: new JsonObject
        {
            ["eightByEight"] = new JsonObject { ["baseUrl"] = _keys.Url },
        });
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _connector.DisposeAsync();
        await _keys.DisposeAsync();
    }

    [Fact]
    public async Task A_signed_event_is_accepted()
    {
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(Signed())).StatusCode);
    }

    [Fact]
    public async Task A_duplicate_is_accepted()
    {
        var post = Signed();
        await PostAsync(post);

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(post with { Retry = 1, SentAt = DateTimeOffset.UtcNow })).StatusCode);
    }

    [Fact]
    public async Task Verify_is_accepted_without_a_signature()
    {
        using var response = await _client.PostAsync(_connector.EndpointUrl,
            new StringContent("""{"notificationVersion":"Chat Gateway v1.0","eventType":"WEB_HOOK_VERIFY"}"""), Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(_keys.Asked);
    }

    [Theory]
    [InlineData("this is no JSON")]
    [InlineData("""{"conversationId":"c","timestamp":1}""")]
    [InlineData("""{"eventType":"MESSAGE","timestamp":1}""")]
    public async Task A_signed_body_that_is_no_event_is_refused(string body) =>
        await AssertProblemAsync(400, await PostAsync(Signed() with { Body = body }), "body");

    [Fact]
    public async Task A_missing_signature_is_refused()
    {
        using var response = await _client.PostAsync(
            _connector.EndpointUrl, new StringContent(SignedPost.Message("c", "Hello")), Cancellation);

        await AssertProblemAsync(401, response, "x-8x8-signature");
    }

    [Fact]
    public async Task A_malformed_signature_is_refused()
    {
        using var request = Signed().To(_connector.EndpointUrl);
        request.Headers.Remove("x-8x8-signature");
        request.Headers.Add("x-8x8-signature", "not.a.jws");

        await AssertProblemAsync(401, await _client.SendAsync(request, Cancellation), "x-8x8-signature");
    }

    [Fact]
    public async Task A_wrong_signature_is_refused()
    {
        using var other = RSA.Create(2048);

        await AssertProblemAsync(401, await PostAsync(Signed() with { Key = other }), "x-8x8-signature");
    }

    [Fact]
    public async Task A_key_that_8x8_does_not_know_is_refused() =>
        await AssertProblemAsync(401, await PostAsync(Signed() with { KeyId = "nobodys" }), "x-8x8-signature");

    [Fact]
    public async Task Another_algorithm_than_RS256_is_refused()
    {
        using var request = Signed().To(_connector.EndpointUrl);
        var header = Convert.ToBase64String("""{"b64":false,"crit":["b64"],"kid":"test-key","alg":"none"}"""u8).TrimEnd('=');
        request.Headers.Remove("x-8x8-signature");
        request.Headers.Add("x-8x8-signature", $"{header}..AAAA");

        await AssertProblemAsync(401, await _client.SendAsync(request, Cancellation), "RS256");
    }

    [Fact]
    public async Task An_event_of_another_tenant_is_refused() =>
        await AssertProblemAsync(401, await PostAsync(Signed() with { Tenant = "other" }), "tenant");

    [Theory]
    [InlineData(-301)]
    [InlineData(360)]
    public async Task An_event_outside_the_freshness_window_is_refused(int seconds) =>
        await AssertProblemAsync(401, await PostAsync(Signed() with { SentAt = DateTimeOffset.UtcNow.AddSeconds(seconds) }), "x-8x8-transmission-time");

    [Fact]
    public async Task The_freshness_window_can_be_changed()
    {
        await _connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["freshnessSeconds"] = 3600 } });

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(Signed() with { SentAt = DateTimeOffset.UtcNow.AddMinutes(-50) })).StatusCode);
    }

    [Fact]
    public async Task An_unknown_token_is_not_found()
    {
        using var request = Signed().To($"{_connector.Host.Url}/webhooks/{new string('x', 64)}");

        await AssertProblemAsync(404, await _client.SendAsync(request, Cancellation), "Endpoint URL");
    }

    [Fact]
    public async Task A_disabled_Endpoint_is_not_found()
    {
        await _connector.PatchAsync(new JsonObject { ["enabled"] = false });

        await AssertProblemAsync(404, await PostAsync(Signed()), "Endpoint URL");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_a_mebibyte_is_too_large(bool chunked)
    {
        using var request = (Signed() with { Body = SignedPost.Message("c", new string('x', 1024 * 1024)) }).To(_connector.EndpointUrl);
        request.Headers.TransferEncodingChunked = chunked;

        await AssertProblemAsync(413, await _client.SendAsync(request, Cancellation), "1 MiB");
    }

    [Fact]
    public async Task The_size_is_checked_before_the_signature()
    {
        using var content = new ByteArrayContent(new byte[1024 * 1024 + 1]);

        await AssertProblemAsync(413, await _client.PostAsync(_connector.EndpointUrl, content, Cancellation), "1 MiB");
        Assert.Empty(_keys.Asked);
    }

    [Fact]
    public async Task A_signing_key_that_cannot_be_fetched_asks_for_the_event_again()
    {
        _keys.Status = 500;

        using var response = await PostAsync(Signed());

        await AssertProblemAsync(503, response, "signing key");
        Assert.NotNull(response.Headers.RetryAfter);
        _keys.Status = null;
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(Signed())).StatusCode);
    }

    [Fact]
    public async Task Storage_that_cannot_take_the_event_asks_for_it_again()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, storage: proxy.ConnectionString, settings: new JsonObject
        {
            ["eightByEight"] = new JsonObject { ["baseUrl"] = _keys.Url },
        });
        using (var warm = await _client.SendAsync(Signed().To(connector.EndpointUrl), Cancellation)) Assert.Equal(HttpStatusCode.OK, warm.StatusCode);
        proxy.Refuse = _ => true;

        using var response = await _client.SendAsync(Signed().To(connector.EndpointUrl), Cancellation);

        await AssertProblemAsync(503, response, "again");
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task An_identity_that_cannot_sign_in_to_storage_asks_for_the_event_again()
    {
        var identity = new FailingIdentity();
        await using var connector = await TestConnector.StartAsync(azurite, options: Conversations.Posted.Unpumped,
            configure: builder => builder.Services.AddSingleton<HttpPipelinePolicyPerCall>(identity),
            settings: new JsonObject { ["eightByEight"] = new JsonObject { ["baseUrl"] = _keys.Url } });
        using (var warm = await _client.SendAsync(Signed().To(connector.EndpointUrl), Cancellation)) Assert.Equal(HttpStatusCode.OK, warm.StatusCode);
        identity.Fails = true;

        using var response = await _client.SendAsync(Signed().To(connector.EndpointUrl), Cancellation);
        using var cold = await _client.PostAsync($"{connector.Host.Url}/webhooks/never-seen", new StringContent("{}"), Cancellation);

        await AssertProblemAsync(503, response, "again");
        Assert.NotNull(response.Headers.RetryAfter);
        await AssertProblemAsync(503, cold, "again");
    }

    [Fact]
    public async Task Storage_that_hangs_is_given_up_after_one_repetition()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, storage: proxy.ConnectionString, options: Conversations.Posted.Unpumped,
            settings: new JsonObject { ["eightByEight"] = new JsonObject { ["baseUrl"] = _keys.Url } });
        using (var warm = await _client.SendAsync(Signed().To(connector.EndpointUrl), Cancellation)) Assert.Equal(HttpStatusCode.OK, warm.StatusCode);
        var attempts = 0;
        proxy.Before = async request =>
        {
            if (request.Target.Contains("$batch", StringComparison.Ordinal)) Interlocked.Increment(ref attempts);
            await Task.Delay(TimeSpan.FromSeconds(30), Cancellation);
            return true;
        };
        // Work in the background would take four times ten seconds.
        using var patience = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };

        using var response = await patience.SendAsync(Signed().To(connector.EndpointUrl), Cancellation);

        await AssertProblemAsync(503, response, "again");
        Assert.InRange(attempts, 1, 2);
    }

    [Fact]
    public async Task A_token_that_cannot_be_looked_up_asks_for_the_event_again()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, storage: proxy.ConnectionString);
        proxy.Refuse = _ => true;

        await AssertProblemAsync(503, await _client.SendAsync(Signed().To(connector.EndpointUrl), Cancellation), "again");
    }

    [Theory]
    [InlineData(128, 401, "does not match")]
    [InlineData(129, 401, "too long")]
    public async Task A_key_id_is_looked_up_only_within_its_bound(int length, int status, string said)
    {
        await AssertProblemAsync(status, await PostAsync(Signed() with { KeyId = new string('k', length) }), said);

        Assert.Equal(length == 128, !_keys.Asked.IsEmpty);
    }

    [Fact]
    public async Task The_signature_is_checked_before_the_JSON()
    {
        using var response = await _client.PostAsync(_connector.EndpointUrl, new StringContent("this is no JSON"), Cancellation);

        await AssertProblemAsync(401, response, "x-8x8-signature");
    }

    [Fact]
    public async Task The_token_is_checked_before_the_size()
    {
        using var content = new ByteArrayContent(new byte[2 * 1024 * 1024]);

        await AssertProblemAsync(404, await _client.PostAsync($"{_connector.Host.Url}/webhooks/unknown", content, Cancellation), "Endpoint URL");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Verify_is_not_found_where_events_would_not_be(bool disabled)
    {
        if (disabled) await _connector.PatchAsync(new JsonObject { ["enabled"] = false });
        var url = disabled ? _connector.EndpointUrl : $"{_connector.Host.Url}/webhooks/unknown";

        using var response = await _client.PostAsync(url, new StringContent("""{"eventType":"WEB_HOOK_VERIFY"}"""), Cancellation);

        await AssertProblemAsync(404, response, "Endpoint URL");
    }

    [Fact]
    public async Task Any_tenant_is_accepted_where_the_Endpoint_names_none()
    {
        await _connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["tenantId"] = null } });

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(Signed() with { Tenant = "any" })).StatusCode);
    }

    [Fact]
    public async Task An_event_within_the_freshness_window_is_accepted() =>
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(Signed() with { SentAt = DateTimeOffset.UtcNow.AddSeconds(-290) })).StatusCode);

    [Fact]
    public async Task An_id_beyond_all_measure_is_refused() => await AssertProblemAsync(
        400, await PostAsync(Signed() with { Body = SignedPost.Message(new string('c', 1_025), "Hello") }), "conversationId");

    [Fact]
    public async Task Unsigned_events_are_accepted_where_the_Endpoint_says_so()
    {
        await _connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } });

        using var response = await _client.PostAsync(
            _connector.EndpointUrl, new StringContent(SignedPost.Message("c", "Hello")), Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private sealed class FailingIdentity : HttpPipelinePolicyPerCall
    {
        public bool Fails { get; set; }

        public override void OnSendingRequest(Azure.Core.HttpMessage message)
        {
            if (Fails) throw new Azure.Identity.CredentialUnavailableException("No token can be had.");
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private SignedPost Signed() => new() { Key = _key };

    private async Task<HttpResponseMessage> PostAsync(SignedPost post)
    {
        using var request = post.To(_connector.EndpointUrl);
        return await _client.SendAsync(request, Cancellation);
    }

    private static async Task AssertProblemAsync(int status, HttpResponseMessage response, string said)
    {
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = (await response.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!;
        Assert.Equal(status, (int)problem["status"]!);
        Assert.Contains(said, (string)problem["detail"]!, StringComparison.Ordinal);
    }
}
