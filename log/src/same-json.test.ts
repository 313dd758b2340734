import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalize } from './canonicalize.js';
import type { Json } from './event.js';
import { isSameJson } from './same-json.js';

describe('isSameJson', () => {
  const json = (): fc.Arbitrary<Json> => fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;

  it('says of any two values what their canonical texts say', () => {
    // Small values out of few keys, so that many pairs are alike.
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<Json>(null, true, false, 0, -0, 1, '', '0', 'a'),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('value'), { maxKeys: 2 }),
      ),
    }));
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(isSameJson(a, b)).to.equal(canonicalize(a) === canonicalize(b));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not depend on the order of keys', () => {
    const reversed = (value: Json): Json =>
      typeof value !== 'object' || value === null
        ? value
        : Array.isArray(value)
          ? value.map(reversed)
          : Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([key, inner]) => [key, reversed(inner)]),
            );
    fc.assert(fc.property(json(), (value) => isSameJson(value, reversed(value))));
  });

  it('tells lists from maps, and null from an empty one', () => {
    expect(isSameJson([], {})).to.equal(false);
    expect(isSameJson({}, [])).to.equal(false);
    expect(isSameJson(null, {})).to.equal(false);
    expect(isSameJson({ 0: 'a' }, ['a'])).to.equal(false);
    expect(isSameJson({ a: null }, { b: null })).to.equal(false);
  });
});
