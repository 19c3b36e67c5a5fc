using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Requests;
using Microsoft.AspNetCore.WebUtilities;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Asks a server over HTTP. Its answer is committed before the turn goes on, so that only a crash in between asks again.</summary>
internal sealed class Http : AskingStep
{
    private const int LongestCache = 24 * 60 * 60;

    private static readonly string[] Bodies = ["json", "form", "text"];

    /// <summary>What the connection of the transport decides.</summary>
    private static readonly string[] OfTransport = ["host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer"];

    /// <summary>What holds credentials, beside what <see cref="UrlSecrets.IsOne"/> knows by its last words.</summary>
    private static readonly string[] OfCredentials = ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"];

    private Template? _url;
    private List<(string Name, SetValue Value)> _query = [];
    private List<(string Name, SetValue Value)> _headers = [];
    private List<(string Name, SetValue Value)>? _form;
    private SetValue? _json;
    private Template? _text;
    private HttpCall _fixed = new("GET", new Uri("about:blank"));

    /// <inheritdoc/>
    public override bool IsCommitted => true;

    public static Http Parse(StepSource source)
    {
        source.AllowBeside("onError");
        var step = new Http { Path = source.Path, Line = source.Line };
        if (source.Object("url", "url", "method", "query", "headers", "json", "form", "text", "connection", "timeoutSeconds", "retries",
                "maxBytes", "cacheSeconds", "async", "saveTo") is not { } map) return step;
        if (source.Require(map, "url", "url: https://api.example.com/orders") is { } url) step.ReadUrl(source, url);
        step.ReadBody(source, map);
        if (map.Find("query") is { } query) step.ReadQuery(source, query);
        if (map.Find("headers") is { } headers) step.ReadHeaders(source, headers);
        step.ReadPlace(source, map);
        step.ReadOnError(source);
        step.ReadManner(source, map);
        return step;
    }

    public override FlowRequest Ask(Turn turn) => Url(turn, out var fault) is not { } url ? new NoRequest(HttpCalls.None(fault)) : _fixed with
    {
        Url = url,
        Headers = Headers(turn),
        Json = _json?.Evaluate(turn) is { IsUndefined: false, Json: var json } ? JsonSerializer.SerializeToElement(json) : null,
        Form = _form is null ? null : Texts(_form, turn),
        Text = _text?.Require(turn),
        IdempotencyKey = turn.KeyOf(this),
    };

    /// <summary>Into <c>input.result</c>, too, where <c>onError</c> finds it.</summary>
    protected override void Store(Turn turn, JsonNode? answer)
    {
        if (_fixed.IsAsync) return;
        turn.Memory.SetResult(answer?.DeepClone());
        base.Store(turn, answer);
    }

    /// <summary>Null: a value of this time makes it none.</summary>
    private Uri? Url(Turn turn, out string fault)
    {
        var url = _url!.Url(turn, out fault);
        if (fault.Length == 0 && (!WebAddress.IsOne(url) || new Uri(url) is not { UserInfo.Length: 0 }))
            fault = "'url' is no URL once it is put together: it begins with https:// or http://, and holds no user name.";
        if (fault.Length > 0) return null;
        var address = new Uri(url);
        return _query.Count == 0 ? address
            : new Uri(QueryHelpers.AddQueryString(address.AbsoluteUri, Texts(_query, turn).Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value))));
    }

    private Dictionary<string, string> Headers(Turn turn)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in Texts(_headers, turn))
        {
            if (value.Any(char.IsControl)) throw new StepException(HttpCall.FaultOf(name, value)!);
            headers[name] = headers.TryGetValue(name, out var before) ? $"{before}, {value}" : value;
        }

        return headers;
    }

    /// <summary>Nothing for what is null or undefined, and each item of a list.</summary>
    private static List<KeyValuePair<string, string>> Texts(List<(string Name, SetValue Value)> pairs, Turn turn)
    {
        var texts = new List<KeyValuePair<string, string>>();
        foreach (var (name, value) in pairs)
            foreach (var item in value.Evaluate(turn).Json is var json && json is JsonArray list ? list : (IEnumerable<JsonNode?>)[json])
                if (item is not null) texts.Add(new(name, item is JsonValue scalar && scalar.TryGetValue<string>(out var text) ? text : item.ToJsonString()));
        return texts;
    }

    private void ReadUrl(StepSource source, DocumentNode url)
    {
        _url = source.Compiler.Template(url, "url");
        if (_url?.Beginning is { } beginning
            && (_url.Plain is { } plain ? !WebAddress.IsOne(plain)
                : !beginning.StartsWith("https://", StringComparison.Ordinal) && !beginning.StartsWith("http://", StringComparison.Ordinal)))
            source.Problems.Report(url, "'url' begins with https:// or http://, such as https://api.example.com/orders/{{ context.order }}.");
        if (url is ScalarNode written && UrlSecrets.Fault(written.Text) is { } secret) source.Problems.ReportNew(url, $"'url' {secret}");
    }

    private void ReadQuery(StepSource source, DocumentNode node)
    {
        _query = Pairs(source, node, "query");
        if (node is not MapNode map) return;
        foreach (var (key, value) in map.Members)
            if (UrlSecrets.IsOne(key.Text) && value is ScalarNode { IsNull: false, Text: { Length: > 0 } text } && !text.Contains("{{", StringComparison.Ordinal))
                source.Problems.ReportNew(key, $"'query' {UrlSecrets.FaultOf(key.Text)}");
    }

    private void ReadBody(StepSource source, MapNode map)
    {
        var bodies = Bodies.Select(map.FindKey).OfType<ScalarNode>().ToList();
        if (bodies.Count > 1) source.Problems.Report(bodies[1], $"'{bodies[0].Text}' and '{bodies[1].Text}' are two bodies. Keep one.");
        if (map.Find("json") is { } json) _json = SetValue.Parse(source.Compiler, json);
        if (map.Find("form") is { } form) _form = Pairs(source, form, "form");
        if (map.Find("text") is { } text) _text = source.Compiler.Template(text, "text");
        var method = map.Find("method") is null && bodies.Count > 0 ? "POST" : source.Word(map, "method", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD");
        if (method is "GET" or "HEAD" && bodies.Count > 0)
            source.Problems.Report(bodies[0], $"{method} has no body: put '{bodies[0].Text}' into 'query', or choose another method.");
        _fixed = _fixed with { Method = method };
    }

    private void ReadHeaders(StepSource source, DocumentNode node)
    {
        _headers = Pairs(source, node, "headers");
        if (node is not MapNode map) return;
        foreach (var (key, value) in map.Members)
        {
            if (key.Text.Length == 0 || !key.Text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)))
                source.Problems.Report(key, $"'{key.Text}' cannot be the name of a header.");
            else if (OfTransport.Contains(key.Text, StringComparer.OrdinalIgnoreCase))
                source.Problems.Report(key, $"'{key.Text}' cannot be set: it comes from the request itself.");
            else if (OfCredentials.Contains(key.Text, StringComparer.OrdinalIgnoreCase)
                && (value as ScalarNode)?.Text.Contains("{{", StringComparison.Ordinal) != true)
                source.Problems.Report(key, $"'{key.Text}' holds credentials, and a Flow is no place for them: name a 'connection'.");
            else if (IsOfCredentials(key.Text) && value is ScalarNode { IsNull: false, Text: { Length: > 0 } written } && !written.Contains("{{", StringComparison.Ordinal))
                source.Problems.ReportNew(key, $"'{key.Text}' looks like credentials, and a Flow is no place for them: put its value into a connection of the kind apiKey"
                    + $" with \"header\": \"{key.Text}\", and name that as 'connection'.");
            foreach (var one in (value is ListNode list ? list.Items : [value]).OfType<ScalarNode>())
                if (!one.Text.Contains("{{", StringComparison.Ordinal) && HttpCall.FaultOf(key.Text, one.Text) is { } fault) source.Problems.ReportNew(one, fault);
        }
    }

    /// <summary>Such as <c>X-Auth-Token</c> and <c>Ocp-Apim-Subscription-Key</c>.</summary>
    private static bool IsOfCredentials(string header) =>
        !header.Equals("Idempotency-Key", StringComparison.OrdinalIgnoreCase) && header.Split('-') is var words && (UrlSecrets.IsOne(words[^1]) || (words.Length > 1 && UrlSecrets.IsOne($"{words[^2]}-{words[^1]}")));

    /// <summary>How it is asked, and how long.</summary>
    private void ReadManner(StepSource source, MapNode map)
    {
        _fixed = _fixed with
        {
            Connection = map.Find("connection") is { } connection ? source.Compiler.Connected(connection) : null,
            TimeoutSeconds = source.Whole(map, "timeoutSeconds", 1, HttpCall.LongestTimeout) ?? _fixed.TimeoutSeconds,
            Retries = source.Whole(map, "retries", 0, HttpCalls.MostRetries) ?? 0,
            MaxBytes = source.Whole(map, "maxBytes", 1, HttpCall.MostBytes) ?? _fixed.MaxBytes,
            CacheSeconds = source.Whole(map, "cacheSeconds", 0, LongestCache) ?? 0,
            IsAsync = source.Flag(map, "async"),
        };
        if (_fixed.CacheSeconds > 0 && _fixed.Method != "GET")
            source.Problems.Report(map.FindKey("cacheSeconds")!, "'cacheSeconds' is for GET alone: what changes something is not kept from being done.");
        if (!_fixed.IsAsync) return;
        foreach (var key in new[] { map.FindKey("saveTo"), map.FindKey("cacheSeconds"), source.Members.FindKey("onError") }.OfType<ScalarNode>())
            source.Problems.Report(key, $"'{key.Text}' means nothing with 'async': nobody waits for the answer.");
    }

    private static List<(string Name, SetValue Value)> Pairs(StepSource source, DocumentNode node, string member)
    {
        if (node is MapNode map) return [.. map.Members.Select(one => (one.Key.Text, SetValue.Parse(source.Compiler, one.Value)))];
        source.Problems.Report(node, $"'{member}' is an object of names and values, not {node.Kind}.");
        return [];
    }
}
