using EightByEight.Connector.Admin;
using EightByEight.Connector.Handover.Providers;

namespace EightByEight.Connector.Injection;

/// <summary>
/// Who may speak to the Flow, or to the customer, from outside. The secrets are <c>inject.key</c> (a Bearer key) and
/// <c>inject.signingSecret</c> (Standard Webhooks); without either nobody may.
/// </summary>
public record InjectSettings
{
    /// <summary>How far a signature's <c>webhook-timestamp</c> may be from now, in seconds; 1 to 3600.</summary>
    public int ToleranceSeconds { get; init; } = 300;

    /// <summary>Whether who has neither key nor signature is let in where the transformer for it is on, which then has to check.</summary>
    public bool LeaveToTransformer { get; init; }

    internal static InjectSettings Read(JsonMembers inject)
    {
        RequestKeys.Read(inject, "key");
        inject.Secret("signingSecret", 200);
        if (inject.Secrets.GetValueOrDefault("inject.signingSecret") is { } secret && CallbackSignature.KeyOf(secret) is null)
            inject.Refuse("signingSecret", "Must be whsec_ and 24 to 64 bytes in Base64, as Standard Webhooks wants it.");
        var settings = new InjectSettings
        {
            ToleranceSeconds = inject.Number("toleranceSeconds", 1, 3600, new InjectSettings().ToleranceSeconds),
            LeaveToTransformer = inject.Flag("leaveToTransformer", false),
        };
        inject.RefuseOthers("keySet", "signingSecretSet");
        return settings;
    }
}

/// <summary>Who may try the Endpoint without 8x8: who has the secret <c>test.key</c>; without it nobody may.</summary>
public record TrialSettings
{
    /// <summary>How many messages an hour may be tried; 1 to 100,000. Cognigy takes more than 600 for misuse.</summary>
    public int MessagesPerHour { get; init; } = 600;

    internal static TrialSettings Read(JsonMembers test)
    {
        RequestKeys.Read(test, "key");
        var settings = new TrialSettings { MessagesPerHour = test.Number("messagesPerHour", 1, 100_000, new TrialSettings().MessagesPerHour) };
        test.RefuseOthers("keySet");
        return settings;
    }
}
