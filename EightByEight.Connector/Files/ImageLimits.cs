using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Connector.Files;

/// <summary>How large an image may be that is asked for.</summary>
internal sealed record ImageLimits(int? MaxWidth, int? MaxHeight, int? MaxBytes)
{
    private const int LargestSide = 20_000;

    /// <summary>Stands for the limits in the name of a copy.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{MaxWidth ?? 0}x{MaxHeight ?? 0}x{MaxBytes ?? 0}");

    /// <summary>From <c>maxWidth</c>, <c>maxHeight</c> (pixels) and <c>maxFileSizeInBytes</c>; null: none of them is given.</summary>
    /// <exception cref="ImageException">One of them is no positive whole number.</exception>
    public static ImageLimits? Of(IQueryCollection query)
    {
        int? Number(string name, int most)
        {
            if (!query.TryGetValue(name, out var value)) return null;
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= most
                ? number
                : throw new ImageException(StatusCodes.Status400BadRequest, $"{name} must be a whole number from 1 to {most}.");
        }

        var limits = new ImageLimits(
            Number("maxWidth", LargestSide), Number("maxHeight", LargestSide), Number("maxFileSizeInBytes", int.MaxValue));
        return limits is { MaxWidth: null, MaxHeight: null, MaxBytes: null } ? null : limits;
    }
}

/// <summary>An image cannot be given as it was asked for.</summary>
/// <param name="status">What the request is answered.</param>
internal sealed class ImageException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}
