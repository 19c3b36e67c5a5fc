using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Privacy;

/// <summary>Rows of any table as JSON: what is sealed opened, what lies in a blob read, JSON as JSON.</summary>
internal sealed class RowJson(ConnectorStorage storage, Seals seals)
{
    private const string Blob = "Blob";

    public async Task<JsonObject> OfAsync(ConversationKey key, TableEntity row, CancellationToken cancellation)
    {
        var json = new JsonObject();
        foreach (var (name, value) in row)
        {
            if (name is "odata.etag" or "PartitionKey" or "Timestamp" || value is null) continue;
            if (name.EndsWith(Blob, StringComparison.Ordinal) && value is string blob)
                json[Member(name[..^Blob.Length])] = await OpenedAsync(
                    key, await new Body(null, blob).ReadAsync(storage.Bodies, cancellation), cancellation);
            else json[name == "RowKey" ? "row" : Member(name)] = value switch
            {
                byte[] bytes => await OpenedAsync(key, bytes, cancellation),
                string text => text,
                long number => number,
                int number => number,
                double number => number,
                bool flag => flag,
                DateTimeOffset at => at.ToString("O", CultureInfo.InvariantCulture),
                _ => Convert.ToString(value, CultureInfo.InvariantCulture),
            };
        }

        return json;
    }

    private async Task<JsonNode?> OpenedAsync(ConversationKey key, byte[] stored, CancellationToken cancellation)
    {
        if (await seals.OpenAsync(key, stored, cancellation) is not { } clear) return null;
        try
        {
            return JsonNode.Parse(clear);
        }
        catch (JsonException)
        {
            return Convert.ToBase64String(clear);
        }
    }

    private static string Member(string column) => JsonNamingPolicy.CamelCase.ConvertName(column);
}
