import { expect } from 'chai';
import fc from 'fast-check';
import type { Setting, SettingType } from '../contracts/config.js';
import { parseSetting } from './parse-setting.js';

const setting = (type: SettingType, more: Partial<Setting> = {}): Setting => ({
  type,
  env: 'TEST',
  doc: 'A setting.',
  ...more,
});
const parse = (type: SettingType, text: string, more?: Partial<Setting>): unknown => {
  const result = parseSetting(setting(type, more), text);
  return result.ok ? result.value : result.problem;
};
const isRefused = (type: SettingType, text: string): boolean => !parseSetting(setting(type), text).ok;

/** Texts near the grammars, where a parser that is too kind shows itself. */
const nearlyRight = fc.oneof(
  fc.string(),
  fc.stringMatching(/^[-+ ]?[0-9]{0,4}[.,_ ]?[0-9a-fxe]{0,3}[a-zA-Z ]{0,3}$/),
  fc.constantFrom(
    '',
    ' ',
    '1e3',
    '0x10',
    '10abc',
    '١٢',
    '1_000',
    '00',
    '-0',
    '+1',
    '1 ',
    ' 1',
    '1\n',
    'NaN',
    'Infinity',
  ),
);

describe('parseSetting', () => {
  it('reads each type by its grammar', () => {
    expect(parse('string', ' as it is ')).to.equal(' as it is ');
    expect(parse('integer', '-12')).to.equal(-12);
    expect(parse('boolean', 'true')).to.equal(true);
    expect(parse('boolean', 'false')).to.equal(false);
    expect(parse('port', '65535')).to.equal(65_535);
    expect(parse('list', 'a, b ,c')).to.deep.equal(['a', 'b', 'c']);
    expect(parse('choice', 'json', { values: ['json', 'text'] })).to.equal('json');
  });

  it('reads durations in milliseconds, and bare numbers as seconds', () => {
    const values = ['250ms', '15s', '2m', '1h', '7', '0'].map((text) => parse('duration', text));
    expect(values).to.deep.equal([250, 15_000, 120_000, 3_600_000, 7_000, 0]);
  });

  it('reads sizes in bytes, with binary and decimal units', () => {
    const values = ['512', '10Ki', '64Mi', '10Gi', '2k', '3M', '4G'].map((text) => parse('size', text));
    expect(values).to.deep.equal([512, 10_240, 67_108_864, 10_737_418_240, 2_000, 3_000_000, 4_000_000_000]);
  });

  it('names the bounds that a value is outside of', () => {
    expect(parse('integer', '0', { min: 1, max: 256 })).to.equal('must be at least 1');
    expect(parse('integer', '257', { min: 1, max: 256 })).to.equal('must be at most 256');
    expect(parse('duration', '2s', { max: 1_000 })).to.equal('must be at most 1000 ms');
    expect(parse('port', '65536')).to.equal('must be at most 65535');
    expect(parse('port', '-1')).to.equal('must be at least 0');
  });

  it('names the choices', () => {
    expect(parse('choice', 'JSON', { values: ['json', 'text'] })).to.equal('must be one of json, text');
  });

  it('refuses anything that is not exactly an integer', () => {
    fc.assert(
      fc.property(nearlyRight, (text) => {
        const exact = /^-?[0-9]+$/.test(text) && String(Number(text)) === text && text !== '-0';
        expect(isRefused('integer', text)).to.equal(!exact || !Number.isSafeInteger(Number(text)));
      }),
    );
  });

  it('refuses anything but true and false as a boolean', () => {
    fc.assert(
      fc.property(fc.oneof(nearlyRight, fc.constantFrom('0', '1', 'yes', 'TRUE', 'True')), (text) => {
        fc.pre(text !== 'true' && text !== 'false');
        expect(isRefused('boolean', text)).to.equal(true);
      }),
    );
  });

  for (const [type, units] of [
    ['duration', { '': 1_000, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }],
    ['size', { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, k: 1e3, M: 1e6, G: 1e9 }],
  ] as const) {
    it(`reads every ${type} in its grammar`, () => {
      fc.assert(
        fc.property(fc.nat(1_000_000), fc.constantFrom(...Object.keys(units)), (count, unit) => {
          expect(parse(type, `${count}${unit}`)).to.equal(count * (units as Record<string, number>)[unit]!);
        }),
      );
    });

    it(`refuses anything that is not exactly a ${type}`, () => {
      fc.assert(
        fc.property(nearlyRight, (text) => {
          const digits = /^[0-9]*/.exec(text)?.[0] ?? '';
          const inGrammar =
            String(Number(digits)) === digits && Object.hasOwn(units, text.slice(digits.length));
          expect(isRefused(type, text)).to.equal(!inGrammar);
        }),
      );
    });
  }

  it('refuses numbers that a double cannot hold exactly, also after their unit is applied', () => {
    expect(parse('integer', '9007199254740993')).to.equal('is too large');
    expect(parse('size', '9007199254740991Gi')).to.equal('is too large');
    expect(parse('duration', '9007199254740991h')).to.equal('is too large');
  });

  it('refuses lists with empty elements', () => {
    for (const text of ['a,,b', ',a', 'a,', ' ', ',']) expect(isRefused('list', text), text).to.equal(true);
  });

  it('never repeats the text in the problem', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<SettingType>('integer', 'boolean', 'duration', 'size', 'port', 'choice'),
        fc.stringMatching(/^[A-Z]{8,12}$/),
        (type, secret) => {
          const result = parseSetting(setting(type, { values: ['one'] }), secret);
          expect(result.ok).to.equal(false);
          expect(JSON.stringify(result)).not.to.contain(secret);
        },
      ),
    );
  });
});
