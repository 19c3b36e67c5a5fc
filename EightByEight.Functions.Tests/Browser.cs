using Microsoft.Playwright;

namespace EightByEight.Functions.Tests;

/// <summary>
/// A real Chromium with an empty profile. Where none is installed the test is skipped, or fails if
/// <c>EIGHTBYEIGHT_REQUIRE_BROWSER</c> is set. What the page complains about in its console is kept.
/// </summary>
public sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "chrome"];

    private readonly string _profile = Directory.CreateTempSubdirectory("browser").FullName;
    private readonly List<string> _complaints = [];
    private IPlaywright _playwright = null!;
    private IBrowserContext _context = null!;

    /// <summary>Errors of all pages.</summary>
    public IReadOnlyList<string> Complaints => _complaints;

    public static async Task<Browser> StartAsync()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        if (path is null)
        {
            const string missing = "No Chromium was found on the PATH: install it (Debian: apt-get install chromium).";
            if (Environment.GetEnvironmentVariable("EIGHTBYEIGHT_REQUIRE_BROWSER") == "1") Assert.Fail(missing);
            Assert.Skip(missing);
        }

        var browser = new Browser { _playwright = await Playwright.CreateAsync() };
        browser._context = await browser._playwright.Chromium.LaunchPersistentContextAsync(browser._profile, new()
        {
            ExecutablePath = path,
            Headless = true,
            ViewportSize = new() { Width = 1400, Height = 900 },
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        return browser;
    }

    public async Task<IPage> OpenAsync(string url)
    {
        var page = await _context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") _complaints.Add(message.Text);
        };
        page.PageError += (_, error) => _complaints.Add(error);
        page.SetDefaultTimeout(20_000);
        await page.GotoAsync(url);
        return page;
    }

    /// <summary>Leaves a picture beside the test assembly, in <c>screenshots</c>.</summary>
    public static Task ShootAsync(IPage page, string name) =>
        page.ScreenshotAsync(new()
        {
            Path = Path.Combine(AppContext.BaseDirectory, "screenshots", $"{name}.png"),
            Animations = ScreenshotAnimations.Disabled,
        });

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        _playwright.Dispose();
        Directory.Delete(_profile, recursive: true);
    }
}
