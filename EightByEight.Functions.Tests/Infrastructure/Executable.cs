namespace EightByEight.Functions.Tests.Infrastructure;

/// <summary>A shell script that pretends to be a tool.</summary>
internal static class Executable
{
    public static void Write(string file, string script)
    {
        File.WriteAllText(file, $"#!/bin/bash\n{script}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
