import { expect } from 'chai';
import fc from 'fast-check';
import { KeyIndex } from './key-index.js';

describe('KeyIndex', () => {
  it('holds what was added and not deleted, like a map of sets', () => {
    const step = fc.record({
      isAdd: fc.boolean(),
      value: fc.constantFrom('v', 'w'),
      key: fc.constantFrom('a', 'b', 'c'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const index = new KeyIndex();
        const model = { v: new Set<string>(), w: new Set<string>() };
        for (const { isAdd, value, key } of steps) {
          if (isAdd) {
            index.add(value, key);
            model[value].add(key);
          } else {
            index.delete(value, key);
            model[value].delete(key);
          }
          expect([...index.get(value)].sort()).to.deep.equal([...model[value]].sort());
        }
      }),
    );
  });
});
