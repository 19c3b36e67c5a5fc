using System.Collections.Concurrent;
using EightByEight.Connector.ChatGateway;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.ChatGateway;

/// <summary>A client as the product registers it, patient for milliseconds only.</summary>
public sealed class Connected : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    /// <param name="settings">Of <c>Connector:ChatGateway</c>, such as <c>("MaxRetries", "1")</c>.</param>
    public Connected(params (string Key, string Value)[] settings) : this(TimeProvider.System, settings)
    {
    }

    public Connected(TimeProvider time, params (string Key, string Value)[] settings)
    {
        var values = new Dictionary<string, string?> { ["RetryDelay"] = "00:00:00.001" };
        foreach (var (key, value) in settings) values[key] = value;
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(values.Select(v => KeyValuePair.Create($"{ChatGatewayOptions.Section}:{v.Key}", v.Value)))
            .Build();
        _services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Logs))
            .AddSingleton(time)
            .AddChatGateway(configuration)
            .BuildServiceProvider();
    }

    public RecordedLogs Logs { get; } = new();

    public IServiceProvider Services => _services;

    public ChatGatewayClient Client => _services.GetRequiredService<ChatGatewayClient>();

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    public sealed class RecordedLogs : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            Lines.Enqueue(state.ToString()!);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
