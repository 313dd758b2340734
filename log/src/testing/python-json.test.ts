import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalize } from '../canonicalize.js';
import type { Json } from '../event.js';
import { LegacyLog } from './legacy-log.js';
import { PythonFloat, pythonJson } from './python-json.js';

/** What Python 3.11 prints for these doubles by `json.dumps`. */
const FLOATS: readonly (readonly [value: number, text: string])[] = [
  [0, '0.0'],
  [-0, '-0.0'],
  [1, '1.0'],
  [-100, '-100.0'],
  [0.1, '0.1'],
  [1e-4, '0.0001'],
  [1e-5, '1e-05'],
  [1.5e-5, '1.5e-05'],
  [1e-7, '1e-07'],
  [-2.5e-10, '-2.5e-10'],
  [1e15, '1000000000000000.0'],
  [1e16, '1e+16'],
  [9_999_999_999_999_998, '9999999999999998.0'],
  [123_456_789_012_345_680, '1.2345678901234568e+17'],
  [1e21, '1e+21'],
  [1e22, '1e+22'],
  [1e23, '1e+23'],
  [1e100, '1e+100'],
  [5e-324, '5e-324'],
  [Number.MAX_VALUE, '1.7976931348623157e+308'],
  [333_333_333.3333333, '333333333.3333333'],
];

/** Three records that Python 3.11 wrote, with hashlib and json.dumps(sort_keys=True, separators=(',', ':')). */
const BY_PYTHON = [
  String.raw`{"event":{"aggregate_id":"agents/default/a","payload":{"text":"\u00e9\u20ac\ud83d\ude42\u007f\u2028\u0000\u001f\"\\/\b\t","\u00e9":null,"\ue000":1,"\ud83d\ude42":2},"seq":0,"ts":1735689600.0,"type":"AgentObserved"},"event_hash":"b53ed9a5552a431f228f0f271ba31077d0724583f2455a03f47b0ed80607e189","prev_hash":"0000000000000000000000000000000000000000000000000000000000000000"}`,
  '{"event":{"aggregate_id":"agents/default/a","payload":{"big":12345678901234567890,"empty":{},"list":[true,false,0.1,1e+16,-0.0],"one":1.0,"ratio":1e-07},"seq":1,"ts":1735689600.25,"type":"ActionApplied"},"event_hash":"c561cfd0991e7b4898fe2a9de1c8c3be684e7a5c4b94413adbadfaaf4aab9488","prev_hash":"b53ed9a5552a431f228f0f271ba31077d0724583f2455a03f47b0ed80607e189"}',
  '{"event":{"aggregate_id":"agents/default/b","hash_version":"v2","payload":{"A":{"y":"x","z":1},"B":1,"a":[]},"seq":2,"ts":"2025-01-01T00:00:01+00:00","type":"AgentObserved"},"event_hash":"f2eaac0dfe123c25494a1dab8ffb28b740a352ec20129e92dec9066684b95554","prev_hash":"c561cfd0991e7b4898fe2a9de1c8c3be684e7a5c4b94413adbadfaaf4aab9488"}',
];

/** Any character of any plane. */
const CHARACTER = fc
  .integer({ min: 0, max: 0x10ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

describe('the JSON of Python', () => {
  for (const [value, text] of FLOATS) {
    it(`has the float ${text}`, () => {
      expect(pythonJson(new PythonFloat(value))).to.equal(text);
      expect(Object.is(JSON.parse(text), value)).to.equal(true);
    });
  }

  it('reads back as it was, in ASCII', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: CHARACTER, maxDepth: 4 }), (value) => {
        const text = pythonJson(value as Json);
        expect(text).to.match(/^[ -~]*$/);
        expect(canonicalize(JSON.parse(text) as Json)).to.equal(canonicalize(value as Json));
      }),
    );
  });
});

describe('LegacyLog', () => {
  it('writes what Python wrote', () => {
    const text = 'é€🙂\x7f\u2028\x00\x1f"\\/\b\t';
    const log = new LegacyLog()
      .append('v1', { payload: { text, '\ue000': 1, '🙂': 2, é: null }, ts: new PythonFloat(1_735_689_600) })
      .append('v1', {
        payload: {
          ratio: 1e-7,
          one: new PythonFloat(1),
          big: 12_345_678_901_234_567_890n,
          list: [true, false, 0.1, new PythonFloat(1e16), new PythonFloat(-0)],
          empty: {},
        },
        ts: 1_735_689_600.25,
        type: 'ActionApplied',
      })
      .append('v2', {
        aggregate_id: 'agents/default/b',
        payload: { B: 1, a: [], A: { z: 1, y: 'x' } },
        ts: '2025-01-01T00:00:01+00:00',
      });
    expect(log.bytes.toString('utf8')).to.equal(BY_PYTHON.map((line) => `${line}\n`).join(''));
  });
});
