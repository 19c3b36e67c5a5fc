using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Requests;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>The step <c>http</c>: what it asks for, and where its answer goes.</summary>
public class HttpStepTests
{
    [Fact]
    public void A_url_alone_is_got()
    {
        var call = Asked("http: https://api.example.com/orders");

        Assert.Equal(("GET", "https://api.example.com/orders"), (call.Method, call.Url.AbsoluteUri));
        Assert.Equal((8, 0, 65536, 0, false, null), (call.TimeoutSeconds, call.Retries, call.MaxBytes, call.CacheSeconds, call.IsAsync, call.Connection));
    }

    [Fact]
    public void It_says_how_it_is_asked()
    {
        var call = Asked("""
            http:
              url: "https://api.example.com/orders/{{ context.id }}?a=1"
              method: PUT
              query: { name: "{{ input.text }}", tag: [ x, "{{ 2 }}" ], none: "{{ undefined }}" }
              headers: { X-Channel: "{{ context.id }}" }
              json: { text: "{{ input.text }}", count: "{{ 2 }}", none: "{{ undefined }}" }
              connection: crm
              timeoutSeconds: 20
              retries: 3
              maxBytes: 1000
            """);

        Assert.Equal(("PUT", "https://api.example.com/orders/a%2Fb%3F?a=1&name=hi&tag=x&tag=2"), (call.Method, call.Url.AbsoluteUri));
        Assert.Equal("a/b?", call.Headers["x-channel"]);
        Assert.Equal("""{"text":"hi","count":2}""", $"{call.Json}");
        Assert.Equal(("crm", 20, 3, 1000), (call.Connection, call.TimeoutSeconds, call.Retries, call.MaxBytes));
    }

    [Fact]
    public void A_list_is_several_values_of_one_header()
    {
        var call = Asked("""http: { url: https://a.example, headers: { X-Tag: [ x, "{{ 2 }}" ], X-None: [] } }""");

        Assert.Equal("x, 2", Assert.Single(call.Headers).Value);
    }

    [Fact]
    public void What_has_a_body_is_posted()
    {
        Assert.Equal("POST", Asked("http: { url: https://a.example, json: { a: 1 } }").Method);
        Assert.Equal([new("a", "1"), new("b", "hi")], Asked("http: { url: https://a.example, form: { a: 1, b: \"{{ input.text }}\" } }").Form);
        Assert.Equal("hi!", Asked("http: { url: https://a.example, method: PATCH, text: \"{{ input.text }}!\" }").Text);
    }

    [Theory]
    [InlineData("null", JsonValueKind.Null)]
    [InlineData("\"{{ null }}\"", JsonValueKind.Null)]
    [InlineData("\"{{ undefined }}\"", null)]
    public void Null_is_a_body_and_undefined_is_none(string json, JsonValueKind? kind)
    {
        var call = Asked($"http: {{ url: https://a.example, json: {json} }}");

        Assert.Equal(("POST", kind), (call.Method, call.Json?.ValueKind));
    }

    [Fact]
    public void The_answer_is_the_result_and_is_stored()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - http: { url: https://a.example, saveTo: context.order }
              - say: "{{ context.order.status }} {{ input.result.body.id }}"
            """)
        { Answer = _ => Answered(200, """{"id":7}""") };

        Assert.Equal("200 7", conversation.Say("hi"));
        Assert.Empty(conversation.Last.Warnings);
    }

    [Fact]
    public void An_error_has_its_own_branch_which_sees_it()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - http: { url: https://a.example }
                onError: [ { say: "{{ input.result.status }}: {{ input.result.body }}" } ]
              - say: Below.
            """)
        { Answer = _ => Answered(404, "\"Nobody\"", "a.example answered 404.") };

        Assert.Equal("404: Nobody | Below.", conversation.Say("hi"));
        var warning = Assert.Single(conversation.Last.Warnings);
        Assert.Equal(("a", "start/0", 3, "a.example answered 404."), (warning.Flow, warning.Step, warning.Line, warning.Message));
    }

    [Theory]
    [InlineData("{{ input.text }}", "", "begins with https:// or http://")]
    [InlineData("{{ input.text }}", "ftp://a.example", "'url' is no URL")]
    [InlineData("{{ input.text }}", "https://me:secret@a.example", "'url' is no URL")]
    [InlineData("https://{{ input.nobody }}", "hi", "'url' is no URL")]
    [InlineData("https://a.example/{{ input.text }}/x", "..", "'..', which cannot stand in a URL")]
    public void A_url_that_is_none_or_leads_elsewhere_once_it_is_put_together_is_an_error_and_nobody_is_asked(string url, string said, string why)
    {
        var conversation = new Conversation($$$"""
            name: a
            start:
              - http: { url: "{{{url}}}", saveTo: context.got }
                onError: [ { say: "No: {{ input.result.error === context.got.error }} {{ input.result.status === null }}" } ]
              - say: Below.
            """)
        { Answer = _ => throw new InvalidOperationException("It is asked.") };

        Assert.Equal("No: true true | Below.", conversation.Say(said));
        Assert.Contains(why, Assert.Single(conversation.Last.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_waits_for_an_asynchronous_request()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - http: { url: https://a.example, json: {}, async: true }
              - say: "<{{ input.result }}>"
            """)
        { Answer = request => ((HttpCall)request).IsAsync ? new(null) : throw new InvalidOperationException() };

        Assert.Equal("<>", conversation.Say("hi"));
    }

    [Fact]
    public void The_answer_is_committed_before_the_next_step()
    {
        using var run = Flow.Parse("name: a\nstart: [ { http: https://a.example }, { say: Below } ]")
            .Begin(new FlowInput { Input = [], Context = [], Profile = [] }, TestContext.Current.CancellationToken);
        var asked = run.Next();

        Assert.IsType<HttpCall>(asked);
        Assert.Null(run.Next(Answered(200, "1")));
        Assert.Equal(("start/1", 200), (run.Result.Pause!.At.Step, (int)run.Result.Pause.Input["result"]!["status"]!));
        Assert.Empty(run.Result.Outputs);
    }

    [Fact]
    public void A_repeated_turn_asks_with_the_same_key_and_every_other_wish_with_its_own()
    {
        List<string> Keys(string id)
        {
            var keys = new List<string>();
            new Conversation("""
                name: a
                start:
                  - forEach: "[1, 2]"
                    as: context.i
                    do: [ { http: https://a.example } ]
                  - http: https://a.example
                """)
            {
                EventId = id,
                Answer = request =>
                {
                    keys.Add(((HttpCall)request).IdempotencyKey);
                    return Answered(200, "1");
                },
            }.Say("hi");
            return keys;
        }

        Assert.Equal(Keys("1"), Keys("1"));
        Assert.Equal(6, Keys("1").Concat(Keys("2")).Distinct().Count());
        Assert.Matches("^[0-9a-f]{32}$", Keys("1")[0]);
    }

    [Theory]
    [InlineData("url: https://a.example, headers: { X-A: \"{{ input.text }}\" }", "1\r\nX-B: 2", "line break")]
    [InlineData("url: https://a.example, text: \"{{ nobody.x }}\"", "hi", "nobody")]
    public void What_no_request_can_carry_fails_the_turn(string members, string said, string why)
    {
        var conversation = new Conversation($"name: a\nstart:\n  - http: {{ {members} }}") { Answer = _ => throw new InvalidOperationException("It is asked.") };
        conversation.Say(said);

        Assert.Contains(why, conversation.Last.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(("a", "start/0", 3), (conversation.Last.Failure.Flow, conversation.Last.Failure.Step, conversation.Last.Failure.Line));
    }

    [Theory]
    [InlineData("http: {}", "lacks 'url'")]
    [InlineData("http: ftp://a.example", "begins with https://")]
    [InlineData("http: \"example.com/{{ input.text }}\"", "begins with https://")]
    [InlineData("http: https://me:secret@a.example", "connection of the kind basic")]
    [InlineData("http: { url: https://a.example, method: FETCH }", "one of GET")]
    [InlineData("http: { url: https://a.example, method: GET, json: {} }", "GET has no body")]
    [InlineData("http: { url: https://a.example, json: {}, form: {} }", "two bodies")]
    [InlineData("http: { url: https://a.example, form: text }", "object of names and values")]
    [InlineData("http: { url: https://a.example, headers: { Authorization: Bearer abc } }", "name a 'connection'")]
    [InlineData("http: { url: https://a.example, headers: { Host: b.example } }", "cannot be set")]
    [InlineData("http: { url: https://a.example, headers: { \"a b\": c } }", "cannot be the name")]
    [InlineData("http: { url: https://a.example, headers: { X-Name: Zoë } }", "'X-Name' cannot hold 'ë'")]
    [InlineData("http: { url: https://a.example, headers: { X-Name: [ Ann, 'Z😀' ] } }", "'X-Name' cannot hold '😀'")]
    [InlineData("http: { url: https://a.example, headers: { X-Name: \"a\\nb\" } }", "'X-Name' cannot hold a line break")]
    [InlineData("http: { url: https://a.example, timeoutSeconds: 90 }", "from 1 to 40")]
    [InlineData("http: { url: https://a.example, retries: 9 }", "from 0 to 5")]
    [InlineData("http: { url: https://a.example, maxBytes: 9000000 }", "from 1 to 1048576")]
    [InlineData("http: { url: https://a.example, json: {}, cacheSeconds: 5 }", "for GET alone")]
    [InlineData("http: { url: https://a.example, async: true, saveTo: context.a }", "nobody waits")]
    [InlineData("http: { url: https://a.example, saveTo: input.a }", "not a place to store")]
    [InlineData("http: { url: https://a.example, store: x }", "no member 'store'")]
    [InlineData("handover: { queueId: \"1\" }, onQueued: [ { http: https://a.example } ]", "'http' cannot stand in 'onQueued'")]
    public void What_is_wrong_is_named(string step, string why)
    {
        var refused = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart: [ {{ {step} }} ]"));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_connections_of_a_flow_are_known() =>
        Assert.Equal(["crm"], Flow.Parse("name: a\nstart: [ { http: { url: https://a.example, connection: crm } } ]").Connections);

    private static FlowAnswer Answered(int status, string body, string? error = null) =>
        new(new JsonObject { ["status"] = status, ["body"] = JsonNode.Parse(body) }, error);

    /// <summary>What the step asks for when the customer says hi.</summary>
    private static HttpCall Asked(string step)
    {
        HttpCall? call = null;
        var conversation = new Conversation($"name: a\nstart:\n  - set: {{ context.id: a/b? }}\n  - {step.ReplaceLineEndings("\n    ")}")
        {
            Answer = request =>
            {
                call = (HttpCall)request;
                return Answered(200, "1");
            },
        };
        conversation.Say("hi");
        Assert.Null(conversation.Last.Failure);
        return call!;
    }
}
