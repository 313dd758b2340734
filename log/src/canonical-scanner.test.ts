import { isUtf8 } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { CanonicalScanner } from './canonical-scanner.js';
import { canonicalize } from './canonicalize.js';
import type { Json } from './event.js';
import { MAX_JSON_DEPTH } from './limits.js';

function scans(bytes: Buffer): boolean {
  const scanner = new CanonicalScanner();
  // Stands in the middle of a larger memory, as lines do.
  const text = Buffer.concat([Buffer.from(',"'), bytes, Buffer.from('",1]}')]);
  const end = scanner.valueEnd(text, 2, 2 + bytes.length, 0);
  return end === 2 + bytes.length && (!scanner.sawNotAscii || isUtf8(bytes));
}

/** What the scanner stands for, done slowly. */
function isCanonical(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false;
  try {
    const text = bytes.toString('utf8');
    return canonicalize(JSON.parse(text) as Json) === text;
  } catch {
    return false;
  }
}

const TEXTS: readonly string[] = [
  '{}',
  '[]',
  '""',
  '0',
  '-1',
  'true',
  'false',
  'null',
  '[[],{}]',
  '{"a":{},"b":[]}',
  '{"":1,"a":2}',
  '-0',
  '01',
  '1.0',
  '1e5',
  '1E400',
  '1e21',
  '1e+21',
  '0.1',
  '.1',
  '-',
  '+1',
  '1.',
  '-0.5',
  '1e-7',
  '0.0000001',
  '123456789012345',
  '1234567890123456',
  '9007199254740993',
  '99999999999999999999',
  '100000000000000000000',
  'tru',
  'nul',
  'True',
  '',
  ' ',
  ' 1',
  '1 ',
  '{ }',
  '[1, 2]',
  '[1,]',
  '[,1]',
  '{"a":1,}',
  '{"a"}',
  '{"a":}',
  '{a:1}',
  '{"b":1,"a":2}',
  '{"a":1,"a":2}',
  '{"a":1,"A":2}',
  '{"A":1,"a":2}',
  '{"a":1,"aa":2}',
  '{"aa":1,"a":2}',
  '{"\u20ac":1,"\ufb33":2}',
  '{"\ufb33":1,"\u{1f600}":2}',
  '{"\u{1f600}":1,"\ufb33":2}',
  '{"a\\n":1,"a!":2}',
  '{"a!":1,"a\\n":2}',
  '{"\\"":1,"#":2}',
  '"\\/"',
  '"\\u0041"',
  '"\\u000a"',
  '"\\u000A"',
  '"\\u001f"',
  '"\\u001F"',
  '"\\u0000"',
  '"\\u007f"',
  '"\\ud800"',
  '"\\x"',
  '"\\',
  '"\u0001"',
  '"\t"',
  '"unfinished',
  '"é"',
  '[1',
  '{"a":1',
  '[1}',
  '{"a":1]',
  '1,2',
  '"a""b"',
  '[1 2]',
  '{"a":1 "b":2}',
  'NaN',
  'Infinity',
  '-Infinity',
  '--1',
  '1-2',
];

describe('CanonicalScanner', () => {
  for (const text of TEXTS) {
    it(`judges ${JSON.stringify(text)} as canonicalize does`, () => {
      expect(scans(Buffer.from(text, 'utf8'))).to.equal(isCanonical(Buffer.from(text, 'utf8')));
    });
  }

  it('nests as deep as canonicalize does', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      for (const depth of [MAX_JSON_DEPTH, MAX_JSON_DEPTH + 1, 20_000]) {
        const text = Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`);
        expect(scans(text), `${depth} ${open}`).to.equal(depth <= MAX_JSON_DEPTH);
        expect(isCanonical(text), `${depth} ${open}`).to.equal(depth <= MAX_JSON_DEPTH);
      }
    }
  });

  it('accepts the canonical text of every value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8, stringUnit: 'binary' }), (value) => {
        expect(scans(Buffer.from(canonicalize(value as Json), 'utf8'))).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it('accepts every number as ECMAScript writes it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(scans(Buffer.from(canonicalize(value)))).to.equal(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('judges changed text as canonicalize does', () => {
    const interesting = [...Buffer.from('{}[]",:\\u01eE.-+ \n/abtfn')].concat([
      0, 0x7f, 0x80, 0xc3, 0xa9, 0xff,
    ]);
    const change = fc.record({
      at: fc.nat(),
      byte: fc.constantFrom(...interesting),
      kind: fc.constantFrom('replace', 'insert', 'delete'),
    });
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        (value, changes) => {
          let bytes = Buffer.from(canonicalize(value as Json), 'utf8');
          for (const { at, byte, kind } of changes) {
            const offset = at % (bytes.length + 1);
            const rest = kind === 'insert' ? offset : offset + 1;
            const between = kind === 'delete' ? [] : [byte];
            bytes = Buffer.concat([bytes.subarray(0, offset), Buffer.from(between), bytes.subarray(rest)]);
          }
          expect(scans(bytes), bytes.toString('latin1')).to.equal(isCanonical(bytes));
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
