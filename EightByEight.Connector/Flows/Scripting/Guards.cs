using Jint;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>Replaces what Jint runs natively without looking at its limits: functions that can make something huge out of
/// something small, or walk a structure that refers to itself in many places.</summary>
internal static class Guards
{
    /// <summary>A function of <c>charge(characters)</c>, which throws when too much was made or the time is over. It leaves
    /// the engine guarded and returns its guarded <c>JSON.stringify</c>.</summary>
    public static Prepared<Acornima.Ast.Script> Script { get; } = Engine.PrepareScript("""
        (charge => {
          const { apply, defineProperty } = Reflect;
          const isArray = Array.isArray;
          const text = String.prototype, list = Array.prototype, pattern = RegExp.prototype;

          // Raw memory, other realms, threads and numbers without end: nothing that a Flow needs.
          for (const name of ['ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Atomics', 'Int8Array', 'Uint8Array',
              'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float16Array', 'Float32Array',
              'Float64Array', 'BigInt64Array', 'BigUint64Array', 'BigInt', 'Proxy', 'ShadowRealm', 'Temporal'])
            delete globalThis[name];
          delete String.raw;
          delete list.toLocaleString;

          const replace = (object, name, make) => defineProperty(object, name,
            { value: make(object[name]), writable: true, configurable: true });

          replace(text, 'repeat', original => function repeat(count) {
            const self = `${this}`, times = +count;
            charge(self.length * times);
            return apply(original, self, [times]);
          });
          for (const name of ['padStart', 'padEnd'])
            replace(text, name, original => function (length, filler) {
              const size = +length;
              charge(size);
              return apply(original, `${this}`, [size, filler]);
            });
          replace(text, 'concat', () => function concat() {
            let all = `${this}`;
            for (let i = 0; i < arguments.length; i++) all += arguments[i];
            return all;
          });

          // A replacement is paid for each time it is put in; one with `$` may repeat the text around it.
          const paid = (self, replacement) => {
            if (typeof replacement === 'function')
              return function () {
                const made = `${apply(replacement, undefined, arguments)}`;
                charge(made.length);
                return made;
              };
            const made = `${replacement}`;
            if (!made.includes('$')) return () => { charge(made.length); return made; };
            charge((self.length + 1) * made.length * (self.length + 1));
            return made;
          };
          for (const name of ['replace', 'replaceAll'])
            replace(text, name, original => function (search, replacement) {
              const self = `${this}`;
              return apply(original, self, [search, paid(self, replacement)]);
            });
          replace(pattern, Symbol.replace, original => function (subject, replacement) {
            const self = `${subject}`;
            return apply(original, this, [self, paid(self, replacement)]);
          });
          // One search has a time limit of its own; many of them only this one.
          replace(pattern, 'exec', original => function exec(subject) {
            charge(0);
            return apply(original, this, [subject]);
          });

          replace(list, 'join', original => function join(separator) {
            const between = separator === undefined ? ',' : `${separator}`, pieces = [];
            for (let i = 0; i < this.length; i++) {
              const item = this[i], piece = item === undefined || item === null ? '' : `${item}`;
              charge(piece.length + between.length);
              pieces[i] = piece;
            }
            return apply(original, pieces, [between]);
          });
          replace(list, 'toString', () => function toString() { return this.join(); });
          replace(list, 'flat', () => function flat(depth) {
            const all = [];
            const take = (from, level) => {
              for (let i = 0; i < from.length; i++) {
                charge(1);
                if (level > 0 && isArray(from[i])) take(from[i], level - 1);
                else if (i in from) all[all.length] = from[i];
              }
            };
            take(this, depth === undefined ? 1 : +depth);
            return all;
          });
          for (const name of ['toSorted', 'toReversed', 'toSpliced', 'with'])
            replace(list, name, original => function () { charge(this.length); return apply(original, this, arguments); });

          replace(JSON, 'stringify', original => function stringify(value, replacer, space) {
            const chosen = isArray(replacer) ? new Set(replacer.map(String)) : undefined;
            const indent = space ? 1000 : 1;
            return apply(original, JSON, [value, function (key, inner) {
              if (typeof replacer === 'function') inner = apply(replacer, this, [key, inner]);
              else if (chosen && key !== '' && !isArray(this) && !chosen.has(key)) return undefined;
              charge(indent + key.length + (typeof inner === 'string' ? inner.length : 0));
              return inner;
            }, space]);
          });
          return JSON.stringify;
        })
        """, "Guards.js", strict: true);
}
