using EightByEight.DevHost.Chats;
using EightByEight.DevHost.Rehearsals;

namespace EightByEight.DevHost;

/// <summary><c>chat</c>: a conversation with a Flow in the terminal, without storage and without 8x8.</summary>
public static class ChatCommand
{
    /// <returns>The exit code: 0, or 1 where the Flow cannot be read.</returns>
    /// <exception cref="DevHostException">The command line is wrong.</exception>
    public static async Task<int> RunAsync(string[] args, ChatTerminal terminal, CancellationToken cancellation)
    {
        if (args is not ["chat", { Length: > 0 } name]) throw new DevHostException($"Name the Flow: chat <flow>.\n\n{DevHostOptions.Usage}");
        Chat chat;
        try
        {
            chat = await Chat.OpenAsync(Find(name), terminal, cancellation);
        }
        catch (BrokenFlowException broken)
        {
            await terminal.Output.WriteLineAsync(broken.Message);
            return 1;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new DevHostException(fault.Message);
        }

        await using (chat) await chat.RunAsync(cancellation);
        return 0;
    }

    /// <summary>The file that is meant, perhaps without its ending and its folder.</summary>
    private static string Find(string name)
    {
        string[] places = [name, name + ".yaml", Path.Combine("flows", name + ".yaml")];
        return places.FirstOrDefault(File.Exists)
            ?? throw new DevHostException($"There is no Flow '{name}': neither {string.Join(" nor ", places)} is a file here.");
    }
}
