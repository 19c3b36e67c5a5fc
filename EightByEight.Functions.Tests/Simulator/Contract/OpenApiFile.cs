using EightByEight.Functions.Tests.Infrastructure;

namespace EightByEight.Functions.Tests.Simulator.Contract;

/// <summary>
/// 8x8's own description of the Chat Gateway, <c>contact-center-chat-gateway-v1.oas.yml</c>. It is not ours to pass on, so it
/// is not in this repository: <c>EIGHTBYEIGHT_OPENAPI</c> names it, or it lies in <c>shared/8x8</c> beside the repository.
/// </summary>
internal static class OpenApiFile
{
    private const string Variable = "EIGHTBYEIGHT_OPENAPI";

    /// <summary>Where it is; the test is skipped where it is not at hand.</summary>
    public static string PathOrSkip()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            if (!File.Exists(named)) Assert.Fail($"{Variable} names {named}, which does not exist.");
            return named;
        }

        var beside = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "8x8", "contact-center-chat-gateway-v1.oas.yml"));
        if (!File.Exists(beside))
            Assert.Skip($"8x8's OpenAPI file is not at hand. Download it from developer.8x8.com and name it in {Variable}.");
        return beside;
    }
}
