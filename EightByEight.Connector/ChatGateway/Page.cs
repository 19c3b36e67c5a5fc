using System.Globalization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>One page of a list.</summary>
/// <param name="Items">May be empty.</param>
/// <param name="Number">From 0.</param>
/// <param name="TotalElements">In all pages; null when 8x8 does not say.</param>
/// <param name="TotalPages">Null when 8x8 does not say.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, int? Number, int? TotalElements, int? TotalPages);

/// <summary>Which page of a list, and of what.</summary>
/// <param name="Page">From 0.</param>
/// <param name="Size">Items a page; null: 8x8's default of 20.</param>
/// <param name="Sort">Such as <c>id:asc</c>; null: 8x8's default.</param>
/// <param name="Filter">FIQL, such as <c>name==Acme</c>; null: all.</param>
public readonly record struct ListQuery(int? Page = null, int? Size = null, string? Sort = null, string? Filter = null)
{
    /// <summary>The query string, escaped; empty, or it starts with <c>?</c>.</summary>
    public override string ToString()
    {
        var given = new[]
        {
            ("page", Page?.ToString(CultureInfo.InvariantCulture)), ("size", Size?.ToString(CultureInfo.InvariantCulture)),
            ("sort", Sort), ("filter", Filter),
        }.Where(p => p.Item2 is not null).Select(p => $"{p.Item1}={Uri.EscapeDataString(p.Item2!)}").ToArray();
        return given.Length == 0 ? "" : "?" + string.Join('&', given);
    }
}
