using System.Text;
using System.Text.Json;

namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// What can be understood of an error body. 8x8's differ: <c>errors</c> is an array of objects, an array of strings or
/// an object; a gateway in front answers <c>fault.faultstring</c>; OAuth says <c>ErrorCode</c> and <c>Error</c>; some
/// are plain text. Submitted values, which <c>validations</c> repeat, are left out: they may be a customer's words.
/// </summary>
internal sealed record Problem(IReadOnlyList<string> Codes, IReadOnlyList<string> Messages, string? ReferenceId)
{
    private const int LongestText = 500;

    /// <summary>Reads an error body; never throws.</summary>
    /// <param name="body">UTF-8; may be empty, cut off, or no JSON at all.</param>
    /// <param name="secret">Blotted out, should 8x8 repeat it.</param>
    public static Problem Read(ReadOnlyMemory<byte> body, string? secret)
    {
        var found = new Finding(secret);
        try
        {
            using var json = JsonDocument.Parse(body);
            found.Add(json.RootElement);
        }
        catch (JsonException)
        {
            found.Say(Encoding.UTF8.GetString(body.Span));
        }

        return new Problem([.. found.Codes.Distinct()], [.. found.Messages.Distinct()], found.ReferenceId);
    }

    private sealed class Finding(string? secret)
    {
        public List<string> Codes { get; } = [];
        public List<string> Messages { get; } = [];
        public string? ReferenceId { get; private set; }

        public void Add(JsonElement problem)
        {
            switch (problem.ValueKind)
            {
                case JsonValueKind.String:
                    Say(problem.GetString());
                    break;
                case JsonValueKind.Array:
                    foreach (var one in problem.EnumerateArray()) Add(one);
                    break;
                case JsonValueKind.Object:
                    foreach (var member in problem.EnumerateObject()) Add(member);
                    break;
            }
        }

        private void Add(JsonProperty member)
        {
            switch (member.Name)
            {
                case "message" or "Error" or "faultstring":
                    Say(Text(member.Value));
                    break;
                case "code" or "ErrorCode" or "errorcode":
                    if (Clean(Text(member.Value)) is { } code) Codes.Add(code);
                    break;
                case "referenceId":
                    ReferenceId = Clean(Text(member.Value));
                    break;
                case "errors" or "validations" or "fault" or "detail":
                    Add(member.Value);
                    break;
            }
        }

        public void Say(string? text)
        {
            if (Clean(text) is { } clean) Messages.Add(clean);
        }

        private string? Clean(string? text)
        {
            if (string.IsNullOrWhiteSpace(text)) return null;
            if (!string.IsNullOrEmpty(secret)) text = text.Replace(secret, "***", StringComparison.Ordinal);
            text = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            return text.Length > LongestText ? text[..LongestText] + "…" : text;
        }

        private static string? Text(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
    }
}
