using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace EightByEight.Connector.Flows;

/// <summary>
/// The randomness of a turn. It comes from the event, so that a turn that is repeated says the same. Not for secrets.
/// </summary>
/// <remarks>SplitMix64: Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014.</remarks>
internal sealed class Chance(string id, int part)
{
    private ulong _state = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(id.AsSpan()), part);

    /// <summary>From 0 up to, not including, 1.</summary>
    public double Next() => (Bits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>From 0 up to, not including, a number.</summary>
    public int Below(int count) => (int)(Next() * count);

    /// <summary>A version 4 UUID.</summary>
    public Guid Uuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, Bits());
        BitConverter.TryWriteBytes(bytes[8..], Bits());
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private ulong Bits()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
