using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EightByEight.Simulator;

/// <summary>The answer is an error; thrown where a value is read and caught where the request is answered.</summary>
internal sealed class AnswerException(Answer answer) : Exception
{
    public Answer Answer { get; } = answer;
}

/// <summary>A REST request with its body read.</summary>
internal sealed class GatewayRequest(HttpContext context, ChatGatewaySimulator gateway, byte[] body, Fault? fault)
{
    public HttpContext Context => context;

    public ChatGatewaySimulator Gateway => gateway;

    public byte[] Body => body;

    public Fault? Fault => fault;

    public string Route(string name) => (string)context.GetRouteValue(name)!;

    /// <summary>The conversation of the path.</summary>
    public Conversation Conversation(Func<string, string, Answer>? notFound = null)
    {
        var id = Route("conversationId");
        return gateway.ConversationOrNull(id)
            ?? throw new AnswerException((notFound ?? Problems.NotFound)("Conversation", id));
    }

    /// <summary>The body as a JSON object; an empty one counts as <c>{}</c> where <paramref name="optional"/>.</summary>
    public JsonElement Json(Func<string, Answer> invalid, bool optional = false)
    {
        if (optional && body.Length == 0) return JsonSerializer.Deserialize<JsonElement>("{}");
        try
        {
            var json = JsonSerializer.Deserialize<JsonElement>(body);
            return json.ValueKind == JsonValueKind.Object
                ? json
                : throw new AnswerException(invalid("The request body has to be a JSON object."));
        }
        catch (JsonException e)
        {
            throw new AnswerException(invalid($"The request body is not JSON: {e.Message}"));
        }
    }

    public JsonElement Json() => Json(message => Problems.Generic(400, "invalid_json_object", message));

    /// <summary>A page of a list in the envelope of 8x8.</summary>
    /// <param name="collection">The name inside <c>_embedded</c>.</param>
    /// <param name="items">All items, as they are written.</param>
    /// <param name="defaultSort">Such as <c>id:asc</c>.</param>
    /// <param name="links">False where 8x8's schema has no <c>_links</c>.</param>
    public Answer Page(string collection, IEnumerable<object> items, string defaultSort = "id:asc", bool links = true)
    {
        var size = Number("size", 20, 1, 1000);
        var number = Number("page", 0, 0, int.MaxValue);
        var elements = items.Select(item => JsonSerializer.SerializeToElement(item, SimulatorJson.Options)).ToList();
        if (Query("filter") is { Length: > 0 } filter)
        {
            var matches = Fiql.Parse(filter) ?? throw Invalid($"The filter is not FIQL: {filter}");
            elements.RemoveAll(element => !matches(element));
        }

        var sort = (Query("sort") is { Length: > 0 } asked ? asked : defaultSort).Split(':');
        if (sort.Length > 2 || (sort.Length == 2 && sort[1] is not ("asc" or "desc")))
            throw Invalid("sort has to be <attribute>:asc or <attribute>:desc.");
        var sorted = sort is [_, "desc"]
            ? elements.OrderByDescending(element => element.Text(sort[0]), NaturalOrder.Comparer)
            : elements.OrderBy(element => element.Text(sort[0]), NaturalOrder.Comparer);

        var request = context.Request;
        return Answer.Ok(new Dictionary<string, object?>
        {
            ["_embedded"] = new Dictionary<string, object>
            {
                [collection] = sorted.Skip((int)Math.Min(int.MaxValue, (long)size * number)).Take(size).ToArray(),
            },
            ["_links"] = links ? new { self = new { href = $"{request.Scheme}://{request.Host}{request.Path}{request.QueryString}" } } : null,
            ["page"] = new
            {
                size,
                number,
                totalElements = elements.Count,
                totalPages = (elements.Count + size - 1) / size,
            },
        }.Where(member => member.Value is not null).ToDictionary());
    }

    private static AnswerException Invalid(string message) => new(Problems.Generic(400, "invalid_parameter", message));

    private string? Query(string name) => context.Request.Query[name];

    private int Number(string name, int otherwise, int least, int most)
    {
        if (Query(name) is not { Length: > 0 } text) return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw Invalid($"{name} has to be a whole number from {least}.");
    }

    public string BodyText() => Encoding.UTF8.GetString(body);
}
