using System.Text.Json.Serialization;
using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Analytics;

/// <summary>JSON of rows and answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AnalyticsRecord))]
[JsonSerializable(typeof(AnalyticsDay))]
[JsonSerializable(typeof(AdminList<AnalyticsDay>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class AnalyticsJson : JsonSerializerContext;
