import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import fc from 'fast-check';
import { quotedCommand } from './shell.js';

describe('shell words', () => {
  it('mean exactly the text that they were made of', () => {
    const word = fc
      .string({ unit: 'grapheme' })
      .filter((text) => !text.includes('\0') && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        const output = execFileSync('sh', [
          '-c',
          `printf '%s\\0' ${quotedCommand(['x', ...words])}`,
        ]).toString();
        expect(output.split('\0').slice(1, -1)).to.deep.equal(words);
      }),
      { numRuns: 50 },
    );
  });
});
