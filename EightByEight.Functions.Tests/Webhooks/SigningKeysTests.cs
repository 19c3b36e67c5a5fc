using System.Security.Cryptography;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Webhooks;

public sealed class SigningKeysTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private ServiceProvider _services = null!;
    private KeyServer _server = null!;
    private SigningKeys _keys = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await KeyServer.StartAsync();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Connector:ChatGateway:MaxRetries"] = "1",
            ["Connector:ChatGateway:RetryDelay"] = "00:00:00.001",
            ["Connector:ChatGateway:BreakerMinimumAttempts"] = "1000",
        }).Build();
        _services = new ServiceCollection().AddLogging().AddChatGateway(configuration).BuildServiceProvider();
        _keys = new SigningKeys(_services.GetRequiredService<ChatGatewayClient>(), _time);
    }

    public async ValueTask DisposeAsync()
    {
        _keys.Dispose();
        await _services.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_key_is_fetched_once()
    {
        var key = _server.Add("k");

        for (var i = 0; i < 5; i++) Assert.True(await VerifyAsync(key, "k"));

        Assert.Equal(["/chat-gateway/v1/jwk/k/public"], _server.Asked);
    }

    [Fact]
    public async Task A_key_is_fetched_once_for_all_who_wait()
    {
        var key = _server.Add("k");
        _server.Gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        var waiting = Enumerable.Range(0, 200).Select(_ => VerifyAsync(key, "k").AsTask()).ToList();
        _server.Gate.SetResult();

        Assert.All(await Task.WhenAll(waiting), Assert.True);
        Assert.Single(_server.Asked);
    }

    [Fact]
    public async Task A_key_that_is_only_at_the_legacy_path_is_found()
    {
        var key = _server.Add("k");
        _server.Legacy = true;

        Assert.True(await VerifyAsync(key, "k"));
        Assert.Equal(["/chat-gateway/v1/jwk/k/public", "/vcc/us/chat/v2/jwk/k/public"], _server.Asked);
    }

    [Fact]
    public async Task A_key_may_come_as_a_string_of_JSON()
    {
        var key = _server.Add("k");
        _server.AsString = true;

        Assert.True(await VerifyAsync(key, "k"));
    }

    [Fact]
    public async Task A_key_id_is_encoded_into_the_path()
    {
        var key = _server.Add("a/b?c d");

        Assert.True(await VerifyAsync(key, "a/b?c d"));
    }

    [Fact]
    public async Task A_key_that_was_replaced_under_its_id_is_fetched_once_more()
    {
        var old = _server.Add("k");
        Assert.True(await VerifyAsync(old, "k"));
        _time.Advance(TimeSpan.FromMinutes(1));

        var key = _server.Add("k");

        Assert.True(await VerifyAsync(key, "k"));
        Assert.Equal(2, _server.Asked.Count);
    }

    [Fact]
    public async Task A_key_that_may_have_been_replaced_but_cannot_be_fetched_refuses_nobody()
    {
        var old = _server.Add("k");
        Assert.True(await VerifyAsync(old, "k"));
        _time.Advance(TimeSpan.FromMinutes(1));
        var key = _server.Add("k");
        _server.Status = 500;

        await Assert.ThrowsAsync<SigningKeyUnavailableException>(async () => await VerifyAsync(key, "k"));
        await Assert.ThrowsAsync<SigningKeyUnavailableException>(async () => await VerifyAsync(key, "k"));
        Assert.True(await VerifyAsync(old, "k"));

        _server.Status = null;
        Assert.True(await VerifyAsync(key, "k"));
    }

    [Fact]
    public async Task However_many_keys_are_named_only_so_many_are_kept_and_the_good_one_is_among_them()
    {
        var good = _server.Add("good");
        using var other = RSA.Create(2048);
        Assert.True(await VerifyAsync(good, "good"));

        for (var i = 0; i < 1_500; i++)
        {
            if (i % SigningKeys.MaxLookUps == 0) _time.Advance(SigningKeys.LookUpWindow);
            Assert.False(await VerifyAsync(other, $"unknown-{i}"));
        }

        Assert.InRange(_keys.Count, 1, SigningKeys.MaxKeys);
        Assert.True(await VerifyAsync(good, "good"));
        Assert.Single(_server.Asked, path => path.Contains("good", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_signatures_cannot_make_a_flood_of_requests()
    {
        var key = _server.Add("k");
        using var wrong = RSA.Create(2048);
        Assert.True(await VerifyAsync(key, "k"));
        _time.Advance(TimeSpan.FromMinutes(1));

        for (var i = 0; i < 50; i++) Assert.False(await VerifyAsync(wrong, "k"));

        Assert.Equal(2, _server.Asked.Count);
        Assert.True(await VerifyAsync(key, "k"));
    }

    [Fact]
    public async Task A_failed_look_up_is_not_remembered()
    {
        var key = _server.Add("k");
        _server.Status = 500;
        await Assert.ThrowsAsync<SigningKeyUnavailableException>(async () => await VerifyAsync(key, "k"));

        _server.Status = null;

        Assert.True(await VerifyAsync(key, "k"));
    }

    [Fact]
    public async Task That_there_is_no_such_key_is_remembered_for_seconds_only()
    {
        using var key = RSA.Create(2048);
        Assert.False(await VerifyAsync(key, "new"));
        Assert.False(await VerifyAsync(key, "new"));
        Assert.Equal(2, _server.Asked.Count); // one look-up: both paths

        _server.Keys["new"] = key;
        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.True(await VerifyAsync(key, "new"));
    }

    [Fact]
    public async Task A_flood_of_unknown_keys_cannot_make_a_flood_of_requests()
    {
        var known = _server.Add("known");
        Assert.True(await VerifyAsync(known, "known"));
        var refused = 0;
        for (var i = 0; i < 500; i++)
            try
            {
                Assert.False(await VerifyAsync(known, $"unknown-{i}"));
            }
            catch (SigningKeyUnavailableException)
            {
                refused++;
            }

        Assert.True(refused > 400, $"{refused} were refused");
        Assert.InRange(_server.Asked.Count, 1, 2 * SigningKeys.MaxLookUps + 1);
        Assert.True(await VerifyAsync(known, "known"));
    }

    [Fact]
    public async Task An_old_key_is_fetched_anew_and_goes_on_while_8x8_is_away()
    {
        var key = _server.Add("k");
        Assert.True(await VerifyAsync(key, "k"));
        _time.Advance(SigningKeys.MaxAge + TimeSpan.FromSeconds(1));
        _server.Status = 500;

        Assert.True(await VerifyAsync(key, "k"));
        Assert.True(_server.Asked.Count > 1);
    }

    private ValueTask<bool> VerifyAsync(RSA key, string kid)
    {
        using var request = new SignedPost { Key = key, KeyId = kid }.To("http://127.0.0.1/");
        var headers = new HeaderDictionary();
        foreach (var (name, values) in request.Headers) headers[name] = values.Single();
        var body = request.Content!.ReadAsByteArrayAsync().Result;
        Assert.Null(WebhookSignature.TryRead(headers, body, out var signature));
        return _keys.VerifyAsync(_server.Url, null, signature, TestContext.Current.CancellationToken);
    }
}
