import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalize } from './canonicalize.js';
import type { Json } from './event.js';
import { MAX_JSON_DEPTH } from './limits.js';

/** RFC 8785, appendix B: the bits of a double and how it is written. */
const NUMBERS: readonly (readonly [bits: string, text: string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
  // Of the test data of the RFC's author (cyberphone/json-canonicalization).
  ['4340000000000001', '9007199254740994'],
  ['4340000000000002', '9007199254740996'],
];

describe('canonicalize', () => {
  for (const [bits, text] of NUMBERS) {
    it(`writes the double ${bits} as ${text}`, () => {
      expect(canonicalize(Buffer.from(bits, 'hex').readDoubleBE())).to.equal(text);
    });
  }

  it('writes the example of RFC 8785, section 3.2.2, as the bytes of section 3.2.4', () => {
    const value = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as Json;
    const bytes = `
      7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c
      22 6e 75 6d 62 65 72 73 22 3a 5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31
      65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37 5d 2c 22 73 74 72 69 6e 67 22
      3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
    const hex = Buffer.from(canonicalize(value), 'utf8').toString('hex');
    expect(hex).to.equal(bytes.replace(/\s+/g, ''));
  });

  it('leaves text as it was composed, and tells keys apart that only look the same', () => {
    expect(canonicalize({ é: 1, 'e\u0301': 2, '\u1e0d\u0307': 3 })).to.equal(
      '{"e\u0301":2,"é":1,"\u1e0d\u0307":3}',
    );
  });

  it('orders keys at every depth, by code and not by any language', () => {
    expect(canonicalize({ pêche: 1, péché: [{ b: { z: 1, Z: 2 }, a: {} }], peach: '' })).to.equal(
      '{"peach":"","péché":[{"a":{},"b":{"Z":2,"z":1}}],"pêche":1}',
    );
  });

  it('orders keys by their UTF-16 code units, as in RFC 8785, section 3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = Object.values(JSON.parse(canonicalize(Object.entries(value))) as [string, string][]);
    expect(order).to.have.length(7);
    const texts = [...canonicalize(value).matchAll(/:"([^"]+)"/g)].map((match) => match[1]);
    expect(texts).to.deep.equal([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it('escapes what must be escaped, and nothing else', () => {
    expect(canonicalize('\u0000\b\t\n\f\r\u001b"\\/\u007f\u2028é')).to.equal(
      '"\\u0000\\b\\t\\n\\f\\r\\u001b\\"\\\\/\u007f\u2028é"',
    );
  });

  it('orders numeric-looking and empty keys like all others', () => {
    expect(canonicalize({ '10': 1, '9': 2, '': 3, a: 4, A: 5 })).to.equal('{"":3,"10":1,"9":2,"A":5,"a":4}');
  });

  const refused: readonly (readonly [what: string, value: unknown])[] = [
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a lone high surrogate', 'a\ud800'],
    ['a lone low surrogate', '\udc00a'],
    ['surrogates in the wrong order', '\udc00\ud800'],
  ];
  for (const [what, value] of refused) {
    it(`refuses ${what}, also within`, () => {
      for (const holder of [value, [value], { name: value }, { name: [{ name: value }] }]) {
        expect(() => canonicalize(holder as Json)).to.throw(TypeError);
      }
      expect(() => canonicalize({ name: value } as Json)).to.throw('"name": ');
    });
  }

  it('refuses a key with a lone surrogate', () => {
    expect(() => canonicalize({ 'a\ud800': 1 })).to.throw(TypeError, 'lone surrogate');
  });

  it('refuses an array with a hole', () => {
    expect(() => canonicalize(new Array(2) as Json)).to.throw(TypeError);
  });

  it('nests as deep as allowed, and refuses more and cycles', () => {
    const nested = (depth: number): Json => (depth === 0 ? 1 : { a: nested(depth - 1) });
    expect(canonicalize(nested(MAX_JSON_DEPTH))).to.have.length(MAX_JSON_DEPTH * 6 + 1);
    expect(() => canonicalize(nested(MAX_JSON_DEPTH + 1))).to.throw(TypeError, 'nested deeper');
    const cycle: { self?: Json } = {};
    cycle.self = cycle as Json;
    expect(() => canonicalize(cycle as Json)).to.throw(TypeError, 'nested deeper');
  });

  it('takes objects without prototype and of other realms', () => {
    expect(canonicalize(Object.assign(Object.create(null), { a: 1 }) as Json)).to.equal('{"a":1}');
  });

  it('writes what reads back as the same, whatever the order of the keys was', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
        const text = canonicalize(value as Json);
        const parsed = JSON.parse(text) as Json;
        expect(canonicalize(parsed)).to.equal(text);
        expect(canonicalize(reversed(parsed))).to.equal(text);
        expect(JSON.stringify(parsed)).to.equal(JSON.stringify(JSON.parse(text)));
      }),
    );
  });
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map((element: Json) => reversed(element));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as { readonly [key: string]: Json });
  return Object.fromEntries(entries.reverse().map(([key, element]) => [key, reversed(element)]));
}
