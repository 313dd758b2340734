import { expect } from 'chai';
import fc from 'fast-check';
import { formatBytes, formatQuantity, parseQuantity } from './quantity.js';

function canonical(text: string): string | undefined {
  const quantity = parseQuantity(text);
  return quantity === undefined ? undefined : formatQuantity(quantity);
}

describe('quantity', () => {
  // Taken from what kube-apiserver writes back (k8s.io/apimachinery/pkg/api/resource, suffixes and CanonicalizeBytes).
  const canonicalTexts = {
    '0': '0',
    '1': '1',
    '2.0': '2',
    '0.5': '500m',
    '500m': '500m',
    '1000m': '1',
    '1500m': '1500m',
    '0.25': '250m',
    '1.001': '1001m',
    '1000': '1k',
    '1500': '1500',
    '1.5k': '1500',
    '1.5G': '1500M',
    '1000M': '1G',
    '1024Mi': '1Gi',
    '1536Mi': '1536Mi',
    '1.5Gi': '1536Mi',
    '0.5Gi': '512Mi',
    '0.5Ki': '512',
    '1Ki': '1Ki',
    '0Gi': '0',
    '1024Ti': '1Pi',
    '007Gi': '7Gi',
  };
  for (const [text, expected] of Object.entries(canonicalTexts)) {
    it(`writes ${text} as ${expected}`, () => {
      expect(canonical(text)).to.equal(expected);
    });
  }

  for (const text of [
    '',
    '-1',
    '+1',
    '1e3',
    '1E',
    '1K',
    '1gi',
    ' 1',
    '1 Gi',
    '.5',
    '5.',
    '1.2345',
    '0.5m',
    '１',
  ]) {
    it(`does not take ${JSON.stringify(text)} for a quantity`, () => {
      expect(canonical(text)).to.equal(text === '1E' ? '1E' : undefined);
    });
  }

  it('keeps the amount, and is canonical already when it is formatted again', () => {
    const quantity = fc.record({ milli: fc.bigInt({ min: 0n, max: 10n ** 24n }), isBinary: fc.boolean() });
    fc.assert(
      fc.property(quantity, ({ milli, isBinary }) => {
        const text = formatQuantity({ milli, isBinary });
        if (milli % 1000n === 0n || milli < 10n ** 18n) expect(parseQuantity(text)?.milli).to.equal(milli);
        expect(canonical(text)).to.equal(text);
      }),
    );
  });

  it('writes numbers of bytes as binary quantities', () => {
    expect([1_073_741_824, 5_368_709_120, 1000, 1024].map(formatBytes)).to.deep.equal([
      '1Gi',
      '5Gi',
      '1k',
      '1Ki',
    ]);
  });
});
