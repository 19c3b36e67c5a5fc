using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Files;

/// <summary>Where files that customers send are kept.</summary>
public partial record FileStorageSettings
{
    /// <summary><c>none</c> (8x8's own URL passes), <c>azure</c>, <c>s3</c> or <c>googleCloud</c>.</summary>
    public string Provider { get; init; } = "none";

    /// <summary>
    /// <c>route</c>: URLs of this connector, which also resize images; <c>signed</c>: expiring URLs of the store. Without
    /// <c>Connector:PublicBaseUrl</c> the route's address is not known, and URLs are signed ones.
    /// </summary>
    public string Urls { get; init; } = "route";

    /// <summary>How long a signed URL can be used, in minutes; 1 to 10,080 (7 days).</summary>
    public int UrlMinutes { get; init; } = 1_440;

    /// <summary>The largest file that is taken, in bytes; a larger one is <c>tooLarge</c>.</summary>
    public int MaxBytes { get; init; } = 20 * 1024 * 1024;

    /// <summary>
    /// Types that are taken, such as <c>image/*</c> or <c>application/pdf</c>, by what a file is and not by what it is called; none: all.
    /// </summary>
    public IReadOnlyList<string> AllowedTypes { get; init; } = [];

    /// <summary>How long a turn waits for Defender's verdict, in seconds; 1 to 60.</summary>
    public int ScanWaitSeconds { get; init; } = 10;

    /// <summary><c>none</c>, <c>clamav</c> or <c>defender</c>.</summary>
    public string Scan { get; init; } = "none";

    /// <summary>Azure Blob Storage; its account key is the secret <c>fileStorage.azure.accountKey</c>.</summary>
    public AzureFileSettings Azure { get; init; } = new();

    /// <summary>Amazon S3 and what speaks like it; its key is the secret <c>fileStorage.s3.secretAccessKey</c>.</summary>
    public S3FileSettings S3 { get; init; } = new();

    /// <summary>Google Cloud Storage; its key is the secret <c>fileStorage.googleCloud.privateKey</c>.</summary>
    public GoogleCloudFileSettings GoogleCloud { get; init; } = new();

    internal static FileStorageSettings Read(JsonMembers body)
    {
        var azure = body.Object("azure");
        azure.Secret("accountKey", 1000);
        var s3 = body.Object("s3");
        s3.Secret("secretAccessKey", 1000);
        var googleCloud = body.Object("googleCloud");
        googleCloud.SecretText("privateKey", 10_000);
        var defaults = new FileStorageSettings();
        var settings = new FileStorageSettings
        {
            Provider = body.Word("provider", "none", "none", "azure", "s3", "googleCloud"),
            Urls = body.Word("urls", "route", "route", "signed"),
            UrlMinutes = body.Number("urlMinutes", 1, 10_080, defaults.UrlMinutes),
            MaxBytes = body.Number("maxBytes", 1, 1024 * 1024 * 1024, defaults.MaxBytes),
            AllowedTypes = Types(body),
            Scan = body.Word("scan", "none", "none", "clamav", "defender"),
            ScanWaitSeconds = body.Number("scanWaitSeconds", 1, 60, defaults.ScanWaitSeconds),
            Azure = new()
            {
                AccountName = azure.String("accountName", 24),
                Container = azure.String("container", 63),
                CustomUrl = azure.String("customUrl", 500),
            },
            S3 = new()
            {
                AccessKeyId = s3.String("accessKeyId", 200),
                Region = s3.String("region", 50),
                Bucket = s3.String("bucket", 63),
                CustomUrl = s3.String("customUrl", 500),
            },
            GoogleCloud = new() { Bucket = googleCloud.String("bucket", 222), ClientEmail = googleCloud.String("clientEmail", 320) },
        };
        Check(settings, body, azure, s3, googleCloud);
        azure.RefuseOthers("accountKeySet");
        s3.RefuseOthers("secretAccessKeySet");
        googleCloud.RefuseOthers("privateKeySet");
        body.RefuseOthers();
        return settings;
    }

    /// <summary>What is wrong with the settings as long as the secret <c>fileStorage.azure.accountKey</c> is not set; null: nothing.</summary>
    internal BodyProblem? FaultWithoutKey() => !Azure.LeadsElsewhere ? null
        : new("$.fileStorage.azure.customUrl", "Needs accountKey: without one the app's own identity would sign in there, and that is told to Azure's blob services only.");

    private static void Check(FileStorageSettings settings, JsonMembers body, JsonMembers azure, JsonMembers s3, JsonMembers googleCloud)
    {
        void Need(JsonMembers members, string name, string? value)
        {
            if (value is null) members.Refuse(name, $"Is required by the provider {settings.Provider}.");
        }

        if (settings.Scan == "defender" && settings.Provider != "azure")
            body.Refuse("scan", "Microsoft Defender for Storage scans Azure Blob Storage only: set provider to azure, or scan to clamav.");
        if (settings.Azure.AccountName is { } account && !AzureAccount().IsMatch(account))
            azure.Refuse("accountName", "Must be 3 to 24 lower-case letters and digits.");
        if (settings.Azure.Container is { } container && (!AzureContainer().IsMatch(container) || IsOurs(settings.Azure)))
            azure.Refuse("container", "Must be 3 to 63 lower-case letters, digits and single hyphens, and none of the connector's own: bodies, keys, app-package, azure-webjobs-….");
        if (settings.Azure is { CustomUrl: not null, AccountName: null }) azure.Refuse("accountName", "Is required beside customUrl.");
        if (UrlFault(settings.Azure.CustomUrl) is { } azureFault) azure.Refuse("customUrl", azureFault);
        if (UrlFault(settings.S3.CustomUrl) is { } s3Fault) s3.Refuse("customUrl", s3Fault);
        if (settings.Provider == "s3")
        {
            Need(s3, "bucket", settings.S3.Bucket);
            Need(s3, "accessKeyId", settings.S3.AccessKeyId);
            if (settings.S3.CustomUrl is null) Need(s3, "region", settings.S3.Region);
        }
        else if (settings.Provider == "googleCloud")
        {
            Need(googleCloud, "bucket", settings.GoogleCloud.Bucket);
            Need(googleCloud, "clientEmail", settings.GoogleCloud.ClientEmail);
        }

        if (settings.S3.Bucket is { } s3Bucket && !Bucket().IsMatch(s3Bucket)) s3.Refuse("bucket", BucketFault);
        if (settings.GoogleCloud.Bucket is { } bucket && !Bucket().IsMatch(bucket)) googleCloud.Refuse("bucket", BucketFault);
    }

    /// <summary>In the connector's own account lie its keys, the bodies of events and its program.</summary>
    private static bool IsOurs(AzureFileSettings azure) => azure.Container is { } name
        && (name is "bodies" or "keys" or "app-package" || name.StartsWith("azure-webjobs", StringComparison.Ordinal));

    private static string? UrlFault(string? url) =>
        url is null || (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri is { UserInfo: "", Query: "", Fragment: "" }
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)))
            ? null
            : "Must be an https URL without user, query and fragment, such as https://storage.example.com.";

    private static string[] Types(JsonMembers body)
    {
        var types = new List<string>();
        foreach (var item in body.Items("allowedTypes", 50))
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { } type && IsKnown(type)) types.Add(type);
            else body.Refuse("allowedTypes", $"Must hold types that a file is found to have: image/*, audio/*, video/*, text/*, {string.Join(", ", Documents.Types.Order())}.");
        return [.. types];
    }

    private static bool IsKnown(string type) => type.EndsWith("/*", StringComparison.Ordinal)
        ? type != "*/*" && Documents.Types.Any(known => known.StartsWith(type[..^1], StringComparison.Ordinal))
        : Documents.Types.Contains(type);

    private const string BucketFault = "Must be 3 to 222 lower-case letters, digits, dots, hyphens and underscores.";

    [GeneratedRegex("^[a-z0-9]{3,24}$")]
    private static partial Regex AzureAccount();

    [GeneratedRegex("^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$")]
    private static partial Regex AzureContainer();

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$")]
    private static partial Regex Bucket();
}

/// <summary>Azure Blob Storage.</summary>
public record AzureFileSettings
{
    /// <summary>The storage account; null: the connector's own.</summary>
    public string? AccountName { get; init; }

    /// <summary>The container, made when it is missing; null: <c>files</c>.</summary>
    public string? Container { get; init; }

    /// <summary>The blob service, where it is not <c>https://{accountName}.blob.core.windows.net</c>.</summary>
    public string? CustomUrl { get; init; }

    /// <summary>Source: Microsoft, Storage account overview: standard endpoints, those with DNS zones, and the national clouds'.</summary>
    private static readonly string[] BlobServices =
        [".blob.core.windows.net", ".blob.storage.azure.net", ".blob.core.usgovcloudapi.net", ".blob.core.chinacloudapi.cn"];

    /// <summary>Whether the URL is none of Azure's: a token of the app's identity must not be sent there.</summary>
    [JsonIgnore]
    internal bool LeadsElsewhere => Uri.TryCreate(CustomUrl, UriKind.Absolute, out var url)
        && !BlobServices.Any(service => url.IdnHost.EndsWith(service, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Amazon S3, or a server that speaks like it.</summary>
public record S3FileSettings
{
    /// <summary>The access key's id.</summary>
    public string? AccessKeyId { get; init; }

    /// <summary>Such as <c>eu-central-1</c>.</summary>
    public string? Region { get; init; }

    /// <summary>The bucket.</summary>
    public string? Bucket { get; init; }

    /// <summary>The server, where it is not Amazon's.</summary>
    public string? CustomUrl { get; init; }
}

/// <summary>Google Cloud Storage.</summary>
public record GoogleCloudFileSettings
{
    /// <summary>The bucket.</summary>
    public string? Bucket { get; init; }

    /// <summary>The service account.</summary>
    public string? ClientEmail { get; init; }
}
