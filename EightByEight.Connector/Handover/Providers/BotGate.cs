using EightByEight.Connector.Admin;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>What every request under <c>/api/handovers</c> passes: the bot's key on the way in, errors as problems on the way out.</summary>
internal sealed class BotGate(ProviderStore providers, AdminGate errors)
{
    private const string ProviderItem = "EightByEight.Handover.Provider";
    private const string Scheme = "Bearer ";

    public ValueTask<object?> PassAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) =>
        errors.AnswerAsync(invocation.HttpContext, async () =>
        {
            var http = invocation.HttpContext;
            var header = http.Request.Headers.Authorization.ToString();
            var key = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : "";
            if (key.Length == 0 || await providers.FindByBotKeyAsync(key, http.RequestAborted) is not { } provider)
            {
                http.Response.Headers.WWWAuthenticate = "Bearer";
                return AdminRequest.Answer(new AdminProblem(
                    401, "No bot key", "Send the key of your handover provider as 'Authorization: Bearer <bot key>'."));
            }

            http.Items[ProviderItem] = provider;
            return await next(invocation);
        });

    /// <summary>Whose bot asks.</summary>
    public static HandoverProvider ProviderOf(HttpContext http) => (HandoverProvider)http.Items[ProviderItem]!;
}
