import { expect } from 'chai';
import fc from 'fast-check';
import { compareResourceVersions, isNewer } from './resource-version.js';

describe('compareResourceVersions', () => {
  it('orders decimal versions as numbers, however long', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 80n }), fc.bigInt({ min: 0n, max: 1n << 80n }), (a, b) => {
        const order = compareResourceVersions(String(a), String(b)) ?? Number.NaN;
        expect(Math.sign(order)).to.equal(a === b ? 0 : a < b ? -1 : 1);
      }),
    );
  });

  for (const [a, b] of [
    ['12', 'abc'],
    ['07', '8'],
    ['1.5', '2'],
    ['', '1'],
    ['1', undefined],
  ] as const) {
    it(`does not order ${JSON.stringify(a)} and ${JSON.stringify(b)}`, () => {
      expect(compareResourceVersions(a, b)).to.equal(undefined);
      expect(isNewer(a, b)).to.equal(false);
      expect(isNewer(b, a)).to.equal(false);
    });
  }
});
