using EightByEight.DevHost;
using EightByEight.DevHost.Chats;
using EightByEight.Simulator;

if (args is ["--help" or "-h" or "-?"])
{
    Console.WriteLine(DevHostOptions.Usage);
    return 0;
}

try
{
    if (args is ["transformer", ..]) return await TransformerCommand.RunAsync(args, Console.Out, CancellationToken.None);
    if (args is ["flow", ..]) return await FlowCommand.RunAsync(args, Console.Out, CancellationToken.None);
    if (args is ["chat", ..]) return await ChatCommand.RunAsync(args, ChatTerminal.OfConsole(), CancellationToken.None);
    await RunAsync(DevHostOptions.Parse(args));
    return 0;
}
catch (DevHostException forYou)
{
    await Console.Error.WriteLineAsync(forYou.Message);
    return 1;
}
catch (Microsoft.Extensions.Options.OptionsValidationException invalid)
{
    await Console.Error.WriteLineAsync("The configuration is not valid:\n  " + string.Join("\n  ", invalid.Failures));
    return 1;
}

static async Task RunAsync(DevHostOptions options)
{
    Directory.CreateDirectory(options.DataFolder);
    await using var azurite = options.Storage is null
        ? await Azurite.StartAsync(Path.Combine(options.DataFolder, "azurite"), progress: Console.WriteLine)
        : null;
    await using var connector = await AtAsync(options.Url, "--urls",
        () => ConnectorHost.StartAsync(options.Url, options.Storage ?? azurite!.ConnectionString(), AdminKey(options.DataFolder)));
    Console.WriteLine($"""

        8x8 connector
          Connector   {connector.Url}
          Admin key   {connector.AdminKey}   (curl -H "Authorization: Bearer <key>" {connector.Url}/api/endpoints)
        """);
    if (options.SimulatorUrl is { } url)
    {
        await using var simulator = await AtAsync(url, "--simulator-urls", () => SimulatorServer.StartAsync(new SimulatorOptions
        {
            Url = url,
            KeyFile = Path.Combine(options.DataFolder, "simulator-key.pem"),
        }));
        using var admin = connector.NewAdminClient();
        using var flows = new FlowFolder(admin, options.FlowsFolder ?? FlowsFolder(), Console.WriteLine);
        await flows.StoreAsync(CancellationToken.None);
        var (endpointUrl, flow) = await new Demo(admin, simulator).PrepareAsync(CancellationToken.None);
        Console.WriteLine($"""
              Simulator   {simulator.Url}
              Endpoint    {endpointUrl}   (Demo, runs {flows.NameOfFlow(flow)})

            Try it: open {simulator.Url} and press "Start the conversation". Then change a Flow and save it: it is stored at once.
            Ctrl+C stops everything.

            """);
        using var stopping = new CancellationTokenSource();
        var watching = flows.WatchAsync(stopping.Token);
        await connector.WaitForShutdownAsync();
        await stopping.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return;
    }

    Console.WriteLine("Ctrl+C stops it.");
    await connector.WaitForShutdownAsync();
}

static async Task<T> AtAsync<T>(string url, string flag, Func<Task<T>> start)
{
    try
    {
        return await start();
    }
    catch (IOException inUse)
    {
        throw new DevHostException(
            $"{url} cannot be listened on: {inUse.Message} Stop what uses it, or choose another address with {flag} <url>.");
    }
}

static string AdminKey(string folder)
{
    var file = Path.Combine(folder, "admin-key");
    if (File.Exists(file)) return File.ReadAllText(file).Trim();
    var key = ConnectorHost.NewAdminKey();
    File.WriteAllText(file, key);
    return key;
}

static string FlowsFolder()
{
    for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        if (Path.Combine(folder.FullName, "flows") is var flows && Directory.Exists(flows)) return flows;
    throw new DevHostException("The folder flows was not found above this program: run it from a clone of the repository.");
}
