import { expect } from 'chai';
import { canonicalQuantity, parseQuantity } from './quantity.js';

describe('quantities', () => {
  for (const [sent, canonical, value] of [
    ['0', '0', 0],
    ['1', '1', 1],
    ['1000', '1k', 1000],
    ['0.5', '500m', 0.5],
    ['.25', '250m', 0.25],
    ['1.5G', '1500M', 1.5e9],
    ['1000k', '1M', 1e6],
    ['1024Mi', '1Gi', 2 ** 30],
    ['1000Mi', '1000Mi', 1000 * 2 ** 20],
    ['0.5Gi', '512Mi', 2 ** 29],
    ['0.5Ki', '512', 512],
    ['1.5Mi', '1536Ki', 1.5 * 2 ** 20],
    ['1e9', '1e9', 1e9],
    ['1E4', '10e3', 1e4],
    ['15e-1', '1500e-3', 1.5],
    ['-1', '-1', -1],
    ['100u', '100u', 1e-4],
    [1000000, '1M', 1e6],
  ] as const) {
    it(`writes ${sent} as ${canonical}`, () => {
      expect(canonicalQuantity(sent)).to.equal(canonical);
      expect(canonicalQuantity(canonical)).to.equal(canonical);
      expect(parseQuantity(sent)).to.be.closeTo(value, Math.abs(value) * 1e-12);
    });
  }

  for (const nothing of ['', '1 Gi', 'much', '1GiB', '--1', '1.2.3', 'e5']) {
    it(`takes ${JSON.stringify(nothing)} for none`, () => {
      expect(canonicalQuantity(nothing)).to.equal(undefined);
      expect(parseQuantity(nothing)).to.equal(undefined);
    });
  }
});
