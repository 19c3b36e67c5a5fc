using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Transformers;

namespace EightByEight.DevHost;

/// <summary><c>transformer test</c>: a handler tried in the terminal, without storage and without a server.</summary>
public static class TransformerCommand
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>The exit code: 0, or 1 where the handler failed, or a turn would not take what it returned.</returns>
    /// <exception cref="DevHostException">The command line or a file is wrong.</exception>
    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellation)
    {
        var (handler, file) = ("handleInput", (string?)null);
        if (args is not ["transformer", "test", var source, .. var flags] || flags.Length % 2 != 0) throw Misused("Name the source.");
        for (var i = 0; i < flags.Length; i += 2)
        {
            if (flags[i] == "--handler") handler = flags[i + 1];
            else if (flags[i] == "--event") file = flags[i + 1];
            else throw Misused($"There is no flag '{flags[i]}'.");
        }

        if (!TransformerTest.Handlers.Contains(handler)) throw Misused($"--handler is one of {string.Join(", ", TransformerTest.Handlers)}.");
        try
        {
            var given = file is null ? [] : JsonNode.Parse(await File.ReadAllTextAsync(file, cancellation)) as JsonObject
                ?? throw new DevHostException($"{file} holds no JSON object.");
            var shown = await TransformerTest.RunAsync(await File.ReadAllTextAsync(source, cancellation), handler, given, cancellation);
            await output.WriteLineAsync(shown.ToJsonString(Readable));
            return shown["error"] is null && shown["refused"] is null ? 0 : 1;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DevHostException(fault.Message);
        }
    }

    private static DevHostException Misused(string why) => new($"{why}\n\n{DevHostOptions.Usage}");
}
