using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>The limit of each test is far above what the sandbox allows: it only turns a hang into a failure.</summary>
public class SandboxTests
{
    [Theory]
    [InlineData("(() => { while (true) {} })()")]
    [InlineData("(() => { for (;;) try { while (true) {} } finally { continue } })()")]
    [InlineData("Promise.resolve().then(() => { while (true) {} })")]
    [InlineData("[3, 2, 1].sort(() => { while (true) {} })")]
    [InlineData("Array.prototype.indexOf.call({ length: 1e15, get 0() { while (true) {} } }, 1)")]
    [InlineData("[...(function* () { while (true) yield 1 })()]")]
    public Task A_loop_without_end_fails(string expression) => Fails(expression);

    [Theory]
    [InlineData("'x'.repeat(1e9)")]
    [InlineData("'x'.repeat(1e8).length")]
    [InlineData("({ toString: () => 'x'.repeat(1e6) }) + '' + 'x'['rep' + 'eat'](5e6)")]
    [InlineData("'x'.padEnd(1e9)")]
    [InlineData("'x'.padStart(2e8).length")]
    [InlineData("Array(1e9).fill()")]
    [InlineData("Array(4294967295).join('x')")]
    [InlineData("Array(60000).join('x'.repeat(10000))")]
    [InlineData("Array(60000).fill('x'.repeat(10000)).join('')")]
    [InlineData("'x'.repeat(30000).replaceAll('x', 'y'.repeat(30000)).length")]
    [InlineData("'x'.repeat(30000).replace(/x/g, 'y'.repeat(30000)).length")]
    [InlineData("'x'.repeat(30000).replace(/x/g, '$`').length")]
    [InlineData("(y => 'x'.repeat(30000).replace(/x/g, () => y).length)('y'.repeat(30000))")]
    [InlineData("/x/g[Symbol.replace]('x'.repeat(30000), 'y'.repeat(30000)).length")]
    [InlineData("(() => { const a = []; while (true) a.push('xxxxxxxx'.repeat(1000)) })()")]
    [InlineData("(() => { let s = 'x'; while (true) s += s })()")]
    [InlineData("(() => { let s = 'x'; while (true) s = `${s}${s}` })()")]
    [InlineData("(() => { let s = 'x'; while (true) s = [s, s].join('') })()")]
    [InlineData("(() => { let a = ['x']; while (true) a = [...a, ...a] })()")]
    [InlineData("(() => { const m = new Map(); for (let i = 0; ; i++) m.set(i, i) })()")]
    [InlineData("Array.prototype.toReversed.call({ length: 1e8 })")]
    [InlineData("JSON.stringify(Array(60000).fill('x'.repeat(10000)))")]
    [InlineData("Array(60000).fill('x'.repeat(10000))")]
    [InlineData("JSON.stringify(Array(9000).fill({ a: 1 }), null, 10)")]
    public Task Making_something_huge_fails(string expression) => Fails(expression);

    /// <summary>Small structures that refer to one thing twice, forty deep: a walk through them has 2^40 steps.</summary>
    [Theory]
    [InlineData("(() => { let x = 1; for (let i = 0; i < 40; i++) x = { a: x, b: x }; return JSON.stringify(x) })()")]
    [InlineData("(() => { let x = 1; for (let i = 0; i < 40; i++) x = { a: x, b: x }; return x })()")]
    [InlineData("(() => { let x = 1; for (let i = 0; i < 40; i++) x = { a: x, b: x }; return JSON.stringify(x, ['a', 'b']) })()")]
    [InlineData("(() => { let x = 1; for (let i = 0; i < 40; i++) x = [x, x]; return x.toString() })()")]
    [InlineData("(() => { let x = 1; for (let i = 0; i < 40; i++) x = [x, x]; return `${x}` })()")]
    [InlineData("(() => { let x = 1; for (let i = 0; i < 40; i++) x = [x, x]; return x.toLocaleString() })()")]
    [InlineData("(() => { let x = 1; for (let i = 0; i < 40; i++) x = [x, x]; return x == '1' })()")]
    [InlineData("(() => { let x = 1; for (let i = 0; i < 40; i++) x = [x, x]; return x.flat(99) })()")]
    public Task A_walk_without_end_fails(string expression) => Fails(expression);

    [Theory]
    [InlineData("(function f() { return f() + 1 })()")]
    [InlineData("(function f() { return f() })()")]
    [InlineData("(() => { const o = { get a() { return o.a } }; return o.a })()")]
    [InlineData("(() => { const o = { toString() { return `${o}` } }; return `${o}` })()")]
    [InlineData("(() => { class A { constructor() { new A() } } return new A() })()")]
    [InlineData("(() => { try { (function f() { f() })() } catch { return 'caught' } })()")]
    [InlineData("(() => { let o = []; for (let i = 0; i < 100000; i++) o = [o]; return o.toString() })()")]
    [InlineData("(() => { let o = {}; for (let i = 0; i < 100000; i++) o = { o }; return o })()")]
    [InlineData("JSON.parse('{\"a\":'.repeat(1000) + '1' + '}'.repeat(1000))", false)]
    public Task Recursion_that_is_too_deep_fails(string expression, bool fails = true) => Fails(expression, fails);

    [Theory]
    [InlineData("/^(a+)+$/.test('a'.repeat(40) + 'b')")]
    [InlineData("new RegExp('^(a*)*\\\\1$').test('a'.repeat(40) + 'b')")]
    [InlineData("('a'.repeat(26) + 'b').repeat(5000).match(/(a+)+c/g)")]
    public Task A_regular_expression_without_end_fails(string expression) => Fails(expression);

    [Theory]
    [InlineData("while (true) {}", "statements|longer than 1 s|memory")]
    [InlineData("for (;;) try { while (true) {} } finally { continue }", "statements|longer than 1 s|memory")]
    [InlineData("async function f() { while (true) await null } f()", "statements|memory|longer than 1 s")]
    [InlineData("const a = []; while (true) a.push('x'.repeat(8000))", "memory|statements|longer than 1 s")]
    [InlineData("let s = 'x'; while (true) s += s", "memory|limit|statements|longer than 1 s")]
    [InlineData("let x = 1; for (let i = 0; i < 40; i++) x = { a: x, b: x }; context.a = x", "memory|longer than 1 s|more than 1000000 statements|statements")]
    [InlineData("let x = 1; for (let i = 0; i < 40; i++) x = [x, x]; console.log(x)", "memory|longer than 1 s|more than 1000000 statements|statements")]
    [InlineData("context.a = Array(60000).fill('x'.repeat(10000))", "memory|statements|longer than 1 s")]
    [InlineData("while (true) console.log('x'.repeat(1000))", "memory|statements|longer than 1 s")]
    [InlineData("(function f() { f() })()", "deep|longer than 1 s")]
    [InlineData("const o = {}; o.toJSON = () => JSON.stringify(o); return o", "deep|limit|memory|statements|longer than 1 s")]
    [InlineData("const o = {}; o.o = o; context.o = o", "[Cc]yclic|circular|limit|memory|statements|longer than 1 s")]
    [InlineData("/^(a+)+$/.test('a'.repeat(40) + 'b')", "regular expression|longer than 1 s")]
    [InlineData("context.toJSON = () => { while (true) {} }", "statements|longer than 1 s|memory")]
    public async Task Code_that_would_take_all_fails_and_is_named(string script, string why)
    {
        var result = await InTime(() => Conversation.Run($"name: a\nstart:\n  - say: Before\n  - code: |\n      {script}\n"));

        Assert.Equal(("a", "start/1", 4), (result.Failure!.Flow, result.Failure.Step, result.Failure.Line));
        Assert.Matches(why, result.Failure.Message);
    }

    [Theory]
    [InlineData("typeof System + typeof importNamespace + typeof clrHelper + typeof require + typeof process")]
    [InlineData("typeof input.GetType + typeof console.log.GetType + typeof crypto.randomUUID.Target + typeof Math.random.Method + typeof console.GetType")]
    [InlineData("typeof Proxy + typeof ArrayBuffer + typeof ShadowRealm + typeof SharedArrayBuffer + typeof Atomics")]
    public void Code_reaches_no_types_of_NET_either(string expression)
    {
        var conversation = new Conversation($"name: a\nstart:\n  - code: return {expression}\n  - code: {{ script: \"return {expression}\", saveTo: context.a }}");
        conversation.Say("hi");

        Assert.Equal(string.Concat(Enumerable.Repeat("undefined", 5)), (string)conversation.Context["a"]!);
    }

    [Theory]
    [InlineData("eval('1')")]
    [InlineData("new Function('return 1')()")]
    [InlineData("(() => {}).constructor('return 1')()")]
    [InlineData("console.log.constructor('return 1')()")]
    [InlineData("import('fs')")]
    public void Code_runs_no_text_and_loads_no_module(string script) =>
        Assert.NotNull(Conversation.Run($"name: a\nstart:\n  - code: {script}").Failure);

    [Theory]
    [InlineData("Object.prototype.hacked = 'yes'", "({}).hacked")]
    [InlineData("String.prototype.trim = () => 'hacked'", "' a '.trim()")]
    [InlineData("context.__proto__.hacked = 'yes'", "input.hacked")]
    [InlineData("globalThis.hacked = 'yes'", "typeof hacked")]
    [InlineData("Math.random = () => 'hacked'", "typeof Math.random()")]
    [InlineData("console.log = () => {}; JSON.stringify = () => 'hacked'", "({ a: 1 })")]
    public void Tampering_by_code_reaches_no_other_turn(string tamper, string look)
    {
        var untouched = Conversation.Render(look);
        var flow = Flow.Parse($$$"""
            name: a
            start:
              - if: input.text === 'tamper'
                then: [ { code: "{{{tamper}}}" }, { say: "1" } ]
                else: [ { say: "<{{ {{{look}}} }}>" } ]
            """);

        Assert.Equal("1", new Conversation(flow).Say("tamper"));
        Assert.Equal($"<{untouched}>", new Conversation(flow).Say("look"));
    }

    [Fact]
    public async Task All_expressions_of_a_turn_share_one_second()
    {
        var slow = string.Join(",", Enumerable.Repeat(
            $$$"""{ "say": "{{{string.Concat(Enumerable.Repeat("{{ (() => { for (let i = 0; i < 200000; i++); })() }}", 6))}}}" }""", 90));
        var result = await InTime(() => Conversation.Run($$"""{ "name": "a", "start": [ {{slow}} ] }"""));
        Assert.Contains("longer than 1 s", result.Failure!.Message);
    }

    [Fact]
    public async Task All_expressions_of_a_turn_share_their_memory()
    {
        var copies = string.Join(",", Enumerable.Repeat("a.slice()", 20));
        var hoard = string.Join(",", Enumerable.Range(0, 100).Select(i =>
            $$$"""{ "say": "{{ (a => (globalThis.x{{{i}}} = [{{{copies}}}], 1))(Array(60000).fill(1)) }}" }"""));
        // On a slow machine the time would be over first.
        var conversation = new Conversation($$"""{ "name": "a", "start": [ {{hoard}} ] }""") { Limits = new() { ScriptTime = TimeSpan.FromSeconds(10) } };
        var result = await InTime(() =>
        {
            conversation.Say("hi");
            return conversation.Last;
        });
        Assert.Contains("memory", result.Failure!.Message);
    }

    [Theory]
    [InlineData("typeof System")]
    [InlineData("typeof importNamespace")]
    [InlineData("typeof clrHelper")]
    [InlineData("typeof require")]
    [InlineData("typeof process")]
    [InlineData("typeof input.GetType")]
    [InlineData("typeof 'x'.GetType")]
    [InlineData("(() => typeof SharedArrayBuffer)()")]
    [InlineData("(() => typeof Atomics)()")]
    [InlineData("(() => typeof ArrayBuffer)()")]
    [InlineData("(() => typeof Proxy)()")]
    [InlineData("(() => typeof ShadowRealm)()")]
    public void What_a_flow_does_not_need_is_not_there(string expression) =>
        Assert.Equal("undefined", Conversation.Render(expression));

    [Theory]
    [InlineData("eval('1')")]
    [InlineData("(0, eval)('1')")]
    [InlineData("new Function('return 1')()")]
    [InlineData("(() => {}).constructor('return 1')()")]
    [InlineData("(async () => {}).constructor('return 1')()")]
    [InlineData("(function* () {}).constructor('yield 1')()")]
    [InlineData("[].map.constructor('return 1')()")]
    public void Text_is_never_run_as_code(string expression)
    {
        var result = Conversation.RunExpression(expression);
        Assert.Empty(result.Outputs);
        Assert.Contains("String compilation", Assert.Single(result.Warnings).Message);
    }

    [Fact]
    public void Modules_cannot_be_loaded() => Assert.NotNull(Conversation.RunExpression("import('fs')").Failure);

    [Theory]
    [InlineData("(Object.prototype.hacked = 'yes', 1)", "({}).hacked")]
    [InlineData("(String.prototype.trim = () => 'hacked', 1)", "' a '.trim()")]
    [InlineData("(Array.prototype.map = () => 'hacked', 1)", "[1].map(x => x)")]
    [InlineData("(context.__proto__.hacked = 'yes', 1)", "input.hacked")]
    [InlineData("(context['constructor']['prototype']['hacked'] = 'yes', 1)", "context.hacked")]
    [InlineData("(globalThis.hacked = 'yes', 1)", "typeof hacked")]
    [InlineData("(JSON.stringify = () => 'hacked', 1)", "({ a: 1 })")]
    public void Tampering_reaches_no_other_turn(string tamper, string look)
    {
        var untouched = Conversation.Render(look);
        var flow = Flow.Parse($$$"""
            name: a
            start:
              - if: input.text === 'tamper'
                then: [ { say: "{{ {{{tamper}}} }}" } ]
                else: [ { say: "<{{ {{{look}}} }}>" } ]
            """);
        Assert.Equal("1", new Conversation(flow).Say("tamper"));
        Assert.Equal($"<{untouched}>", new Conversation(flow).Say("look"));
    }

    [Theory]
    [InlineData("context.list.reverse()")]
    [InlineData("context.list.push(4)")]
    [InlineData("(context.list[0] = 4)")]
    [InlineData("delete context.list[0]")]
    [InlineData("context.list.map(x => { context.list.length = 0; return x })")]
    [InlineData("context.list.map(x => context.list.length = 0)")]
    [InlineData("[1].map([].reverse, context.list)")]
    [InlineData("[1].some([].reverse.bind(context.list))")]
    [InlineData("[1].filter((x, i, all, list = context.list.splice(0)) => x)")]
    [InlineData("context.list.reduce([].shift, context.list)")]
    [InlineData("JSON.stringify(context.list, [].reverse)")]
    [InlineData("Object.assign(context.list, [4])")]
    [InlineData("(Array.prototype.map = function () { this.length = 0; return [] }) && context.list.map(x => x)")]
    [InlineData("context.list.toSorted((a, b) => context.list.pop())")]
    public void What_an_expression_changes_is_gone_afterwards(string change)
    {
        var result = Conversation.Run(
            $$$"""
            name: a
            start:
              - set: { context.dummy: "{{ context.list.filter(x => x > 1) }}" }
              - say: "it is {{ {{{change}}} }}"
              - say: "list {{ context.list.slice(0) + '' }}"
              - say: "it is {{ context.list.map(x => x) }}"
              - say: "list {{ context.list.slice(0) + '' }}"
            """, """{"list":[1,2,3]}""");
        Assert.Equal(["list 1,2,3", "list 1,2,3"], result.Outputs.Select(output => output.Text).Where(text => text!.StartsWith("list", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_member_called_proto_is_only_data()
    {
        const string context = """{ "__proto__": { "admin": true }, "a": { "__proto__": { "admin": true } } }""";
        Assert.Equal("", Conversation.Render("context.admin", context));
        Assert.Equal("undefined undefined", Conversation.Render("`${context.admin} ${({}).admin}`", context));
        Assert.Equal("", Conversation.Render("context.a.admin", context));
    }

    [Theory]
    [InlineData("[1, [2, [3]]].flat().length", "3")]
    [InlineData("[1, [2, [3]]].flat(Infinity).join('-')", "1-2-3")]
    [InlineData("[null, 1, [2, 3]].join()", ",1,2,3")]
    [InlineData("`${[1, [2, 3]]}`", "1,2,3")]
    [InlineData("'ab'.repeat(3)", "ababab")]
    [InlineData("'5'.padStart(3, '0') + '5'.padEnd(3, '!')", "0055!!")]
    [InlineData("'a-b-c'.replace('-', '+')", "a+b-c")]
    [InlineData("'a-b-c'.replaceAll('-', '$&$&')", "a--b--c")]
    [InlineData("'a1b22'.replace(/[0-9]+/g, x => x.length)", "a1b2")]
    [InlineData("'John Smith'.replace(/(\\w+) (\\w+)/, '$2, $1')", "Smith, John")]
    [InlineData("'a,b'.split(',').concat(['c']).map(x => x.toUpperCase()).reverse().join('')", "CBA")]
    [InlineData("'x'.concat(1, null)", "x1null")]
    [InlineData("[..., 1]", null)]
    [InlineData("JSON.stringify({ a: 1, b: [ { a: 2, c: 3 } ], d: undefined }, ['a', 'b'])", """{"a":1,"b":[{"a":2}]}""")]
    [InlineData("JSON.stringify({ a: 1, b: 'x' }, (k, v) => k === 'b' ? undefined : v, 1)", "{\n \"a\": 1\n}")]
    [InlineData("JSON.stringify({ d: new Date(0) })", """{"d":"1970-01-01T00:00:00.000Z"}""")]
    [InlineData("[3, 1, 2].toSorted().join('')", "123")]
    [InlineData("[...'a1b2'.matchAll(/[0-9]/g)].map(m => m[0]).join('')", "12")]
    [InlineData("'a1b2'.match(/[0-9]/g).join('') + /b/.test('abc') + 'a1b'.split(/[0-9]/).join('')", "12trueab")]
    [InlineData("(JSON.parse('[1,{\"a\":2}]'))[1].a", "2")]
    [InlineData("Object.entries({ a: 1 }).map(([k, v]) => k + v).join()", "a1")]
    [InlineData("(1234.5).toFixed(2)", "1234.50")]
    public void Guarded_functions_do_what_javascript_does(string expression, string? text)
    {
        if (text is null) Assert.Throws<FlowFormatException>(() => Conversation.Render(expression));
        else Assert.Equal(text, Conversation.Render(expression));
    }

    private static async Task Fails(string expression, bool fails = true)
    {
        var result = await InTime(() => Conversation.RunExpression(expression));
        if (!fails)
        {
            Assert.Empty(result.Outputs);
            return;
        }

        Assert.Equal("start/0", Assert.IsType<FlowFailure>(result.Failure).Step);
        Assert.Equal("Sorry, something went wrong. Please try again.", Assert.Single(result.Outputs).Text);
    }

    private static async Task<FlowResult> InTime(Func<FlowResult> run) =>
        await Task.Factory.StartNew(run, TaskCreationOptions.LongRunning).WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>JavaScript's own way to say that a value is out of range, which is no limit of ours.</summary>
    [Theory]
    [InlineData("new Date(input.text).toISOString()")]
    [InlineData("(1).toFixed(101)")]
    [InlineData("(1).toString(1)")]
    [InlineData("'a'.repeat(-1)")]
    [InlineData("'a'.normalize('x')")]
    [InlineData("new Array(-1)")]
    [InlineData("new Date().toLocaleDateString('no locale')")]
    [InlineData("(() => { throw new RangeError('mine') })()")]
    public void An_expression_that_is_out_of_range_renders_nothing_and_the_Flow_goes_on(string expression)
    {
        var result = Conversation.RunExpression(expression);

        Assert.Null(result.Failure);
        Assert.Empty(result.Outputs);
        Assert.Contains("rendered nothing", Assert.Single(result.Warnings).Message);
    }

    [Fact]
    public void An_answer_that_is_out_of_range_is_none()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: When?, type: custom, answer: "new Date(input.text).toISOString()", reprompt: "A date, please." }
              - say: "{{ input.result }}"
            """);
        conversation.Say("hi");
        Assert.Equal("A date, please.", conversation.Say("soon"));
        Assert.Equal("2026-04-30T00:00:00.000Z", conversation.Say("2026-04-30"));
    }
}
