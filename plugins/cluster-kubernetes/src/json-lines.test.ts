import { expect } from 'chai';
import fc from 'fast-check';
import { JsonLines } from './json-lines.js';

const LIMIT = 1 << 20;

function parse(chunks: readonly Buffer[], limit = LIMIT): unknown[] {
  const values: unknown[] = [];
  const lines = new JsonLines((value) => values.push(value), limit);
  for (const chunk of chunks) lines.push(chunk);
  return values;
}

describe('JsonLines', () => {
  it('gives the same values however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (values, cuts) => {
          const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
          const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
          const chunks = [0, ...places].map((start, index) =>
            bytes.subarray(start, places[index] ?? bytes.length),
          );
          expect(JSON.stringify(parse(chunks))).to.equal(JSON.stringify(values));
        },
      ),
    );
  });

  it('never hands on a line that has no end', () => {
    expect(parse([Buffer.from('{"a":1}\n{"b":2}')])).to.deep.equal([{ a: 1 }]);
  });

  it('skips empty lines and reports what is no JSON', () => {
    expect(parse([Buffer.from('\n1\n\n')])).to.deep.equal([1]);
    expect(() => parse([Buffer.from('{"a":\n')])).to.throw(SyntaxError);
  });

  it('refuses a line over its limit before it has collected more', () => {
    const piece = Buffer.alloc(60, 0x31);
    expect(() => parse([piece, piece], 100)).to.throw(RangeError);
    expect(parse([piece, Buffer.from('\n'), piece], 100)).to.have.lengthOf(1);
  });

  it('joins a line of many pieces once', () => {
    const lines = new JsonLines(() => undefined, LIMIT);
    const concat = Buffer.concat;
    let joined = 0;
    try {
      Buffer.concat = (...parameters) => {
        joined += 1;
        return concat(...parameters);
      };
      lines.push(Buffer.from('"'));
      for (let count = 0; count < 1000; count += 1) lines.push(Buffer.from('x'));
      lines.push(Buffer.from('"\n'));
    } finally {
      Buffer.concat = concat;
    }
    expect(joined).to.equal(1);
  });
});
