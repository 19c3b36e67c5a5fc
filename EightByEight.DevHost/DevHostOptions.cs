namespace EightByEight.DevHost;

/// <summary>The command line. Without any flag everything is started and a demo is made.</summary>
public sealed record DevHostOptions
{
    /// <summary>Where the connector listens.</summary>
    public string Url { get; init; } = "http://127.0.0.1:7071";

    /// <summary>A connection string; null starts Azurite.</summary>
    public string? Storage { get; init; }

    /// <summary>Where Azurite's data, the admin key and the simulator's signing key are kept.</summary>
    public string DataFolder { get; init; } = ".devhost";

    /// <summary>Where the simulator listens; null: there is none, and no demo.</summary>
    public string? SimulatorUrl { get; init; } = "http://127.0.0.1:7080";

    /// <summary>The Flows that are stored at the start and whenever they are saved, one of them <c>welcome.yaml</c>; null: those of the clone.</summary>
    public string? FlowsFolder { get; init; }

    /// <summary>What <c>--help</c> prints.</summary>
    public const string Usage = """
        Usage: dotnet run --project EightByEight.DevHost [-- flags]

          --urls <url>             where the connector listens (default http://127.0.0.1:7071)
          --storage <connection>   a storage account's connection string (default: start Azurite)
          --data <folder>          where data is kept (default .devhost)
          --simulator-urls <url>   where the simulator listens (default http://127.0.0.1:7080)
          --flows <folder>         Flows to store now and whenever they are saved; welcome.yaml is the demo's (default flows)
          --no-simulator           without simulator and demo, and without storing Flows

          transformer test <file.ts> --event <file.json> [--handler handleInput]
                                   runs a transformer's handler on an event and shows what it returns, says and asks for
          flow check <files>       names all that is wrong with Flows, with line and column; exit code 1 where anything is
          flow test <files> [--junit <file>]
                                   runs scripted conversations with Flows; exit code 1 where anything is not as expected
          flow draw <file>         draws a Flow as a flowchart in the language of Mermaid
          chat <flow>              talks to a Flow here in the terminal; a file, or the name of one in flows

        Any setting of the connector can be given as an environment variable, such as Connector__AdminKey.
        """;

    /// <summary>Reads the command line.</summary>
    /// <exception cref="DevHostException">A flag is unknown, or lacks its value.</exception>
    public static DevHostOptions Parse(ReadOnlySpan<string> args)
    {
        var options = new DevHostOptions();
        for (var i = 0; i < args.Length; i++)
        {
            var (flag, value) = args[i].Split('=', 2) is [var name, var given] ? (name, given) : (args[i], null);
            if (flag == "--no-simulator")
            {
                options = options with { SimulatorUrl = null };
                continue;
            }

            if (flag is not ("--urls" or "--storage" or "--data" or "--simulator-urls" or "--flows"))
                throw new DevHostException($"There is no flag '{flag}'.\n\n{Usage}");
            value ??= ++i < args.Length ? args[i] : throw new DevHostException($"The flag {flag} needs a value.\n\n{Usage}");
            options = flag switch
            {
                "--urls" => options with { Url = Checked(flag, value) },
                "--storage" => options with { Storage = value },
                "--data" => options with { DataFolder = value },
                "--flows" => options with { FlowsFolder = Directory.Exists(value) ? value : throw new DevHostException($"--flows: there is no folder '{value}'.") },
                _ => options with { SimulatorUrl = Checked(flag, value) },
            };
        }

        return options;
    }

    private static string Checked(string flag, string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"
            ? url.TrimEnd('/')
            : throw new DevHostException($"{flag}: '{url}' is no URL such as http://127.0.0.1:7071.");
}
