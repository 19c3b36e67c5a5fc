using EightByEight.Connector.Content;
using Microsoft.AspNetCore.Http;
using SkiaSharp;

namespace EightByEight.Connector.Files;

/// <summary>Makes images smaller: in pixels, and in bytes.</summary>
internal static class ImageSize
{
    private const int BestQuality = 90;
    private const int WorstQuality = 10;
    private const int QualityStep = 10;

    /// <summary>
    /// The image within limits: its aspect ratio is kept, it is never enlarged, its quality is lowered step by step until it has few enough
    /// bytes. JPEG stays JPEG, all else becomes PNG, or JPEG on white where PNG is too large; of a moving picture it is the first.
    /// </summary>
    /// <returns>Null: it is within its limits as it is.</returns>
    /// <exception cref="ImageException">It is no image, has too many pixels, or cannot become as small as is asked for.</exception>
    public static (byte[] Image, FileType Type)? Fit(Stream content, ImageLimits limits, long maxPixels)
    {
        content.Position = 0;
        // The codec reads the header only: what would unpack to gigabytes is refused before it does.
        using var codec = SKCodec.Create(new SKManagedStream(content))
            ?? throw new ImageException(StatusCodes.Status500InternalServerError, "The file is no image that can be read.");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > maxPixels)
            throw new ImageException(StatusCodes.Status500InternalServerError,
                $"The image has {width} x {height} pixels; more than {maxPixels} are not unpacked.");
        var turned = codec.EncodedOrigin >= SKEncodedOrigin.LeftTop;
        var (shownWidth, shownHeight) = turned ? (height, width) : (width, height);
        var scale = Math.Min(1, Math.Min(
            limits.MaxWidth / (double)shownWidth ?? 1, limits.MaxHeight / (double)shownHeight ?? 1));
        if (scale >= 1 && !(content.Length > limits.MaxBytes)) return null;

        var isJpeg = codec.EncodedFormat == SKEncodedImageFormat.Jpeg;
        using var image = Resized(codec, shownWidth, shownHeight, scale);
        return Encode(image, isJpeg, limits.MaxBytes);
    }

    private static SKImage Resized(SKCodec codec, int width, int height, double scale)
    {
        using var original = SKBitmap.Decode(codec)
            ?? throw new ImageException(StatusCodes.Status500InternalServerError, "The image is damaged.");
        var (toWidth, toHeight) = (Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)));
        using var surface = SKSurface.Create(new SKImageInfo(toWidth, toHeight, SKColorType.Rgba8888, SKAlphaType.Premul));
        var canvas = surface.Canvas;
        canvas.Clear(SKColors.Transparent);
        canvas.Scale(toWidth / (float)width, toHeight / (float)height);
        canvas.Concat(Upright(codec.EncodedOrigin, width, height));
        using var source = SKImage.FromBitmap(original);
        canvas.DrawImage(source, 0, 0, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        return surface.Snapshot();
    }

    /// <summary>
    /// Cameras note how they were held, and the note is lost with the other metadata. Source: Exif 2.3, tag Orientation.
    /// </summary>
    private static SKMatrix Upright(SKEncodedOrigin origin, float width, float height) => origin switch
    {
        SKEncodedOrigin.TopRight => new(-1, 0, width, 0, 1, 0, 0, 0, 1),
        SKEncodedOrigin.BottomRight => new(-1, 0, width, 0, -1, height, 0, 0, 1),
        SKEncodedOrigin.BottomLeft => new(1, 0, 0, 0, -1, height, 0, 0, 1),
        SKEncodedOrigin.LeftTop => new(0, 1, 0, 1, 0, 0, 0, 0, 1),
        SKEncodedOrigin.RightTop => new(0, -1, width, 1, 0, 0, 0, 0, 1),
        SKEncodedOrigin.RightBottom => new(0, -1, width, -1, 0, height, 0, 0, 1),
        SKEncodedOrigin.LeftBottom => new(0, 1, 0, -1, 0, height, 0, 0, 1),
        _ => SKMatrix.Identity,
    };

    private static (byte[] Image, FileType Type) Encode(SKImage image, bool isJpeg, int? maxBytes)
    {
        if (!isJpeg)
        {
            using var png = image.Encode(SKEncodedImageFormat.Png, 100);
            if (!(png.Size > maxBytes)) return (png.ToArray(), FileType.Of(png.AsSpan()));
        }

        using var onWhite = SKSurface.Create(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        onWhite.Canvas.Clear(SKColors.White);
        onWhite.Canvas.DrawImage(image, 0, 0, new SKSamplingOptions(SKFilterMode.Nearest));
        using var opaque = onWhite.Snapshot();
        for (var quality = BestQuality; quality >= WorstQuality; quality -= QualityStep)
        {
            using var jpeg = opaque.Encode(SKEncodedImageFormat.Jpeg, quality);
            if (!(jpeg.Size > maxBytes)) return (jpeg.ToArray(), FileType.Of(jpeg.AsSpan()));
        }

        throw new ImageException(StatusCodes.Status500InternalServerError,
            $"The image of {image.Width} x {image.Height} pixels has more than {maxBytes} bytes even at the lowest quality: " +
            "allow more bytes, or ask for fewer pixels with maxWidth and maxHeight.");
    }
}
