// Prepares a realm once: what every transformer finds there, and nothing that one could change for the next.
(host => {
  'use strict';
  const { defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const { apply, ownKeys } = Reflect;
  const stringify = JSON.stringify;

  // ---- Frozen built-ins ----------------------------------------------------------------------------------------

  // What a frozen prototype has could not be assigned to on an object that inherits it: a setter puts it there.
  const assignable = (prototype, names = ownKeys(prototype)) => {
    for (const name of names) {
      const found = getOwnPropertyDescriptor(prototype, name);
      if (!found || !found.configurable || !('value' in found)) continue;
      const { value } = found;
      defineProperty(prototype, name, {
        get() { return value; },
        set(given) {
          if (this === prototype) throw new TypeError(`Cannot change ${String(name)} of a built-in.`);
          defineProperty(this, name, { value: given, writable: true, enumerable: true, configurable: true });
        },
        enumerable: found.enumerable,
        configurable: false,
      });
    }
  };
  const harden = (...roots) => {
    const seen = new Set(), left = [...roots];
    while (left.length > 0) {
      const object = left.pop();
      if (object === null || (typeof object !== 'object' && typeof object !== 'function') || seen.has(object)) continue;
      seen.add(object);
      left.push(getPrototypeOf(object));
      for (const name of ownKeys(object)) {
        const property = getOwnPropertyDescriptor(object, name);
        if (property === undefined) continue;
        if ('value' in property) left.push(property.value);
        else left.push(property.get, property.set);
      }
      freeze(object);
    }
    return roots[0];
  };
  assignable(Object.prototype);
  assignable(Function.prototype, ['constructor', 'toString', 'apply', 'bind', 'call']);
  for (const type of [Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])
    assignable(type.prototype);
  for (const type of [Array, Boolean, Date, Map, Number, Promise, RegExp, Set, String, Symbol, WeakMap, WeakSet])
    assignable(type.prototype, ['constructor', 'toString', 'valueOf', 'toJSON', 'then', 'catch', 'concat', 'join']);
  // What the last match was is no business of the next session.
  for (const name of ownKeys(RegExp))
    if (name !== 'prototype' && name !== 'escape' && typeof name === 'string' && !['length', 'name'].includes(name)) delete RegExp[name];
  for (const name of ['WeakRef', 'FinalizationRegistry', 'eval']) delete globalThis[name];

  // ---- Bytes ---------------------------------------------------------------------------------------------------

  const encodings = { utf8: 'utf8', 'utf-8': 'utf8', latin1: 'latin1', binary: 'latin1', ascii: 'latin1', base64: 'base64', base64url: 'base64url', hex: 'hex' };
  const encodingOf = given => {
    const encoding = encodings[String(given ?? 'utf8').toLowerCase()];
    if (!encoding) throw new TypeError(`Unknown encoding: ${given}. Known are utf8, latin1, ascii, base64, base64url and hex.`);
    return encoding;
  };
  class Buffer {
    // One character a byte.
    #binary;
    constructor(key, binary) {
      if (key !== host) throw new TypeError('Use Buffer.from or Buffer.alloc.');
      this.#binary = binary;
    }
    static from(value, encoding) {
      if (value instanceof Buffer) return new Buffer(host, value.#binary);
      if (typeof value === 'string') return new Buffer(host, host.encode(value, encodingOf(encoding)));
      if (value !== null && typeof value === 'object' && value.type === 'Buffer') value = value.data;
      if (!Array.isArray(value)) throw new TypeError('Buffer.from takes a text, a list of bytes or a Buffer.');
      return new Buffer(host, value.map(byte => String.fromCharCode(byte & 255)).join(''));
    }
    static alloc(size, fill = 0) {
      const byte = typeof fill === 'number' ? String.fromCharCode(fill & 255) : Buffer.from(fill).#binary;
      return new Buffer(host, byte.repeat(Math.ceil(size / Math.max(1, byte.length))).slice(0, size));
    }
    static byteLength(value, encoding) { return Buffer.from(value, encoding).length; }
    static concat(list) { return new Buffer(host, list.map(one => Buffer.from(one).#binary).join('')); }
    static isBuffer(value) { return value instanceof Buffer; }
    static binaryOf(key, value, encoding) {
      if (key !== host) throw new TypeError('Not yours.');
      return Buffer.from(value, encoding).#binary;
    }
    get length() { return this.#binary.length; }
    toString(encoding) { return host.decode(this.#binary, encodingOf(encoding)); }
    at(index) { const code = this.#binary.at(index); return code === undefined ? undefined : code.charCodeAt(0); }
    readUInt8(index = 0) { return this.at(index); }
    slice(start, end) { return new Buffer(host, this.#binary.slice(start, end)); }
    subarray(start, end) { return this.slice(start, end); }
    equals(other) { return other instanceof Buffer && other.#binary === this.#binary; }
    toJSON() { return { type: 'Buffer', data: [...this] }; }
    *[Symbol.iterator]() { for (let i = 0; i < this.#binary.length; i++) yield this.#binary.charCodeAt(i); }
  }
  const binary = (value, encoding) => Buffer.binaryOf(host, value, encoding);
  const buffer = made => Buffer.from(made, 'latin1');

  const digester = (algorithm, key) => {
    host.digest(String(algorithm), key, '');
    let all = '';
    const self = {
      update(data, encoding) { all += binary(data, encoding); return self; },
      digest(encoding) {
        const made = buffer(host.digest(String(algorithm), key, all));
        return encoding === undefined ? made : made.toString(encoding);
      },
    };
    return self;
  };
  const crypto = {
    createHash: algorithm => digester(algorithm, null),
    createHmac: (algorithm, key) => digester(algorithm, binary(key)),
    randomBytes: size => buffer(host.random(+size)),
    randomUUID: () => host.uuid(),
  };

  // ---- Libraries, loaded when they are first used --------------------------------------------------------------

  const Bytes = host.bytes;
  const source = { getRandomValues: into => { into.set(Bytes.from(host.random(into.length), c => c.charCodeAt(0))); return into; }, randomUUID: () => host.uuid() };
  const library = (name, file, prepare) => {
    let loaded, loading;
    defineProperty(globalThis, name, {
      get() {
        // A library may look whether another of its name is there.
        if (loading) return undefined;
        if (loaded) return loaded;
        loading = true;
        try { return loaded = host.load(file, load => harden(prepare(load(globalThis, globalThis, Bytes, host.words, source)))); }
        finally { loading = false; }
      },
      set() { throw new TypeError(`Cannot change ${name}.`); },
      enumerable: false,
      configurable: false,
    });
  };
  // Changes that no freezing prevents: this realm is not used again.
  const tainting = (object, names, only = () => true) => {
    for (const name of names) {
      const original = object[name];
      if (typeof original !== 'function') continue;
      object[name] = Object.assign(function (...given) { if (only(given)) host.taint(); return apply(original, this, given); }, original);
    }
  };
  library('_', 'lodash', lodash => {
    tainting(lodash, ['uniqueId']);
    delete lodash.runInContext;
    delete lodash.template;
    return lodash;
  });
  library('moment', 'moment', moment => {
    tainting(moment, ['locale', 'lang'], given => given[0] !== undefined);
    tainting(moment, ['defineLocale', 'updateLocale', 'relativeTimeRounding', 'relativeTimeThreshold']);
    moment.suppressDeprecationWarnings = true;
    return moment;
  });
  library('xmljs', 'xmljs', xmljs => xmljs);
  library('uuid', 'uuid', uuid => {
    const plain = { NIL: uuid.NIL, MAX: uuid.MAX, validate: value => uuid.validate(value), version: value => uuid.version(`${value}`) };
    for (const name of ['v1', 'v4', 'v6', 'v7']) plain[name] = () => uuid[name]();
    for (const name of ['v3', 'v5']) {
      plain[name] = (value, namespace) => uuid[name](`${value}`, `${namespace}`);
      plain[name].DNS = uuid[name].DNS;
      plain[name].URL = uuid[name].URL;
    }
    return plain;
  });
  library('getTextCleaner', 'TextCleaner', made => made);

  // ---- What a handler is called with ---------------------------------------------------------------------------

  const shown = value => typeof value === 'string' ? value
    : value instanceof Error ? `${value}\n${value.stack ?? ''}`
    : typeof value === 'function' || value === undefined ? String(value) : stringify(value) ?? String(value);
  const consoleOf = log => {
    const at = level => (...values) => log(level, values.map(shown).join(' '));
    return { log: at('debug'), debug: at('debug'), info: at('info'), warn: at('info'), error: at('error') };
  };
  const requestOf = request => {
    request.get = request.header = name => request.headers[String(name).toLowerCase()];
    return request;
  };
  const responseOf = answer => {
    const response = {
      headersSent: false,
      status(code) { answer.status = +code; response.statusCode = +code; return response; },
      set(name, value) {
        if (typeof name === 'object') for (const key of Object.keys(name)) answer.headers[key.toLowerCase()] = String(name[key]);
        else answer.headers[String(name).toLowerCase()] = String(value);
        return response;
      },
      type(value) { return response.set('content-type', value); },
      send(body) {
        if (answer.sent) throw new Error('The response was sent before.');
        answer.sent = response.headersSent = true;
        if (body !== undefined && typeof body !== 'string') {
          if (!answer.headers['content-type']) answer.headers['content-type'] = 'application/json; charset=utf-8';
          body = stringify(body);
        }
        answer.body = body;
        return response;
      },
      json(body) { response.type('application/json; charset=utf-8'); return response.send(stringify(body) ?? ''); },
      sendStatus(code) { return response.status(code).send(host.phrase(+code)); },
      redirect(code, url) {
        if (url === undefined) [code, url] = [302, code];
        return response.status(code).set('location', String(url)).send('');
      },
      end(body) { return response.send(body); },
    };
    response.header = response.setHeader = response.set;
    response.contentType = response.type;
    return response;
  };

  const ends = (name, value) => { defineProperty(globalThis, name, { value, enumerable: false }); };
  ends('Buffer', Buffer);
  ends('crypto', crypto);
  harden(globalThis, getPrototypeOf(async () => {}), getPrototypeOf(function* () {}), getPrototypeOf(async function* () {}),
    getPrototypeOf([][Symbol.iterator]()), getPrototypeOf(''[Symbol.iterator]()), getPrototypeOf(new Map().entries()),
    getPrototypeOf(new Set().values()), getPrototypeOf(/a/[Symbol.matchAll]('a')), Buffer, crypto);

  /** Evaluates the script and, where it has the handler, calls it. */
  return (script, name, argument, run) => {
    let handlers;
    const refuse = (kind, why) => () => { throw new Error(`${kind} cannot be used here: ${why} Use createWebhookTransformer.`); };
    const register = given => {
      if (handlers) throw new Error('createWebhookTransformer is called more than once.');
      if (given === null || typeof given !== 'object') throw new Error('createWebhookTransformer takes one object with handlers.');
      handlers = given;
    };
    const call = async () => {
      script(register,
        refuse('createRestTransformer', 'an 8x8 Endpoint answers each output as it is said, not with one reply.'),
        refuse('createSocketTransformer', 'an 8x8 Endpoint has no socket.'),
        refuse('createNluTransformer', 'it belongs to an NLU connector, not to an Endpoint.'),
        refuse('createNluCodeTransformer', 'it belongs to an NLU connector, not to an Endpoint.'),
        consoleOf(run.log), options => run.httpRequest(stringify(options)),
        (userId, sessionId) => run.getSessionStorage(String(userId), String(sessionId)));
      if (!handlers) throw new Error('The source registers no transformer: call createWebhookTransformer({ … }).');
      const handler = handlers[name];
      if (name === '') return run.done(stringify(Object.keys(handlers).filter(key => typeof handlers[key] === 'function')));
      if (handler === undefined || handler === null) return run.missing();
      if (typeof handler !== 'function') throw new Error(`${name} is not a function.`);
      if (argument.request) argument.request = requestOf(argument.request);
      const answer = { status: 200, headers: {}, sent: false };
      if ('response' in argument) argument.response = responseOf(answer);
      const value = await apply(handler, handlers, [argument]);
      run.done(value ? stringify(value) : undefined, stringify(answer));
    };
    call().catch(fault => {
      // What a transformer throws may be anything.
      const isError = fault instanceof Error;
      run.failed(isError ? `${fault.name}: ${fault.message}` : shown(fault), isError ? `${fault.stack ?? ''}` : '');
    });
  };
})
