import { expect } from 'chai';
import { printable } from './printable.js';

describe('text for a terminal', () => {
  it('is what it was, in any script', () => {
    for (const text of ['', 'my-agent', 'grüße 🙂 日本語', 'a b']) expect(printable(text)).to.equal(text);
  });

  it('cannot steer the terminal', () => {
    expect(printable('\u001B[2Jgone')).to.equal('\uFFFD[2Jgone');
    expect(printable('a\r\nb\u009Bc\u202Ed\u2028e')).to.equal('a\uFFFD\uFFFDb\uFFFDc\uFFFDd\uFFFDe');
  });
});
