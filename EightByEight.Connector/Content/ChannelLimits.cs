namespace EightByEight.Connector.Content;

/// <summary>
/// What a channel takes at most. 8x8 documents no limits for the Chat Gateway; these are those of its messaging API (8x8 Connect),
/// of the channels themselves, or, where neither says anything, cautious.
/// </summary>
internal sealed record ChannelLimits
{
    /// <summary>Characters of a text; a longer one is split.</summary>
    public required int Text { get; init; }

    /// <summary>Characters of a text beside an attachment; a longer one goes ahead as a message of its own.</summary>
    public int Caption { get; init; } = int.MaxValue;

    /// <summary>Whether images, sounds and films can be attached.</summary>
    public bool TakesMedia { get; init; } = true;

    /// <summary>Whether other files can be attached.</summary>
    public bool TakesFiles { get; init; } = true;

    /// <summary>Bytes by kind of file; null: not known.</summary>
    public IReadOnlyDictionary<MediaKind, long> Bytes { get; init; } = new Dictionary<MediaKind, long>();

    /// <summary>Bytes by media type, for kinds of file of which not every type is taken.</summary>
    public IReadOnlyDictionary<MediaKind, IReadOnlyDictionary<string, long>> Types { get; init; } =
        new Dictionary<MediaKind, IReadOnlyDictionary<string, long>>();

    /// <summary>Not documented: a size that every web client shows.</summary>
    private static readonly ChannelLimits Web = new() { Text = 4096 };

    /// <summary>Source: 8x8 Connect, WhatsApp; Meta, Cloud API (media sizes).</summary>
    private static readonly ChannelLimits WhatsApp = new()
    {
        Text = 4096,
        Caption = 1024,
        Bytes = new Dictionary<MediaKind, long>
        {
            [MediaKind.Image] = 5 * Megabyte,
            [MediaKind.Audio] = 16 * Megabyte,
            [MediaKind.Video] = 16 * Megabyte,
            [MediaKind.File] = 100 * Megabyte,
        },
        Types = new Dictionary<MediaKind, IReadOnlyDictionary<string, long>>
        {
            [MediaKind.Image] = new Dictionary<string, long>
            {
                ["image/jpeg"] = 5 * Megabyte,
                ["image/png"] = 5 * Megabyte,
                ["image/gif"] = 4 * Megabyte,
            },
        },
    };

    /// <summary>Source: 8x8 Connect, RCS.</summary>
    private static readonly ChannelLimits Rcs = new() { Text = 3072, Caption = 2000, Bytes = All(100 * Megabyte) };

    /// <summary>Source: 8x8 Connect, Viber.</summary>
    private static readonly ChannelLimits Viber = new()
    {
        Text = 1000,
        Bytes = new Dictionary<MediaKind, long>
        {
            [MediaKind.Image] = Megabyte,
            [MediaKind.Video] = 200 * Megabyte,
            [MediaKind.File] = 200 * Megabyte,
        },
    };

    /// <summary>Ten parts of 153 characters, what networks join. 8x8 Connect: SMS takes text only.</summary>
    private static readonly ChannelLimits Sms = new() { Text = 1530, TakesMedia = false, TakesFiles = false };

    /// <summary>Source: Meta, Messenger Send API (2,000 characters).</summary>
    private static readonly ChannelLimits Facebook = new() { Text = 2000, TakesMedia = false, TakesFiles = false };

    private static readonly ChannelLimits Email = new() { Text = 100_000, TakesMedia = false, TakesFiles = false };

    private static readonly ChannelLimits Other = new() { Text = 1000, TakesMedia = false, TakesFiles = false };

    public static ChannelLimits Of(ChannelKind kind) => kind switch
    {
        ChannelKind.WhatsApp => WhatsApp,
        ChannelKind.Rcs => Rcs,
        ChannelKind.Viber => Viber,
        ChannelKind.Sms => Sms,
        ChannelKind.Facebook => Facebook,
        ChannelKind.Email => Email,
        ChannelKind.Other => Other,
        _ => Web,
    };

    private const long Megabyte = 1024 * 1024;

    private static Dictionary<MediaKind, long> All(long bytes) => Enum.GetValues<MediaKind>().ToDictionary(kind => kind, _ => bytes);
}

/// <summary>Interactive messages of WhatsApp. Source: 8x8 Connect, WhatsApp interactive messages; ids: Meta, Cloud API.</summary>
internal static class WhatsAppLimits
{
    public const int Buttons = 3;
    public const int ButtonTitle = 20;
    public const int Rows = 10;
    public const int RowTitle = 24;
    public const int RowDescription = 72;
    public const int Id = 256;
    public const int Body = 1024;

    /// <summary>How long after the customer's last message anything but a template may be sent.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromHours(24);
}

/// <summary>Suggestions and carousels of RCS. Source: 8x8 Connect, RCS.</summary>
internal static class RcsLimits
{
    public const int Suggestions = 11;
    public const int SuggestionText = 25;
    public const int PostbackData = 2048;
    public const int Url = 2048;
    public const int LeastCards = 2;
    public const int MostCards = 10;
    public const int CardSuggestions = 4;
    public const int CardTitle = 200;
    public const int CardDescription = 2000;
}

/// <summary>The one button of Viber. Source: 8x8 Connect, Viber.</summary>
internal static class ViberLimits
{
    public const int Caption = 30;
}
