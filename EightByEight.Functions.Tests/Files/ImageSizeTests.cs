using EightByEight.Connector.Files;
using SkiaSharp;

namespace EightByEight.Functions.Tests.Files;

/// <summary>Images within limits of pixels and bytes.</summary>
public class ImageSizeTests
{
    [Theory]
    [InlineData(100, null, 100, 50)]
    [InlineData(null, 25, 50, 25)]
    [InlineData(100, 10, 20, 10)]
    [InlineData(199, 5000, 199, 100)]
    public void The_aspect_ratio_is_kept(int? maxWidth, int? maxHeight, int width, int height)
    {
        using var made = Fit(Image(200, 100), new(maxWidth, maxHeight, null));

        Assert.Equal((width, height), (made!.Width, made.Height));
    }

    [Theory]
    [InlineData(200, 100)]
    [InlineData(5000, 5000)]
    public void An_image_is_never_enlarged(int maxWidth, int maxHeight) =>
        Assert.Null(Fit(Image(200, 100), new(maxWidth, maxHeight, null)));

    [Fact]
    public void The_quality_is_lowered_until_it_has_few_enough_bytes()
    {
        var noise = Noise(200, 200, SKEncodedImageFormat.Jpeg, 100);
        var most = noise.Length / 4;

        var made = ImageSize.Fit(new MemoryStream(noise), new(null, null, most), long.MaxValue)!.Value;

        Assert.InRange(made.Image.Length, 1, most);
        // Not lower than it has to be: a step better would have been too large.
        Assert.True(made.Image.Length > most / 2, $"{made.Image.Length} of {most}");
        using var image = SKBitmap.Decode(made.Image);
        Assert.Equal((200, 200), (image.Width, image.Height));
    }

    [Fact]
    public void A_png_that_is_too_large_becomes_a_jpeg_on_white()
    {
        var made = ImageSize.Fit(new MemoryStream(Noise(200, 200, SKEncodedImageFormat.Png, 100)), new(null, null, 20_000), long.MaxValue)!.Value;

        Assert.Equal("image/jpeg", made.Type.ContentType);
        Assert.InRange(made.Image.Length, 1, 20_000);
    }

    [Fact]
    public void What_cannot_become_so_small_is_a_clear_failure()
    {
        var failed = Assert.Throws<ImageException>(() => ImageSize.Fit(
            new MemoryStream(Noise(200, 200, SKEncodedImageFormat.Jpeg, 90)), new(null, null, 100), long.MaxValue));

        Assert.Equal(500, failed.Status);
        Assert.Equal("The image of 200 x 200 pixels has more than 100 bytes even at the lowest quality: allow more bytes, or ask for fewer " +
            "pixels with maxWidth and maxHeight.", failed.Message);
    }

    [Fact]
    public void A_decompression_bomb_is_refused_by_what_its_header_says()
    {
        // 30,000 x 30,000 pixels, as the header has it: 3.6 GB unpacked. There is nothing behind the header that could be unpacked.
        var bomb = Image(1, 1);
        byte[] size = [0, 0, 0x75, 0x30];
        size.CopyTo(bomb, 16);
        size.CopyTo(bomb, 20);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bomb.AsSpan(29), System.IO.Hashing.Crc32.HashToUInt32(bomb.AsSpan(12, 17)));

        var failed = Assert.Throws<ImageException>(() => ImageSize.Fit(new MemoryStream(bomb), new(10, 10, null), 25_000_000));

        Assert.Equal("The image has 30000 x 30000 pixels; more than 25000000 are not unpacked.", failed.Message);
    }

    [Fact]
    public void What_is_no_image_is_a_clear_failure() => Assert.Equal("The file is no image that can be read.",
        Assert.Throws<ImageException>(() => ImageSize.Fit(new MemoryStream([1, 2, 3]), new(1, 1, null), long.MaxValue)).Message);

    [Fact]
    public void A_photo_stands_as_the_camera_was_held()
    {
        // Red to the left and blue to the right, noted as turned by 90 degrees: red is on top.
        using var bitmap = new SKBitmap(40, 20);
        for (var x = 0; x < 40; x++)
            for (var y = 0; y < 20; y++) bitmap.SetPixel(x, y, x < 20 ? SKColors.Red : SKColors.Blue);
        using var jpeg = bitmap.Encode(SKEncodedImageFormat.Jpeg, 95);
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*\0\0\0\x08\0\x01"u8, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];

        using var made = Fit([.. jpeg.ToArray()[..2], .. exif, .. jpeg.ToArray()[2..]], new(10, null, null));

        Assert.Equal((10, 20), (made!.Width, made.Height));
        Assert.True(made.GetPixel(5, 3).Red > 200 && made.GetPixel(5, 16).Blue > 200);
    }

    public static byte[] Image(int width, int height)
    {
        using var bitmap = new SKBitmap(width, height);
        bitmap.Erase(SKColors.Teal);
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static byte[] Noise(int width, int height, SKEncodedImageFormat format, int quality)
    {
        var random = new Random(1);
        using var bitmap = new SKBitmap(width, height);
        for (var x = 0; x < width; x++)
            for (var y = 0; y < height; y++)
                bitmap.SetPixel(x, y, new((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256)));
        using var image = bitmap.Encode(format, quality);
        return image.ToArray();
    }

    private static SKBitmap? Fit(byte[] image, ImageLimits limits) =>
        ImageSize.Fit(new MemoryStream(image), limits, long.MaxValue) is var (made, _) ? SKBitmap.Decode(made) : null;
}
