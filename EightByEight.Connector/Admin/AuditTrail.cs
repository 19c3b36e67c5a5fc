using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Admin;

/// <summary>Leaves an entry for a write that was just done. Its own failure is logged: the write is done all the same.</summary>
internal sealed class AuditTrail(AuditLog entries, TimeProvider time, ILogger<AuditTrail> log)
{
    public async Task AddAsync(HttpContext http, string what, string target, IReadOnlyList<string> changed)
    {
        var entry = new AuditEntry(time.GetUtcNow(), AdminGate.WhoOf(http), what, target, changed);
        try
        {
            // A caller that hangs up does not escape the log.
            await entries.AddAsync(entry, CancellationToken.None);
        }
        catch (Exception e)
        {
            log.NotAudited(what, target, entry.Who, e);
        }
    }
}
