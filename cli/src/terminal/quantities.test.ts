import { expect } from 'chai';
import fc from 'fast-check';
import { formatAge, formatBytes, formatCount, formatElapsed, parseDuration } from './quantities.js';

describe('quantities', () => {
  it('tell an age in the unit that matters, as kubectl does', () => {
    expect(formatAge(0)).to.equal('0s');
    expect(formatAge(119_999)).to.equal('119s');
    expect(formatAge(120_000)).to.equal('2m');
    expect(formatAge(2 * 3_600_000)).to.equal('2h');
    expect(formatAge(8 * 86_400_000)).to.equal('8d');
  });

  it('tell an age of 0 when clocks disagree', () => {
    expect(formatAge(-5000)).to.equal('0s');
  });

  it('tell measured times and sizes', () => {
    expect(formatElapsed(84.6)).to.equal('85 ms');
    expect(formatElapsed(1250)).to.equal('1.3 s');
    expect(formatBytes(512)).to.equal('512 B');
    expect(formatBytes(1.4 * 1024 * 1024)).to.equal('1.4 MiB');
    expect(formatBytes(5000 * 1024 ** 4)).to.equal('5000.0 TiB');
  });

  it('count in words that agree', () => {
    expect(formatCount(1, 'record')).to.equal('1 record');
    expect(formatCount(12_345, 'record')).to.equal('12,345 records');
  });

  it('read durations', () => {
    expect(parseDuration('250ms')).to.equal(250);
    expect(parseDuration('60s')).to.equal(60_000);
    expect(parseDuration('60')).to.equal(60_000);
    expect(parseDuration('2m')).to.equal(120_000);
    expect(parseDuration('1h')).to.equal(3_600_000);
    expect(parseDuration('7d')).to.equal(7 * 86_400_000);
  });

  it('read nothing but durations', () => {
    for (const text of ['', 's', '1.5s', '-1s', '1 s', '1w', '1e3', '0x10']) {
      expect(parseDuration(text), text).to.equal(undefined);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (!/^\d{1,9}(ms|s|m|h|d)?$/.test(text)) expect(parseDuration(text)).to.equal(undefined);
      }),
    );
  });
});
