import { expect } from 'chai';
import { isWithin } from './network-range.js';

describe('a network', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['10.1.0.0/16', '10.0.0.0/8', true],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/7', '10.0.0.0/8', false],
    ['11.0.0.0/16', '10.0.0.0/8', false],
    ['10.255.255.255/32', '10.0.0.0/8', true],
    ['0.0.0.0/0', '10.0.0.0/8', false],
    ['203.0.113.7/32', '0.0.0.0/0', true],
    // Bits behind the length say nothing.
    ['10.0.0.5/8', '10.9.9.9/8', true],
    ['10.0.0.5/8', '10.0.0.0/24', false],
    ['2001:db8:1::/48', '2001:db8::/32', true],
    ['2001:db9::/48', '2001:db8::/32', false],
    ['::1/128', '::/0', true],
    ['::/0', '::/1', false],
    ['1:2:3:4:5:6:7:8/128', '1:2:3:4::/64', true],
    ['::ffff/128', '0.0.0.0/0', false],
    ['10.0.0.0/8', '::/0', false],
  ];
  for (const [inner, outer, expected] of cases) {
    it(`${inner} is ${expected ? '' : 'not '}within ${outer}`, () => {
      expect(isWithin(inner, outer)).to.equal(expected);
    });
  }
});
