import { expect } from 'chai';
import { humanDuration } from './columns.js';
import { compileJsonPath } from './json-path.js';
import { parseQuantity } from './quantity.js';

describe('JSONPath of Kubernetes', () => {
  const object = {
    spec: { role: 'sandbox', 'a.b': 1, list: [{ n: 1 }, { n: 2 }, { n: 3 }] },
    metadata: { annotations: { 'example.org/x': 'y' } },
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Done', status: 'False' },
      ],
    },
  };
  for (const [path, found] of [
    ['.spec.role', ['sandbox']],
    ['{.spec.role}', ['sandbox']],
    ['$.spec.role', ['sandbox']],
    ['.spec.none.deeper', []],
    ['.spec.list[0].n', [1]],
    ['.spec.list[-1].n', [3]],
    ['.spec.list[*].n', [1, 2, 3]],
    ['.spec.list[1:].n', [2, 3]],
    ['.spec.list[?(@.n>=2)].n', [2, 3]],
    [".spec['a.b']", [1]],
    ['.metadata.annotations.example\\.org/x', ['y']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type!='Ready')].status", ['False']],
  ] as const) {
    it(`finds ${JSON.stringify(found)} at ${path}`, () => {
      expect(compileJsonPath(path)?.(object)).to.deep.equal(found);
    });
  }

  it('refuses what is no path', () => {
    for (const path of ['.a[', '.a[?(@.b~"c")]', '.a b', '.a[x]']) {
      expect(compileJsonPath(path), path).to.equal(undefined);
    }
  });
});

describe('quantities', () => {
  for (const [text, value] of [
    ['1', 1],
    ['500m', 0.5],
    ['1Gi', 2 ** 30],
    ['1.5G', 1.5e9],
    ['1e3', 1000],
    ['.5', 0.5],
    ['-2k', -2000],
    [3, 3],
  ] as const) {
    it(`${text} is ${value}`, () => expect(parseQuantity(text)).to.equal(value));
  }
  it('are nothing else', () => {
    for (const text of ['', 'x', '1KiB', '1 Gi', '1e', null, true, Number.NaN]) {
      expect(parseQuantity(text), String(text)).to.equal(undefined);
    }
  });
});

describe('ages', () => {
  const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];
  for (const [ms, text] of [
    [0, '0s'],
    [-500, '0s'],
    [-5 * second, '<invalid>'],
    [119 * second, '119s'],
    [120 * second, '2m'],
    [4 * minute + 12 * second, '4m12s'],
    [30 * minute, '30m'],
    [5 * hour + 5 * minute, '5h5m'],
    [9 * hour + 5 * minute, '9h'],
    [47 * hour, '47h'],
    [2 * day + 3 * hour, '2d3h'],
    [100 * day, '100d'],
    [3 * 365 * day + 10 * day, '3y10d'],
    [9 * 365 * day, '9y'],
  ] as const) {
    it(`${ms} ms is ${text}`, () => expect(humanDuration(ms)).to.equal(text));
  }
});
