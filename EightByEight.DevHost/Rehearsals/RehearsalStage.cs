using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Steps;
using EightByEight.Connector.Translation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>
/// What conversations are rehearsed with: all of the product's own parts, but for storage, the clock, and whatever would ask the world.
/// One rehearsal at a time.
/// </summary>
internal sealed class RehearsalStage : IFlows, IAsyncDisposable
{
    /// <summary>Settings that need storage, or secrets.</summary>
    private static readonly string[] NotHere = ["transformers", "fileStorage", "inject", "test"];

    private Dictionary<string, Flow> _flows = [];
    private readonly ServiceProvider _services;

    /// <param name="flows">All that may run, with what they call.</param>
    public RehearsalStage(IEnumerable<Flow> flows)
    {
        Play(flows);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            // Nothing is ever asked of it.
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["Connector:AdminKey"] = ConnectorHost.NewAdminKey(),
            // Servers on this machine, as in DevHost.
            ["Connector:Agents:AllowPrivateAddresses"] = "true",
            ["Connector:Requests:AllowPrivateAddresses"] = "true",
            ["Connector:Understanding:AllowPrivateAddresses"] = "true",
        }).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddSingleton<TimeProvider>(Clock);
        services.AddConnector(configuration);
        services.AddLogging(logging => logging.ClearProviders());
        services.AddSingleton<IFlows>(this);
        services.AddSingleton<IOutside>(Outside);
        services.AddHttpClient(Translator.HttpClient).ConfigurePrimaryHttpMessageHandler(() => new StubbedTranslation(Outside));
        _services = services.BuildServiceProvider();
        Turns = _services.GetRequiredService<TurnRunner>();
        Options = _services.GetRequiredService<IOptions<ConversationOptions>>().Value;
    }

    public StageClock Clock { get; } = new();
    public StubbedOutside Outside { get; } = new();
    public TurnRunner Turns { get; }
    public ConversationOptions Options { get; }

    /// <summary>The world itself, where nothing of it is played: without storage, so without connections and 8x8.</summary>
    public IOutside World => ActivatorUtilities.CreateInstance<Outside>(_services);

    /// <summary>Is shown each step that runs; null: nobody looks.</summary>
    public Action<Step>? Watch { get; set; }

    /// <summary>These run from now on, with what they call.</summary>
    public void Play(IEnumerable<Flow> flows)
    {
        var all = flows.ToDictionary(flow => flow.Name);
        _flows = all.ToDictionary(flow => flow.Key, flow => flow.Value.With(all));
        foreach (var flow in _flows.Values) flow.Watch = step => Watch?.Invoke(step);
    }

    /// <summary>The name of the Flow in which a step stands; null: it is of none.</summary>
    public string? FlowOf(Step step) => _flows.Values.FirstOrDefault(flow => flow.Find(step.Path) == step)?.Name;

    /// <summary>The id of a step of any of the Flows; null: it has none.</summary>
    public string? IdOf(string path) => _flows.Values.Select(flow => flow.Find(path)?.Id).FirstOrDefault(id => id is not null);

    /// <summary>An Endpoint with some settings of the admin API; the others are as usual.</summary>
    /// <exception cref="RehearsalException">They are wrong.</exception>
    public Endpoint EndpointOf(string flow, JsonObject settings)
    {
        foreach (var name in NotHere)
            if (settings.ContainsKey(name)) throw new RehearsalException($"endpoint.{name} cannot be rehearsed: what it does needs storage.");
        var all = (JsonObject)settings.DeepClone();
        all["name"] ??= "Rehearsal";
        all["flow"] = flow;
        // Another provider's words for the same: the script answers.
        if (all["translation"] is JsonObject translation) (translation["provider"], translation["baseUrl"]) = ("deepl", "https://translation.example.com");
        var problems = new List<BodyProblem>();
        var read = _services.GetRequiredService<SettingsBody>().Read(JsonElement.Parse(all.ToJsonString()), problems);
        if (problems.Count > 0) throw new RehearsalException(string.Join('\n', problems.Select(problem => $"endpoint: {problem.Path}: {problem.Message}")));
        return new Endpoint
        {
            Id = Guid.NewGuid().ToString("N"),
            // Profiles that outlive a conversation need storage: here they live as long as the session.
            Settings = read.Settings with { DataProtection = read.Settings.DataProtection with { ContactProfiles = false, CollectAnalytics = true } },
        };
    }

    public ValueTask<Flow?> FindAsync(string name, CancellationToken cancellation) => new(_flows.GetValueOrDefault(name));

    public ValueTask<Flow?> FindAsync(string name, int version, CancellationToken cancellation) => FindAsync(name, cancellation);

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

/// <summary>A clock that stands until it is set.</summary>
internal sealed class StageClock : TimeProvider
{
    public DateTimeOffset Now { get; set; }

    public override DateTimeOffset GetUtcNow() => Now;
}

/// <summary>A rehearsal cannot go on: its script is wrong, or does not say what it needs to know.</summary>
internal sealed class RehearsalException(string message) : Exception(message);
