using System.Text.Json.Serialization;

namespace EightByEight.Connector.Handover;

/// <summary>What a Flow asks for when it hands the conversation to people. It rests with the conversation as JSON.</summary>
public sealed record HandoverRequest
{
    /// <summary>The path of the step that waits for the end, such as <c>start/3</c>.</summary>
    public string Step { get; set; } = "";

    /// <summary>The queue; null: the script, or else the queue of the Endpoint's settings.</summary>
    public string? QueueId { get; set; }

    /// <summary>The script, instead of a queue.</summary>
    public string? ScriptId { get; set; }

    /// <summary>What the agent should know of the customer; null: nothing is changed.</summary>
    public HandoverCustomer? Customer { get; set; }

    /// <summary>Goes along as the additional property <c>summary</c>.</summary>
    public string? Summary { get; set; }

    /// <summary>Additional properties for the agent, in order; at most 30 reach 8x8.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; set; } = new Dictionary<string, string>();

    /// <summary>Whether steps follow, so that the conversation has to come back after the agent.</summary>
    public bool Continues { get; set; }

    /// <summary>Whether the Flow wants to be told when the customer waits in a queue.</summary>
    public bool OnQueued { get; set; }

    /// <summary>Whether the Flow wants to be told when an agent joins.</summary>
    public bool OnAgent { get; set; }

    /// <summary>Whether the Flow wants to be told when the customer has been silent.</summary>
    public bool OnInactivity { get; set; }

    /// <summary>Minutes without a word of the customer until the Flow is told, again and again; null: as the
    /// Endpoint's settings say, else never.</summary>
    public double? InactivityMinutes { get; set; }

    /// <summary>Minutes until a customer whom no agent took is taken back; null: never.</summary>
    public double? TimeoutMinutes { get; set; }

    /// <summary>The button that takes the customer back; null: none.</summary>
    public string? CancelButton { get; set; }

    /// <summary>The intent that takes the customer back; null: none.</summary>
    public string? CancelIntent { get; set; }

    /// <summary>What a cancel or a timeout does where the Endpoint names no script to return to.</summary>
    public WithoutReturn WithoutReturn { get; set; }
}

/// <summary>8x8's user object, as far as a Flow fills it; null is left as it is.</summary>
public sealed record HandoverCustomer
{
    /// <summary>The name that agents see.</summary>
    public string? Name { get; set; }

    /// <summary>May match a customer in 8x8's CRM.</summary>
    public string? UserId { get; set; }

    /// <summary>The e-mail address.</summary>
    public string? Email { get; set; }

    /// <summary>The phone number.</summary>
    public string? Phone { get; set; }

    /// <summary>The company.</summary>
    public string? Company { get; set; }

    /// <summary>The case in 8x8's CRM.</summary>
    public string? CaseId { get; set; }

    /// <summary>Routes to agents who speak it. What 8x8 does not know is sent as <c>en</c>.</summary>
    public string? Language { get; set; }
}

/// <summary>What a cancel or a timeout does where there is no script to give the conversation to.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WithoutReturn>))]
public enum WithoutReturn
{
    /// <summary>The customer goes on waiting for an agent.</summary>
    Wait,

    /// <summary>The conversation is closed.</summary>
    End,
}
