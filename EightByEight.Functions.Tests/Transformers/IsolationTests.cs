using EightByEight.Connector.Transformers;

namespace EightByEight.Functions.Tests.Transformers;

/// <summary>What one run does, the next never sees: not in the same realm, and not from another Endpoint.</summary>
public sealed class IsolationTests
{
    /// <summary>Each tries to leave something behind in one way or another, then looks for it.</summary>
    [Theory]
    [InlineData("const was = counter; counter++; return { text: String(was) };", "let counter = 0;", "0")]
    [InlineData("try { leak = (typeof leak === 'undefined' ? 0 : leak) + 1 } catch {} return { text: typeof leak };", "", "undefined")]
    [InlineData("const was = typeof globalThis.mark; try { globalThis.mark = 1; this.mark = 1 } catch {} return { text: was };", "", "undefined")]
    [InlineData("const was = typeof [].mark; try { Array.prototype.mark = 1 } catch {} try { [].__proto__.mark = 1 } catch {} return { text: was };", "", "undefined")]
    [InlineData("const was = typeof ({}).mark; try { ({}).__proto__.mark = 1 } catch {} try { Object.defineProperty(Object.prototype, 'mark', { value: 1 }) } catch {} return { text: was };", "", "undefined")]
    [InlineData("const was = JSON.parse.mark; try { JSON.parse = () => 'evil'; JSON.parse.mark = 1; Math.max.mark = 1 } catch {} return { text: `${was} ${JSON.parse('1')}` };", "", "undefined 1")]
    [InlineData("const was = (async () => {}).constructor.prototype.mark; try { (async () => {}).constructor.prototype.mark = 1 } catch {} return { text: String(was) };", "", "undefined")]
    [InlineData("const was = Object.getPrototypeOf([][Symbol.iterator]()).mark; try { Object.getPrototypeOf([][Symbol.iterator]()).mark = 1 } catch {} return { text: String(was) };", "", "undefined")]
    [InlineData("const was = Object.getPrototypeOf(function*(){}).prototype.mark; try { Object.getPrototypeOf(function*(){}).prototype.mark = 1 } catch {} return { text: String(was) };", "", "undefined")]
    [InlineData("try { Promise.prototype.then = null; Promise.resolve = null } catch {} return { text: typeof (await Promise.resolve('x')) };", "", "string")]
    [InlineData("const was = _.mark; try { _.mark = 1; _.mixin({ mark: () => 1 }) } catch {} return { text: `${was} ${_.chunk([1, 2, 3], 2).length}` };", "", "undefined 2")]
    [InlineData("const was = typeof _.templateSettings.imports.mark; try { _.templateSettings.imports.mark = 1 } catch {} return { text: was };", "", "undefined")]
    [InlineData("return { text: _.uniqueId('u') };", "", "u1")]
    [InlineData("const was = moment.locale(); try { moment.updateLocale('en', { months: ['x'] }) } catch {} return { text: was + moment.months()[1]?.length };", "", "enundefined", "en8")]
    [InlineData("const was = moment.locale() + moment.localeData().mark; try { moment.defineLocale('xx', {}); moment.localeData().mark = 1 } catch {} return { text: was };", "", "enundefined")]
    [InlineData("const was = moment.fn.mark; try { moment.fn.mark = 1; moment.now = () => 0 } catch {} return { text: `${was} ${moment().year() > 2000}` };", "", "undefined true")]
    [InlineData("const was = uuid.v4.mark + xmljs.js2xml.mark; try { uuid.v4.mark = xmljs.js2xml.mark = 1 } catch {} return { text: was };", "", null)]
    [InlineData("const was = crypto.mark + Buffer.prototype.mark; try { Buffer.prototype.toString = () => 'evil'; crypto.createHash = null } catch {} return { text: String(was) + Buffer.from('a') };", "", "NaNa")]
    [InlineData("const was = console.mark; console.mark = 1; httpRequest.mark = 1; return { text: String(was) };", "", "undefined")]
    [InlineData("'secret'.match(/secret/); return { text: String(RegExp.$_) + String(RegExp.lastMatch) };", "", "undefinedundefined")]
    public async Task Nothing_stays_from_one_run_to_the_next(string body, string before, string? each, string? otherwise = null)
    {
        using var room = new TestRoom();
        var source = before + "\n" + TestRoom.Handler(body);
        for (var run = 0; run < 3; run++)
        {
            var result = await room.RunAsync(source);
            Assert.Null(result.Failure);
            var text = result.Value!["text"]?.ToString();
            Assert.Contains(text, new[] { each, otherwise, "NaN" });
        }
    }

    [Fact]
    public async Task A_realm_serves_one_Endpoints_one_source_only()
    {
        using var realms = new Realms();
        var realm = realms.Take("a|1");
        realms.Return("a|1", realm);
        Assert.NotSame(realm, realms.Take("b|1"));
        Assert.NotSame(realm, realms.Take("a|2"));
        Assert.Same(realm, realms.Take("a|1"));
        await Task.CompletedTask;
    }

    [Fact]
    public void A_realm_that_may_be_poisoned_is_not_used_again()
    {
        using var realms = new Realms();
        var realm = realms.Take("a|1");
        realm.IsTainted = true;
        realms.Return("a|1", realm);
        Assert.NotSame(realm, realms.Take("a|1"));
    }

    [Fact]
    public async Task What_a_run_left_unfinished_never_goes_on_in_the_next()
    {
        using var room = new TestRoom();
        var source = """
            createWebhookTransformer({ handleInput: async () => {
              new Promise(() => {}).then(() => console.log("late"));
              Promise.resolve().then(async () => { for (let i = 0; i < 50; i++) await null; console.log("soon"); });
              return { text: "done" };
            } });
            """;
        for (var run = 0; run < 2; run++)
        {
            var result = await room.RunAsync(source);
            Assert.Equal("done", (string?)result.Value!["text"]);
            Assert.Equal(["soon"], result.Log.Select(line => line.Message));
        }
    }

    [Theory]
    [InlineData("return { text: typeof require + typeof process + typeof fetch + typeof setTimeout + typeof importNamespace + typeof System };")]
    public async Task There_is_no_way_out(string body)
    {
        using var room = new TestRoom();
        Assert.DoesNotContain("function", await room.TextAsync(body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(() => {}).constructor('return 1')()")]
    [InlineData("(async () => {}).constructor('return 1')()")]
    [InlineData("eval('1')")]
    public async Task Code_from_strings_does_not_run(string expression)
    {
        using var room = new TestRoom();
        Assert.NotNull((await room.RunAsync(TestRoom.Handler($"return {{ text: String({expression}) }};"))).Failure);
    }

    [Fact]
    public async Task Own_objects_may_have_members_named_like_built_in_ones()
    {
        using var room = new TestRoom();
        Assert.Equal("mine Oops 1", await room.TextAsync("""
            const o = {}; o.toString = () => 'mine'; o.constructor = 1;
            class Oops extends Error { constructor(m) { super(m); this.name = 'Oops'; } }
            function Old() {} Old.prototype.toString = () => 'x'; Old.prototype = Object.create(Object.prototype); Old.prototype.constructor = Old;
            return { text: `${o} ${new Oops('x').name} ${o.constructor}` };
            """));
    }
}
