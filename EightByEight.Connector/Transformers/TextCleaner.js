// getTextCleaner: makes typed what was spoken. A transformer's text may come from speech.
(function () {
  const words = {
    en: {
      numbers: { zero: 0, oh: 0, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, eight: 8, nine: 9, ten: 10, eleven: 11, twelve: 12, thirteen: 13, fourteen: 14, fifteen: 15, sixteen: 16, seventeen: 17, eighteen: 18, nineteen: 19, twenty: 20, thirty: 30, forty: 40, fifty: 50, sixty: 60, seventy: 70, eighty: 80, ninety: 90 },
      symbols: { at: '@', dot: '.', point: '.', comma: ',', dash: '-', hyphen: '-', minus: '-', underscore: '_', slash: '/', plus: '+' },
      repeat: { double: 2, triple: 3 }, times: 'times',
    },
    de: {
      numbers: { null: 0, eins: 1, ein: 1, eine: 1, zwei: 2, zwo: 2, drei: 3, vier: 4, fünf: 5, sechs: 6, sieben: 7, acht: 8, neun: 9, zehn: 10, elf: 11, zwölf: 12, dreizehn: 13, vierzehn: 14, fünfzehn: 15, sechzehn: 16, siebzehn: 17, achtzehn: 18, neunzehn: 19, zwanzig: 20, dreißig: 30, vierzig: 40, fünfzig: 50, sechzig: 60, siebzig: 70, achtzig: 80, neunzig: 90 },
      symbols: { at: '@', punkt: '.', komma: ',', strich: '-', bindestrich: '-', minus: '-', unterstrich: '_', schrägstrich: '/', plus: '+' },
      repeat: { doppel: 2, doppelt: 2, dreifach: 3 }, times: 'mal',
    },
  };
  const phonetic = { alpha: 'a', alfa: 'a', bravo: 'b', charlie: 'c', delta: 'd', echo: 'e', foxtrot: 'f', golf: 'g', hotel: 'h', india: 'i', juliet: 'j', juliett: 'j', kilo: 'k', lima: 'l', mike: 'm', november: 'n', oscar: 'o', papa: 'p', quebec: 'q', romeo: 'r', sierra: 's', tango: 't', uniform: 'u', victor: 'v', whiskey: 'w', whisky: 'w', 'x-ray': 'x', xray: 'x', yankee: 'y', zulu: 'z' };
  const german = { anton: 'a', ärger: 'ä', berta: 'b', cäsar: 'c', dora: 'd', emil: 'e', friedrich: 'f', gustav: 'g', heinrich: 'h', ida: 'i', julius: 'j', kaufmann: 'k', ludwig: 'l', martha: 'm', nordpol: 'n', otto: 'o', ökonom: 'ö', paula: 'p', quelle: 'q', richard: 'r', samuel: 's', siegfried: 's', theodor: 't', ulrich: 'u', übermut: 'ü', viktor: 'v', wilhelm: 'w', xanthippe: 'x', ypsilon: 'y', zacharias: 'z' };
  const escaped = text => text.replace(/[.*+?^${}()|[\]\\-]/g, found => '\\' + found);
  const own = (map, key) => Object.prototype.hasOwnProperty.call(map, key) ? map[key] : undefined;

  return function getTextCleaner(locale, options = {}) {
    const language = String(locale ?? 'en').slice(0, 2).toLowerCase();
    const known = words[language];
    if (!known) throw new Error(`getTextCleaner knows the locales en and de, not ${locale}.`);
    const symbols = { ...known.symbols, ...options.additionalMappedSymbols };
    const alphabet = { ...phonetic, ...(language === 'de' ? german : {}), ...options.additionalPhoneticAlphabet };
    const phrases = options.additionalSpecialPhrases ?? {};
    const allowed = (options.additionalAllowedCharacters ?? []).map(escaped).join('');
    const forbidden = new RegExp(`[^\\p{L}\\p{N}\\s.,@+_/-${allowed ? allowed : ''}]`.replace('/-', '/\\-'), 'gu');
    const byWord = (text, change) => text.split(/(\s+)/).map(piece => /^\s*$/.test(piece) ? piece : change(piece, piece.toLowerCase())).join('');
    const number = word => own(known.numbers, word) ?? (/^\d+$/.test(word) ? +word : undefined);
    const cleaner = {
      cleanDisallowedSymbols: text => String(text).replace(forbidden, ''),
      resolveSpelledOutNumbers: text => {
        const words = String(text).split(/\s+/), out = [];
        for (let i = 0; i < words.length; i++) {
          const word = words[i].toLowerCase(), parts = word.split('-');
          let value = own(known.numbers, word);
          if (value === undefined && parts.length === 2 && own(known.numbers, parts[0]) >= 20 && own(known.numbers, parts[1]) < 10)
            value = known.numbers[parts[0]] + known.numbers[parts[1]];
          const compound = language === 'de' && /^(.+?)und(.+)$/.exec(word);
          if (value === undefined && compound && own(known.numbers, compound[1]) < 10 && own(known.numbers, compound[2]) >= 20)
            value = known.numbers[compound[1]] + known.numbers[compound[2]];
          const next = own(known.numbers, (words[i + 1] ?? '').toLowerCase());
          if (language === 'en' && value >= 20 && value % 10 === 0 && next > 0 && next < 10) { value += next; i++; }
          out.push(value === undefined ? words[i] : String(value));
        }
        return out.join(' ');
      },
      resolvePhoneticAlphabet: text => byWord(String(text), (piece, word) => own(alphabet, word) ?? piece),
      replaceSpecialPhrases: text => Object.keys(phrases).sort((a, b) => b.length - a.length).reduce((all, phrase) =>
        all.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped(phrase)}(?![\\p{L}\\p{N}])`, 'giu'), () => String(phrases[phrase])), String(text)),
      resolveSpelledOutAlphabet: text => byWord(String(text), (piece, word) => own(symbols, word) ?? piece),
      resolvePhoneticCounters: text => {
        const words = String(text).split(/\s+/), out = [];
        for (let i = 0; i < words.length; i++) {
          const word = words[i].toLowerCase(), after = words[i + 1];
          let count = after === undefined ? undefined : own(known.repeat, word), repeated = after, used = 1;
          if (count === undefined && (after ?? '').toLowerCase() === known.times && words[i + 2] !== undefined && number(word) !== undefined)
            [count, repeated, used] = [number(word), words[i + 2], 2];
          if (count === undefined || count > 100) { out.push(words[i]); continue; }
          // A number below 13 is repeated whole; of anything longer only its first character.
          const value = number(repeated.toLowerCase());
          out.push(value !== undefined && value < 13 ? String(value).repeat(count) : repeated[0].repeat(count) + repeated.slice(1));
          i += used;
        }
        return out.join(' ');
      },
      contractSingleCharacters: text => String(text).replace(/(?<=(?:^|\s)\S)\s+(?=\S(?:\s|$))/gu, ''),
      contractNumberGroups: text => String(text).replace(/(?<=\d)\s+(?=\d)/g, ''),
      trimResult: text => String(text).replace(/\s+/g, ' ').trim(),
    };
    cleaner.replaceSpecialWords = cleaner.replaceSpecialPhrases;
    return cleaner;
  };
})
