using Microsoft.Extensions.Compliance.Classification;
using Microsoft.Extensions.Compliance.Redaction;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Privacy;

/// <summary>What kinds of data there are that no log may show. A parameter of a log message that carries one says so by its attribute.</summary>
internal static class DataClasses
{
    private const string Taxonomy = "EightByEight";

    /// <summary>What customers say, or what may quote it.</summary>
    public static DataClassification CustomerText { get; } = new(Taxonomy, nameof(CustomerText));

    /// <summary>Masks them in every log, whichever host writes it.</summary>
    public static IServiceCollection AddDataClasses(this IServiceCollection services) => services
        .AddLogging(logging => logging.EnableRedaction(options => options.ApplyDiscriminator = false))
        .AddRedaction(redaction => redaction
            .SetRedactor<AsteriskRedactor>(new DataClassificationSet(CustomerText))
            .SetFallbackRedactor<AsteriskRedactor>());
}

/// <summary>See <see cref="DataClasses.CustomerText"/>.</summary>
internal sealed class CustomerTextAttribute() : DataClassificationAttribute(DataClasses.CustomerText);

/// <summary>Puts asterisks in the place of whatever it is, of one length so that none shows.</summary>
internal sealed class AsteriskRedactor : Redactor
{
    public override int GetRedactedLength(ReadOnlySpan<char> input) => Masking.Mask.Length;

    public override int Redact(ReadOnlySpan<char> source, Span<char> destination)
    {
        Masking.Mask.CopyTo(destination);
        return Masking.Mask.Length;
    }
}
