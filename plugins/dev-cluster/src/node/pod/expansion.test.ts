import { expect } from 'chai';
import { expand } from './expansion.js';

describe('expansion of variables', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['$(A)', 'a'],
    ['x$(A)y$(B)z', 'xaybz'],
    ['$(MISSING)', '$(MISSING)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$A {A}', '$A {A}'],
    ['$(A', '$(A'],
    ['$(toString)', '$(toString)'],
  ];
  for (const [text, expected] of cases) {
    it(`makes ${JSON.stringify(expected)} of ${JSON.stringify(text)}`, () => {
      expect(expand(text, { A: 'a', B: 'b' })).to.equal(expected);
    });
  }
});
