namespace EightByEight.Connector.Content;

/// <summary>What a Flow says, channel-neutral. The Content room turns it into an 8x8 message.</summary>
public sealed record Output
{
    /// <summary>Plain text; may be empty when <see cref="QuickReplies"/> are given.</summary>
    public required string Text { get; init; }

    /// <summary>Choices shown below the text; the customer's click comes back as the payload.</summary>
    public IReadOnlyList<QuickReply> QuickReplies { get; init; } = [];
}

/// <summary>One choice: what the customer sees, and what the Flow gets when it is clicked.</summary>
/// <param name="Title">The label of the button.</param>
/// <param name="Payload">The text that the Flow receives.</param>
public sealed record QuickReply(string Title, string Payload);
