using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Files;

/// <summary>Where files that customers send are kept.</summary>
public record FileStorageSettings
{
    /// <summary><c>none</c> (8x8's own URL passes), <c>azure</c>, <c>s3</c> or <c>googleCloud</c>.</summary>
    public string Provider { get; init; } = "none";

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
        var settings = new FileStorageSettings
        {
            Provider = body.Word("provider", "none", "none", "azure", "s3", "googleCloud"),
            Scan = body.Word("scan", "none", "none", "clamav", "defender"),
            Azure = new() { AccountName = azure.String("accountName", 100), Container = azure.String("container", 63) },
            S3 = new()
            {
                AccessKeyId = s3.String("accessKeyId", 200),
                Region = s3.String("region", 50),
                Bucket = s3.String("bucket", 63),
                CustomUrl = s3.String("customUrl", 500),
            },
            GoogleCloud = new() { Bucket = googleCloud.String("bucket", 222), ClientEmail = googleCloud.String("clientEmail", 320) },
        };
        azure.RefuseOthers("accountKeySet");
        s3.RefuseOthers("secretAccessKeySet");
        googleCloud.RefuseOthers("privateKeySet");
        body.RefuseOthers();
        return settings;
    }
}

/// <summary>Azure Blob Storage.</summary>
public record AzureFileSettings
{
    /// <summary>The storage account; null: the connector's own.</summary>
    public string? AccountName { get; init; }

    /// <summary>The container.</summary>
    public string? Container { get; init; }
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
