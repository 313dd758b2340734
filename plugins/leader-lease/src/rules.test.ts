import { expect } from 'chai';
import * as library from './index.js';
import { MUTATIONS, withMutation } from './testing/mutants.js';
import { RULES } from './testing/rules.js';

describe('the rules of leadership', () => {
  for (const [name, { number, check }] of Object.entries(RULES)) {
    it(`${number}: ${name}`, () => check(library));
  }

  describe('are noticed to be broken when', () => {
    for (const [name, mutation] of Object.entries(MUTATIONS)) {
      it(name, async () => {
        await withMutation(mutation, async (mutant) => {
          const outcome = await RULES[mutation.breaks].check(mutant).then(
            () => 'kept',
            (error: unknown) => error,
          );
          expect(outcome, `“${mutation.breaks}” has noticed nothing`).to.be.instanceOf(Error);
          // What does not run at all breaks no rule.
          expect(outcome).not.to.be.instanceOf(ReferenceError);
          expect(outcome).not.to.be.instanceOf(TypeError);
        });
      });
    }

    it('each of them is broken by a mutation', () => {
      const broken = new Set<string>(Object.values(MUTATIONS).map(({ breaks }) => breaks));
      expect(Object.keys(RULES).filter((name) => !broken.has(name))).to.deep.equal([]);
    });
  });
});
