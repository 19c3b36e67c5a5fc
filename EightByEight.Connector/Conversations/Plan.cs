using System.Text.Json;
using Azure;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// What is to be done next with what waits: which events only change what is known and move to history, and which one makes a turn.
/// </summary>
internal sealed record Plan
{
    /// <summary>Events that cause no turn, in order.</summary>
    public required IReadOnlyList<Waiting> Absorbed { get; init; }

    /// <summary>The event that makes a turn, after the absorbed ones; null: none can now.</summary>
    public Waiting? Acting { get; init; }

    /// <summary>The acting event's body; undefined for outputs that are sent again.</summary>
    public JsonElement Body { get; init; }

    /// <summary>The facts after all of them.</summary>
    public required ConversationFacts Facts { get; init; }

    /// <summary>The facts after the absorbed ones, before the acting one.</summary>
    public required ConversationFacts FactsBefore { get; init; }

    /// <summary>Customers' events wait until it is clear whether people still talk; null: none do.</summary>
    public DateTimeOffset? HeldUntil { get; init; }

    /// <summary>An event that cannot be read; what came before it is not absorbed yet.</summary>
    public (Waiting Waiting, Exception Cause)? Unreadable { get; init; }

    /// <summary>Looks at what waits, in order.</summary>
    /// <param name="read">Gets an event's body.</param>
    public static async ValueTask<Plan> MakeAsync(
        Snapshot snapshot, EndpointSettings? settings, DateTimeOffset now, TimeSpan grace, Func<StoredEvent, ValueTask<byte[]>> read)
    {
        var facts = snapshot.State.Facts;
        var absorbed = new List<Waiting>();
        DateTimeOffset? heldUntil = null;
        foreach (var waiting in snapshot.Inbox)
        {
            if (absorbed.Count == ConversationStore.MaxAbsorbed) break;
            var stored = waiting.Event;
            if (stored.EventType == StoredEvent.RetriedOutputs)
            {
                if (heldUntil is not null) continue;
                return new Plan { Absorbed = absorbed, Acting = waiting, Facts = facts, FactsBefore = facts };
            }

            byte[] bytes;
            try
            {
                bytes = await read(stored);
            }
            catch (RequestFailedException gone) when (gone.ErrorCode == "BlobNotFound")
            {
                return new Plan { Absorbed = [], Facts = facts, FactsBefore = facts, Unreadable = (waiting, new BodyGoneException(stored, gone)) };
            }

            using var document = JsonDocument.Parse(bytes);
            var body = document.RootElement;
            ConversationFacts after;
            Role role;
            try
            {
                // What is retried runs as the newest, but what it told of the conversation is old.
                after = stored.IsRetry ? facts : facts.After(stored, body);
                role = RoleOf(stored, body, after.BeganActivation(facts), settings);
            }
            catch (InvalidOperationException notText)
            {
                // Valid JSON may hold a string that is no Unicode text.
                return new Plan { Absorbed = [], Facts = facts, FactsBefore = facts, Unreadable = (waiting, notText) };
            }

            // An agent who left may turn out to be a transfer: what the customer says then waits for its meaning.
            var talk = role == Role.None ? Talk.No : after.People.TalkAt(now, grace);
            if (talk == Talk.Undecided && role == Role.Input)
            {
                heldUntil = after.People.DecidedAt(grace);
                continue;
            }

            if (heldUntil is not null && role == Role.Input) continue;
            if (role != Role.None && talk == Talk.No)
                return new Plan { Absorbed = absorbed, Acting = waiting, Body = body.Clone(), Facts = after, FactsBefore = facts };
            facts = after;
            absorbed.Add(waiting);
        }

        // A transfer or a new agent that was absorbed may have decided: those held are looked at again at once.
        if (heldUntil is not null && facts.People.TalkAt(now, grace) != Talk.Undecided) heldUntil = now;
        return new Plan { Absorbed = absorbed, Facts = facts, FactsBefore = facts, HeldUntil = heldUntil };
    }

    private static Role RoleOf(StoredEvent stored, JsonElement body, bool beganActivation, EndpointSettings? settings) => stored.EventType switch
    {
        "MESSAGE" or "TEXT" => Speaker.Of(body) == Speaker.Customer ? Role.Input : Role.None,
        "ACTIVITY" => IncomingContent.IsReply(body) ? Role.Input : Role.None,
        "CONVERSATION_UPDATE" when settings is { EightByEight.AcceptConversationActiveEvent: true } =>
            beganActivation || (stored.IsRetry && IsActive(body)) ? Role.Activation : Role.None,
        _ => Role.None,
    };

    private static bool IsActive(JsonElement body) =>
        string.Equals(body.Member("data").Text("state"), "active", StringComparison.OrdinalIgnoreCase);

    private enum Role
    {
        /// <summary>Cannot make a turn.</summary>
        None,

        /// <summary>The customer said or clicked something.</summary>
        Input,

        /// <summary>The conversation became active, and the bot may speak first.</summary>
        Activation,
    }
}

/// <summary>The blob with an event's body does not exist any more.</summary>
internal sealed class BodyGoneException(StoredEvent stored, Exception cause)
    : Exception($"The blob with the event's body is gone: {stored.Body.Blob}. It was deleted by hand, or by a lifecycle rule of the account.", cause);
