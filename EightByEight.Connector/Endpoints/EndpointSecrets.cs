namespace EightByEight.Connector.Endpoints;

/// <summary>
/// The secrets among an Endpoint's settings, by their JSON path. They are written and never read back: <c>apiKey</c> shows as
/// <c>apiKeySet</c>.
/// </summary>
internal static class EndpointSecrets
{
    public const string ApiKey = "eightByEight.apiKey";

    public const string InjectKey = "inject.key";

    public const string InjectSigningSecret = "inject.signingSecret";

    public const string TestKey = "test.key";

    public const string DashbotKey = "dataProtection.dashbot.apiKey";

    public const string AzureFilesKey = "fileStorage.azure.accountKey";

    public static readonly IReadOnlyList<string> All =
    [
        ApiKey, AzureFilesKey, "fileStorage.s3.secretAccessKey", "fileStorage.googleCloud.privateKey",
        InjectKey, InjectSigningSecret, TestKey, DashbotKey, "translation.apiKey",
    ];

    /// <summary>For which purpose Data Protection encrypts it: no secret can be put in another's place.</summary>
    public static string Purpose(string endpointId, string name) => $"Endpoint {endpointId} {(name == ApiKey ? "apiKey" : name)}";
}
