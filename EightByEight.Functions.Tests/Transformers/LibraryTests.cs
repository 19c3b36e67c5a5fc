namespace EightByEight.Functions.Tests.Transformers;

/// <summary>What transformers find in their realm.</summary>
public sealed class LibraryTests
{
    [Theory]
    [InlineData("_.get({ a: [{ b: 3 }] }, 'a[0].b') + _.camelCase('foo bar') + _.VERSION", "3fooBar4.18.1")]
    [InlineData("_.sortBy([{ a: 2 }, { a: 1 }], 'a').map(x => x.a).join() + _.cloneDeep({ a: [1] }).a[0]", "1,21")]
    [InlineData("moment.utc('2026-01-31T10:00:00Z').add(1, 'month').format('YYYY-MM-DD dddd')", "2026-02-28 Saturday")]
    [InlineData("String(moment('2026-01-01').isBefore(moment())) + typeof moment().unix()", "truenumber")]
    [InlineData("xmljs.xml2json('<a b=\"1\"><c>x</c></a>', { compact: true })", "{\"a\":{\"_attributes\":{\"b\":\"1\"},\"c\":{\"_text\":\"x\"}}}")]
    [InlineData("xmljs.js2xml({ a: { _text: 'x & y' } }, { compact: true }) + xmljs.xml2js('<r><i>1</i></r>').elements[0].name", "<a>x &amp; y</a>r")]
    [InlineData("String(uuid.validate(uuid.v4())) + uuid.version(uuid.v7()) + uuid.version(uuid.v1())", "true71")]
    [InlineData("uuid.v5('hello', uuid.v5.DNS)", "9342d47a-1bab-5709-9869-c840b2eac501")]
    [InlineData("crypto.createHash('sha256').update('a').update('b').digest('hex')", "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603")]
    [InlineData("crypto.createHmac('sha1', 'key').update(Buffer.from('The quick brown fox jumps over the lazy dog', 'utf-8')).digest('base64')", "3nybhbi3iqa8ino29wqQcBydtNk=")]
    [InlineData("crypto.randomBytes(16).toString('hex').length + ' ' + crypto.randomUUID().length", "32 36")]
    [InlineData("Buffer.from('häß').toString('base64') + Buffer.byteLength('ä') + Buffer.from('aGk', 'base64') + Buffer.from('6869', 'hex')", "aMOkw58=2hihi")]
    [InlineData("Buffer.concat([Buffer.from([104]), Buffer.alloc(2, 'i')]).toString() + Buffer.from('??>', 'latin1').toString('base64url') + JSON.stringify(Buffer.from('a'))", "hiiPz8-{\"type\":\"Buffer\",\"data\":[97]}")]
    [InlineData("encodeURIComponent('a b') + [...'ab'].at(-1) + Object.entries({ a: 1 }).flat().join()", "a%20bba,1")]
    public async Task It_works(string expression, string expected)
    {
        using var room = new TestRoom();
        Assert.Equal(expected, await room.TextAsync($"return {{ text: {expression} }};"));
    }

    [Theory]
    [InlineData("cleanDisallowedSymbols('a*b#c')", "abc")]
    [InlineData("resolveSpelledOutNumbers('one twenty three forty-two')", "1 23 42")]
    [InlineData("resolvePhoneticAlphabet('alpha Bravo 1')", "a b 1")]
    [InlineData("resolveSpelledOutAlphabet('a dash b')", "a - b")]
    [InlineData("resolvePhoneticCounters('double 4 2 times 16 2 times ox')", "44 116 oox")]
    [InlineData("contractSingleCharacters('a b c word d e')", "abc word de")]
    [InlineData("contractNumberGroups('12 34 x 5')", "1234 x 5")]
    [InlineData("replaceSpecialPhrases('my big apple')", "my NYC")]
    [InlineData("trimResult('  a   b ')", "a b")]
    public async Task The_text_cleaner_makes_typed_what_was_spoken(string call, string expected)
    {
        using var room = new TestRoom();
        Assert.Equal(expected, await room.TextAsync(
            $"return {{ text: getTextCleaner('en', {{ additionalSpecialPhrases: {{ 'big apple': 'NYC' }} }}).{call} }};"));
    }

    [Fact]
    public async Task The_text_cleaner_knows_German()
    {
        using var room = new TestRoom();
        Assert.Equal("21 b", await room.TextAsync(
            "const c = getTextCleaner('de'); return { text: c.resolvePhoneticAlphabet(c.resolveSpelledOutNumbers('einundzwanzig Berta')) };"));
    }
}
