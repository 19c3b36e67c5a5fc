using EightByEight.Connector;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EightByEight.Functions.Tests.Admin;

public sealed class OptionsTests
{
    private const string Key = "an-admin-key-of-a-test";

    [Theory]
    [InlineData("@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/AdminKey)")]
    [InlineData(" @microsoft.keyvault(VaultName=kv;SecretName=AdminKey)")]
    public void A_reference_that_App_Service_did_not_resolve_is_no_admin_key(string reference)
    {
        var (first, next) = (Refused(("AdminKey", reference)), Refused(("AdminKey", Key), ("AdminKeyNext", reference)));

        Assert.Contains("Connector:AdminKey is a Key Vault reference that App Service has not resolved.", first, StringComparison.Ordinal);
        Assert.Contains("Connector:AdminKeyNext is a Key Vault reference", next, StringComparison.Ordinal);
        Assert.All([first, next], message => Assert.Contains("infra/deploy.sh", message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("")]
    public void A_key_that_can_be_guessed_is_refused(string key) => Assert.Contains("AdminKey", Refused(("AdminKey", key)), StringComparison.Ordinal);

    [Fact]
    public void Any_other_key_of_16_characters_will_do() => Validate(("AdminKey", "p@ss(word)\n4711-…"), ("AdminKeyNext", Key));

    private static string Refused(params (string Key, string Value)[] settings) =>
        Assert.Throws<OptionsValidationException>(() => Validate(settings)).Message;

    private static void Validate(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"{ConnectorOptions.Section}:{s.Key}", (string?)s.Value)))
            .Build();
        using var services = new ServiceCollection().AddEndpoints(configuration).BuildServiceProvider();
        services.GetRequiredService<IStartupValidator>().Validate();
    }
}
