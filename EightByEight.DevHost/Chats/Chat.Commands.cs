using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Flows;
using EightByEight.DevHost.Rehearsals;

namespace EightByEight.DevHost.Chats;

/// <content>Lines that begin with a colon.</content>
internal sealed partial class Chat
{
    private const string Help = """
        What you write is what the customer says. A number or a title clicks what is offered.
          :say <text>            says it as it is, also a number or a title
          :form {json}           fills in and submits the last card
          :data {json}           sends data without a text, as by the inject API
          :queue [name]          8x8 tells that the customer waits in a queue
          :agent joins           an agent takes the customer; :agent left ends that; :agent <text> says something
          :time +35m             time passes (30s, 35m, 2h, 1d), and what is due meanwhile happens
          :answer <step> <json>  answers what a step asks from now on: its kind, id or path; without JSON it asks again
          :locale de             the Endpoint's locale; without one it has none
          :channel SMS           begins anew on another channel: WebChat, WhatsApp, SMS and so on
          :context               shows all that the Flow remembers
          :raw                   shows the last messages as 8x8 gets them
          :steps on|off          whether steps are shown as they run
          :reset                 begins a new conversation
          :quit                  ends, as Ctrl+D does
        """;

    private static readonly JsonSerializerOptions Indented = new(Script.Readable) { WriteIndented = true };

    private async Task CommandAsync(string line, CancellationToken cancellation)
    {
        var (name, rest) = line.Split(' ', 2, StringSplitOptions.TrimEntries) is [var first, var second] ? (first, second) : (line, "");
        switch (name)
        {
            case ":help":
                _page.Note(Help);
                break;
            case ":say" when rest.Length > 0:
                await WriteAsync(rest, cancellation);
                break;
            case ":form":
                await _rehearsal.SubmitAsync(ObjectIn(rest), cancellation);
                break;
            case ":data":
                await _rehearsal.InjectAsync(new JsonObject
                {
                    ["data"] = ObjectIn(rest),
                    ["whenEnded"] = "deliver",
                    ["whenAgent"] = "deliver",
                }, cancellation);
                break;
            case ":queue":
                await _rehearsal.QueueAsync(rest.Length > 0 ? rest : "Support", cancellation);
                break;
            case ":agent" when rest is "joins" or "join":
                await _rehearsal.AgentJoinsAsync(cancellation);
                break;
            case ":agent" when rest is "left" or "leaves" or "leave":
                await _rehearsal.AgentLeavesAsync(cancellation);
                break;
            case ":agent" when rest.Length > 0:
                await _rehearsal.AgentSaysAsync(rest, cancellation);
                break;
            case ":time" when ScriptReader.Time(rest.TrimStart('+').Trim()) is { } time:
                await _rehearsal.WaitAsync(time, cancellation);
                _page.Note(string.Create(CultureInfo.InvariantCulture, $"It is {_stage.Clock.Now.UtcDateTime:dddd, d MMMM yyyy, HH:mm} UTC now."));
                break;
            case ":answer" when rest.Length > 0:
                Answer(rest);
                break;
            case ":locale":
                _rehearsal.Endpoint = EndpointOf(rest.Length > 0 ? rest : null);
                _locale = rest.Length > 0 ? rest : null;
                _page.Note(_locale is null ? "The Endpoint has no locale now." : $"The Endpoint's locale is {_locale} now.");
                break;
            case ":channel" when rest.Length > 0:
                _channel = rest;
                await ResetAsync(cancellation);
                break;
            case ":context":
                _page.Note(Memory.Of(_rehearsal.State).Values.ToJsonString(Indented));
                break;
            case ":raw":
                foreach (var message in _said) _page.Note(JsonSerializer.SerializeToNode(message, ChatGatewayJson.Default.OutgoingMessage)!.ToJsonString(Indented));
                break;
            case ":steps" when rest is "on" or "off":
                _showsSteps = rest == "on";
                _page.Note(_showsSteps ? "Steps are shown." : "Steps are not shown any more.");
                break;
            case ":reset":
                await ResetAsync(cancellation);
                break;
            default:
                throw new RehearsalException(Help.Split('\n').FirstOrDefault(one => one.Trim().Split(' ')[0] == name) is { } usage
                    ? $"It is used like this:{usage}" : $"There is no {name}. :help lists what there is; :say {line} says it to the Flow.");
        }
    }

    private Task ResetAsync(CancellationToken cancellation)
    {
        _page.Note($"A new conversation, on {_channel}.");
        return BeginAsync(cancellation);
    }

    private void Answer(string rest)
    {
        var (step, answer) = rest.Split(' ', 2, StringSplitOptions.TrimEntries) is [var first, var second] ? (first, second) : (rest, null);
        var others = _stage.Outside.Stubs.Where(stub => stub.Step != step);
        _stage.Outside.Stubs = answer is null ? [.. others] : [.. others, new Stub(step, null, null, [new FlowAnswer(JsonIn(answer))])];
        _page.Note(answer is null ? $"{step} asks again." : $"{step} is answered so from now on.");
    }

    /// <summary>JSON, or a text that need not be quoted.</summary>
    private static JsonNode? JsonIn(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException wrong)
        {
            return text[0] is '{' or '[' or '"' ? throw new RehearsalException($"That is no JSON: {wrong.Message}") : text;
        }
    }

    private static JsonObject ObjectIn(string text) => (text.Length == 0 ? null : JsonIn(text)) as JsonObject
        ?? throw new RehearsalException("""Write an object in JSON behind it, such as { "size": 42 }.""");
}
