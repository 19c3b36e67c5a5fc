using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PhoneNumbers;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>An email address, also in a sentence; its value is the address.</summary>
internal sealed partial class EmailAnswer : AnswerType
{
    public override JsonNode? Read(in Given given)
    {
        var found = AddressPattern.Matches(given.Text);
        return found is [{ Length: <= 254 } one] ? one.Value : null;
    }

    // Source: HTML Standard, valid email address, with at least one point in the domain.
    [GeneratedRegex(@"(?<![\p{L}\d._%+-])[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}(?![\p{L}\d-])", RegexOptions.CultureInvariant, 250)]
    private static partial Regex AddressPattern { get; }
}

/// <summary>A web address; its value begins with <c>https://</c> or <c>http://</c>.</summary>
internal sealed partial class UrlAnswer : AnswerType
{
    public override JsonNode? Read(in Given given)
    {
        var text = given.Text;
        if (!text.Contains("://", StringComparison.Ordinal) && BarePattern.IsMatch(text)) text = $"https://{text}";
        return text.Length <= 2_000 && !text.Any(char.IsWhiteSpace) && Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https" && url.Host.Length > 0 ? text : null;
    }

    [GeneratedRegex(@"^([\p{L}\d]([\p{L}\d-]{0,61}[\p{L}\d])?\.)+\p{L}{2,63}(:\d{1,5})?([/?#].*)?$", RegexOptions.CultureInvariant, 250)]
    private static partial Regex BarePattern { get; }
}

/// <summary>A telephone number that can exist; its value is <c>+442079460000</c>, as E.164 writes it.</summary>
/// <param name="country">Where a number without country code is; null: in the country of the customer's locale.</param>
internal sealed class PhoneAnswer(string? country) : AnswerType
{
    private static readonly PhoneNumberUtil Numbers = PhoneNumberUtil.GetInstance();

    public static PhoneAnswer Make(StepSource source, MapNode question)
    {
        if (question.Find("country") is not { } node || source.Compiler.PlainText(node, "country") is not { } country) return new(null);
        if (!Numbers.GetSupportedRegions().Contains(country))
            source.Problems.Report(node, "'country' is a code of ISO 3166, such as GB.");
        return new(country);
    }

    public override JsonNode? Read(in Given given)
    {
        if (given.Text.Length > 250) return null;
        var region = country ?? given.Culture.Region?.TwoLetterISORegionName;
        var found = Numbers.FindNumbers(given.Text, region ?? "ZZ", PhoneNumberUtil.Leniency.VALID, 10).Take(2).ToList();
        return found.Count == 1 ? Numbers.Format(found[0].Number, PhoneNumberFormat.E164) : null;
    }

    public override string Short(JsonNode answer, in Given given) =>
        Numbers.Format(Numbers.Parse((string)answer!, null), PhoneNumberFormat.INTERNATIONAL);
}

/// <summary>An address of IPv4; its value is the address.</summary>
internal sealed partial class Ipv4Answer : AnswerType
{
    public override JsonNode? Read(in Given given) => AddressPattern.IsMatch(given.Text) ? given.Text : null;

    [GeneratedRegex(@"^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(?!$)|$)){4}$", RegexOptions.CultureInvariant)]
    private static partial Regex AddressPattern { get; }
}
