import { expect } from 'chai';
import { editDistance, nearestName } from './nearest-name.js';

describe('nearestName', () => {
  const names = ['kernel.logLevel', 'kernel.logFormat', 'store-file.dir'];

  it('finds what a misspelt name was meant to be', () => {
    expect(nearestName('kernel.loglevl', names)).to.equal('kernel.logLevel');
    expect(nearestName('store-fil.dir', names)).to.equal('store-file.dir');
  });

  it('finds nothing for another word', () => {
    expect(nearestName('completely-different', names)).to.equal(undefined);
    expect(nearestName('x', names)).to.equal(undefined);
  });

  it('counts letters put in, taken out and replaced', () => {
    expect(editDistance('', 'abc')).to.equal(3);
    expect(editDistance('kitten', 'sitting')).to.equal(3);
    expect(editDistance('same', 'same')).to.equal(0);
  });
});
