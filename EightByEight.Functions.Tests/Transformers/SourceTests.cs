using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Transformers;

namespace EightByEight.Functions.Tests.Transformers;

public sealed class SourceTests
{
    [Theory]
    [InlineData("interface A { a: string; b?: number; \"c-d\": boolean; [key: string]: unknown } interface B extends A { e: string[] }")]
    [InlineData("type Kind = 'a' | 'b'; type Pair = [string, number]; type F = (x: number) => Promise<void>; let k: Kind = 'a';")]
    [InlineData("function twice(x: number, y?: string): number { return x * 2 } const f = async (x: any): Promise<string> => `${x}`;")]
    [InlineData("const body = ({} as { text?: string }); const text = body?.text!; const other = body satisfies object;")]
    [InlineData("// @ts-ignore\nconst h: IBaseTransformer['handleInput'] = async () => null;")]
    [InlineData("function first<T>(all: T[]): T | undefined { return all[0] } first<number>([1]);")]
    [InlineData("enum Colour { Red, Green } const c: Colour = Colour.Green; abstract class P { constructor(private readonly x: number) {} }")]
    [InlineData("const { data = {} }: { data?: any } = {} as any; const m = 'a-1'.match(/(?<name>[a-z])-(?<n>\\d)/ims)?.groups?.name ?? 'x';")]
    [InlineData("const x = <any>5; type M = { [K in keyof Date]?: string }; const is = (v: unknown): v is string => typeof v === 'string';")]
    [InlineData("let s = ''; s ??= 'x'; for (const one of ['a', 'b']) { switch (one) { case 'a': break; default: delete ({ a: 1 } as any).a; } }")]
    public async Task TypeScript_runs_without_its_types(string source)
    {
        using var room = new TestRoom();
        var result = await room.RunAsync($"{source}\n{TestRoom.Handler("return { text: 'ran' };")}");
        Assert.Null(result.Failure);
        Assert.Equal("ran", (string?)result.Value!["text"]);
    }

    [Fact]
    public async Task Helpers_may_stand_after_the_registration()
    {
        using var room = new TestRoom();
        var result = await room.RunAsync("""
            createWebhookTransformer({ handleInput: wrapped(async ({ request }: { request: any }) => ({ text: declared(request.body) + suffix })) });
            function wrapped(handler: (given: any) => Promise<any>) { return (given: any) => handler(given); }
            function declared(body: { text: string }): string { return body.text; }
            const suffix: string = "!";
            """, new JsonObject { ["request"] = new JsonObject { ["body"] = new JsonObject { ["text"] = "hi" } } });
        Assert.Null(result.Failure);
        Assert.Equal("hi!", (string?)result.Value!["text"]);
    }

    [Fact]
    public async Task An_error_names_its_line_though_types_were_removed()
    {
        using var room = new TestRoom();
        var result = await room.RunAsync("""
            interface Unused {
              a: string;
            }
            type Other =
              | "x"
              | "y";
            createWebhookTransformer({
              handleInput: async (given: any): Promise<any> => {
                throw new Error("boom");
              }
            });
            """);
        Assert.Equal("Error: boom", result.Failure!.Message);
        Assert.Equal(9, result.Failure.Line);
    }

    [Fact]
    public async Task An_error_after_a_wait_names_its_line()
    {
        using var room = new TestRoom();
        var result = await room.RunAsync("createWebhookTransformer({ handleInput: async () => {\n  await null;\n  return missing.x;\n} });");
        Assert.Contains("missing is not defined", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(3, result.Failure.Line);
    }

    [Theory]
    [InlineData("const a: string = ;", 1, 19)]
    [InlineData("let ok = 1;\nfunction (", 2, 10)]
    [InlineData("a\n});(() => {\n", 2, 1)]
    [InlineData("return 5;", 1, 1)]
    [InlineData("import fs from 'fs';", 1, 1)]
    public void A_syntax_error_is_told_with_line_and_column(string source, int line, int column)
    {
        var fault = Assert.Throws<TransformerSourceException>(() => TransformerSource.Of(source));
        Assert.Equal((line, column), (fault.Line, fault.Column));
    }

    [Theory]
    [InlineData("createRestTransformer({})", "createRestTransformer cannot be used here: an 8x8 Endpoint answers each output")]
    [InlineData("createSocketTransformer({})", "createSocketTransformer cannot be used here: an 8x8 Endpoint has no socket")]
    [InlineData("createNluTransformer({})", "createNluTransformer cannot be used here: it belongs to an NLU connector")]
    [InlineData("createNluCodeTransformer({})", "createNluCodeTransformer cannot be used here: it belongs to an NLU connector")]
    [InlineData("const a = 1;", "registers no transformer")]
    [InlineData("createWebhookTransformer({}); createWebhookTransformer({});", "more than once")]
    [InlineData("createWebhookTransformer(5)", "takes one object")]
    public async Task Only_one_webhook_transformer_can_be_registered(string source, string reason)
    {
        using var room = new TestRoom();
        var fault = await room.Room.FaultAsync(source, TestContext.Current.CancellationToken);
        Assert.Contains(reason, fault!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_of_100_000_characters_runs_and_a_longer_one_does_not()
    {
        var source = new StringBuilder(TestRoom.Handler("return { text: 'long' };")).Append("\n// ");
        source.Append('x', TransformerSettings.MaxSource - source.Length);
        using var room = new TestRoom();
        Assert.Equal("long", (string?)(await room.RunAsync(source.ToString())).Value!["text"]);
        Assert.Contains("100000 are allowed", Assert.Throws<TransformerSourceException>(() => TransformerSource.Of(source + "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_is_not_there_is_told_apart_from_one_that_returns_nothing()
    {
        using var room = new TestRoom();
        Assert.False((await room.RunAsync("createWebhookTransformer({})")).IsThere);
        var nothing = await room.RunAsync(TestRoom.Handler("return null;"));
        Assert.True(nothing.IsThere);
        Assert.Null(nothing.Value);
    }
}
