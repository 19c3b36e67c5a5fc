using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using EightByEight.Connector.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Files;

/// <summary>Azure Blob Storage without the account's key: an identity signs URLs with a key that it is given for them.</summary>
public sealed class AzureIdentityTests
{
    private static readonly FileHeaders Headers = new("image/png", "a.png");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_url_is_signed_with_a_key_of_the_identity_that_lives_no_longer_than_it()
    {
        await using var azure = await BlobService.StartAsync();
        var store = azure.Store();

        var url = await store.SignedUrlAsync("a/name", Headers, TimeSpan.FromMinutes(5), Token);

        var (authorization, asked) = Assert.Single(azure.Asked);
        Assert.Equal("Bearer token-of-the-identity", authorization);
        var query = QueryHelpers.ParseQuery(url.Query);
        Assert.Equal(("r", "b", "oid-1", "tid-1"), ((string?)query["sp"], (string?)query["sr"], (string?)query["skoid"], (string?)query["sktid"]));
        Assert.Equal("/acmefiles/files/a/name", url.AbsolutePath);
        var ends = azure.Time.GetUtcNow() + TimeSpan.FromMinutes(5);
        Assert.Equal(ends, DateTimeOffset.Parse(query["se"]!, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromSeconds(1));
        Assert.Equal(ends, (DateTimeOffset)asked.Root!.Element("Expiry")!, TimeSpan.FromSeconds(1));
        Assert.True((DateTimeOffset)asked.Root!.Element("Start")! < azure.Time.GetUtcNow());
    }

    [Fact]
    public async Task Its_signature_is_of_one_file_and_one_key()
    {
        await using var azure = await BlobService.StartAsync();
        var store = azure.Store();
        async Task<string> SignatureAsync(string name) =>
            QueryHelpers.ParseQuery((await store.SignedUrlAsync(name, Headers, TimeSpan.FromMinutes(5), Token)).Query)["sig"].ToString();

        var one = await SignatureAsync("a/name");
        var same = await SignatureAsync("a/name");
        var other = await SignatureAsync("a/other");
        azure.Key = "another key"u8.ToArray();
        var later = await SignatureAsync("a/name");

        Assert.Equal(one, same);
        Assert.Equal(3, new[] { one, other, later }.Distinct().Count());
    }

    /// <summary>A blob service on loopback that gives keys to identities. They show their token over TLS only.</summary>
    private sealed class BlobService : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly X509Certificate2 _certificate;
        private readonly HttpClient _http;

        private BlobService(WebApplication app, X509Certificate2 certificate)
        {
            (_app, _certificate) = (app, certificate);
            _http = new(new HttpClientHandler
            {
                ServerCertificateCustomValidationCallback = (_, shown, _, _) => shown?.Thumbprint == certificate.Thumbprint,
            });
        }

        public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

        public byte[] Key { get; set; } = "the first key"u8.ToArray();

        public ConcurrentQueue<(string Authorization, XDocument Body)> Asked { get; } = new();

        public static async Task<BlobService> StartAsync()
        {
            using var rsa = RSA.Create(2048);
            var certificate = new CertificateRequest("CN=127.0.0.1", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
            var app = builder.Build();
            var service = new BlobService(app, certificate);
            app.MapPost("/acmefiles", service.AnswerAsync);
            await app.StartAsync(TestContext.Current.CancellationToken);
            return service;
        }

        public AzureBlobs Store()
        {
            var server = new BlobServiceClient(
                new Uri($"{_app.Urls.Single()}/acmefiles"), new Identity(), new BlobClientOptions { Transport = new HttpClientTransport(_http) });
            return new(server.GetBlobContainerClient("files"), Time);
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await _app.DisposeAsync();
            _certificate.Dispose();
        }

        private async Task<IResult> AnswerAsync(HttpRequest request)
        {
            Asked.Enqueue((request.Headers.Authorization.ToString(), await XDocument.LoadAsync(request.Body, LoadOptions.None, request.HttpContext.RequestAborted)));
            var key = Asked.Last().Body.Root!;
            return Results.Text($"""
                <?xml version="1.0" encoding="utf-8"?>
                <UserDelegationKey><SignedOid>oid-1</SignedOid><SignedTid>tid-1</SignedTid><SignedStart>{key.Element("Start")!.Value}</SignedStart>
                <SignedExpiry>{key.Element("Expiry")!.Value}</SignedExpiry><SignedService>b</SignedService><SignedVersion>2024-11-04</SignedVersion>
                <Value>{Convert.ToBase64String(Key)}</Value></UserDelegationKey>
                """, "application/xml", Encoding.UTF8);
        }
    }

    private sealed class Identity : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new("token-of-the-identity", DateTimeOffset.UtcNow.AddHours(1));

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
