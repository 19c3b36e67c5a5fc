using System.Collections.Concurrent;

namespace EightByEight.Connector.Endpoints;

/// <summary>
/// What was read from storage a moment ago. However many ask for a key at once, it is read once; what is dropped while
/// it is being read is not remembered. What does not exist is forgotten sooner, and first when there is no room.
/// </summary>
internal sealed class RecentlyRead<T>(TimeProvider time, TimeSpan present, TimeSpan absent, int capacity) where T : class
{
    private readonly ConcurrentDictionary<string, Reading> _readings = new();

    /// <summary>How many keys are remembered.</summary>
    public int Count => _readings.Count;

    /// <param name="read">Not cancelled with one caller, as others may wait for the same reading; storage bounds its time.</param>
    public ValueTask<T?> GetAsync(string key, Func<Task<T?>> read, CancellationToken cancellation)
    {
        if (!_readings.TryGetValue(key, out var reading) || IsOver(reading))
        {
            if (reading is not null) Drop(key, reading);
            if (_readings.Count >= capacity) MakeRoom();
            reading = _readings.GetOrAdd(key, _ => new Reading(read, time));
        }

        var task = reading.Value;
        if (task.IsCompletedSuccessfully) return new(task.Result);
        return new(FirstAsync(key, reading, task, cancellation));
    }

    /// <summary>The next one who asks reads it again.</summary>
    public void Drop(string key) => _readings.TryRemove(key, out _);

    /// <summary>Whoever asks next for whatever reads it again.</summary>
    public void Clear() => _readings.Clear();

    private async Task<T?> FirstAsync(string key, Reading reading, Task<T?> task, CancellationToken cancellation)
    {
        try
        {
            return await task.WaitAsync(cancellation);
        }
        finally
        {
            if (task.IsFaulted || task.IsCanceled) Drop(key, reading);
        }
    }

    private bool IsOver(Reading reading) => reading.Value switch
    {
        { IsCompletedSuccessfully: true, Result: var value } => time.GetElapsedTime(reading.Since) >= (value is null ? absent : present),
        { IsCompleted: true } => true,
        _ => false,
    };

    private void MakeRoom()
    {
        foreach (var (key, reading) in _readings)
            if (IsOver(reading) || reading.Value is { IsCompletedSuccessfully: true, Result: null }) Drop(key, reading);
        if (_readings.Count >= capacity) _readings.Clear();
    }

    private void Drop(string key, Reading reading) => _readings.TryRemove(KeyValuePair.Create(key, reading));

    private sealed class Reading(Func<Task<T?>> read, TimeProvider time)
    {
        private readonly Lazy<Task<T?>> _value = new(read);

        public long Since { get; } = time.GetTimestamp();

        public Task<T?> Value => _value.Value;
    }
}
