using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using EightByEight.Connector;

namespace EightByEight.Benchmarks;

/// <summary>
/// Once told to, answers what storage answered before, without a network: the rest of the clients' pipeline, the signing of requests
/// included, works as ever.
/// </summary>
internal sealed class RepeatedAnswers : HttpPipelinePolicyPerCall
{
    private readonly ConcurrentDictionary<bool, Answer> _answers = new();

    public bool AreRepeated { get; set; }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        // There are two kinds: transactions, and messages put.
        var isPut = message.Request.Uri.Path.EndsWith("/messages", StringComparison.Ordinal);
        if (AreRepeated)
        {
            message.Response = _answers[isPut].Repeat();
            return;
        }

        await base.ProcessAsync(message, pipeline);
        var isTransaction = message.Request.Uri.Path.EndsWith("$batch", StringComparison.Ordinal);
        if (isTransaction || (isPut && message.Request.Method == RequestMethod.Post))
        {
            // The id of the request that was answered then would not be that of the one answered now.
            var headers = message.Response.Headers.Where(h => !h.Name.Equals("x-ms-client-request-id", StringComparison.OrdinalIgnoreCase));
            _answers[isPut] = new Answer(message.Response.Status, [.. headers], message.Response.Content.ToArray());
        }
    }

    private sealed class Answer(int status, HttpHeader[] headers, byte[] content) : Response
    {
        public override int Status => status;

        public override string ReasonPhrase => "";

        public override Stream? ContentStream { get; set; } =
            new MemoryStream(content, 0, content.Length, writable: false, publiclyVisible: true);

        public override string ClientRequestId { get; set; } = "";

        public Answer Repeat() => new(status, headers, content);

        public override void Dispose()
        {
        }

        protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) =>
            (value = headers.FirstOrDefault(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value) is not null;

        protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            var found = TryGetHeader(name, out var value);
            values = found ? [value!] : null;
            return found;
        }

        protected override bool ContainsHeader(string name) => TryGetHeader(name, out _);

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => headers;
    }
}
