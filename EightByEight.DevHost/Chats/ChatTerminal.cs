namespace EightByEight.DevHost.Chats;

/// <summary>Where a chat is typed and read.</summary>
public sealed record ChatTerminal(TextReader Input, TextWriter Output)
{
    /// <summary>Whether a person types, who is shown a prompt and sees what is typed.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>Whether it shows colours.</summary>
    public bool HasColours { get; init; }

    /// <summary>What passes between two inputs, passes in the chat.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>This process's own.</summary>
    public static ChatTerminal OfConsole() => new(Console.In, Console.Out)
    {
        IsInteractive = !Console.IsInputRedirected,
        // https://no-color.org
        HasColours = !Console.IsInputRedirected && !Console.IsOutputRedirected
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb",
    };
}
