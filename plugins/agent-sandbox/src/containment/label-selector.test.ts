import { expect } from 'chai';
import { canonicalSelector, isSelected, type LabelSelector } from './label-selector.js';

describe('label selectors', () => {
  const labels = { app: 'agent', tier: 'lab' };
  const one = (operator: string, key: string, values?: string[]): LabelSelector => ({
    matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
  });
  const cases: readonly [string, LabelSelector, boolean][] = [
    ['an empty selector', {}, true],
    ['all labels', { matchLabels: { app: 'agent', tier: 'lab' } }, true],
    ['one of the labels', { matchLabels: { app: 'agent' } }, true],
    ['another value', { matchLabels: { app: 'web' } }, false],
    ['a label that is not there', { matchLabels: { zone: 'a' } }, false],
    ['In with the value', one('In', 'tier', ['prod', 'lab']), true],
    ['In without the value', one('In', 'tier', ['prod']), false],
    ['In without the label', one('In', 'zone', ['a']), false],
    ['NotIn with the value', one('NotIn', 'tier', ['lab']), false],
    ['NotIn without the label', one('NotIn', 'zone', ['a']), true],
    ['Exists', one('Exists', 'tier'), true],
    ['Exists without the label', one('Exists', 'zone'), false],
    ['DoesNotExist', one('DoesNotExist', 'zone'), true],
    ['DoesNotExist with the label', one('DoesNotExist', 'tier'), false],
    [
      'labels and expressions of which one fails',
      { matchLabels: { app: 'agent' }, ...one('Exists', 'zone') },
      false,
    ],
    ['an operator of a later version', one('Like', 'tier', ['x']), true],
  ];
  for (const [what, selector, expected] of cases) {
    it(`${expected ? 'select' : 'do not select'} by ${what}`, () => {
      expect(isSelected(selector, labels)).to.equal(expected);
    });
  }

  it('have one form, in whatever order their terms stand', () => {
    const terms = [
      { key: 'b', operator: 'In', values: ['y', 'x'] },
      { key: 'a', operator: 'Exists' },
    ];
    expect(canonicalSelector({ matchExpressions: terms })).to.deep.equal(
      canonicalSelector({
        matchExpressions: terms
          .toReversed()
          .map((term) => ({ ...term, values: term.values?.toReversed() ?? [] })),
      }),
    );
  });
});
