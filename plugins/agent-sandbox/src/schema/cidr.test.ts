import { expect } from 'chai';
import { isCidr } from './cidr.js';

describe('cidr', () => {
  for (const text of [
    '0.0.0.0/0',
    '10.0.0.0/8',
    '203.0.113.7/32',
    '::/0',
    '2001:db8::/32',
    'fe80::1/128',
    '1:2:3:4:5:6:7:8/64',
    '1::/16',
  ]) {
    it(`takes ${text} for a network`, () => {
      expect(isCidr(text)).to.equal(true);
    });
  }
  for (const text of [
    '',
    '10.0.0.0',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0/8',
    '10.0.0.0.0/8',
    '010.0.0.0/8',
    '256.0.0.0/8',
    '2001:db8::/129',
    '1:2:3:4:5:6:7/64',
    '1:2:3:4:5:6:7:8:9/64',
    '1:2:3:4::5:6:7:8/64',
    '1::2::3/64',
    '12345::/16',
    'g::/16',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
  ]) {
    it(`does not take ${JSON.stringify(text)} for a network`, () => {
      expect(isCidr(text)).to.equal(false);
    });
  }
});
