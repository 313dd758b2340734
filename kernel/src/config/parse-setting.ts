import type { Setting } from '../contracts/config.js';

export type ParsedSetting =
  | { readonly ok: true; readonly value: string | number | boolean | readonly string[] }
  /** `problem` is a clause for an error message; it never holds the text itself. */
  | { readonly ok: false; readonly problem: string };

const WHOLE = /^(?:0|-?[1-9]\d*)$/;
const DURATION = /^(0|[1-9]\d*)(ms|s|m|h)?$/;
const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const SIZE = /^(0|[1-9]\d*)(Ki|Mi|Gi|k|M|G)?$/;
const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  k: 1e3,
  M: 1e6,
  G: 1e9,
};

/** Reads a setting's text by the grammar of its type, exactly: what is not in the grammar is a problem. */
export function parseSetting(setting: Setting, text: string): ParsedSetting {
  switch (setting.type) {
    case 'string':
      return { ok: true, value: text };
    case 'boolean':
      if (text === 'true' || text === 'false') return { ok: true, value: text === 'true' };
      return problem('must be true or false');
    case 'integer':
      return WHOLE.test(text)
        ? bounded(setting, Number(text), 1, '')
        : problem('must be a whole number, such as 10');
    case 'port':
      return WHOLE.test(text)
        ? bounded({ min: 0, max: 65_535, ...setting }, Number(text), 1, '')
        : problem('must be a port, 0 to 65535');
    case 'duration': {
      const [, digits, unit = 's'] = DURATION.exec(text) ?? [];
      if (digits === undefined) return problem('must be a duration, such as 250ms, 15s, 2m or 1h');
      return bounded(setting, Number(digits), DURATION_UNITS_MS[unit] ?? 1, ' ms');
    }
    case 'size': {
      const [, digits, unit] = SIZE.exec(text) ?? [];
      if (digits === undefined) return problem('must be a size in bytes, such as 512, 64Mi or 10Gi');
      return bounded(
        setting,
        Number(digits),
        unit === undefined ? 1 : (SIZE_UNITS_BYTES[unit] ?? 1),
        ' bytes',
      );
    }
    case 'list': {
      const elements = text.split(',').map((element) => element.trim());
      if (elements.includes('')) return problem('must be a list separated by commas, without empty elements');
      return { ok: true, value: elements };
    }
    case 'choice':
      if (setting.values?.includes(text)) return { ok: true, value: text };
      return problem(`must be one of ${setting.values?.join(', ')}`);
  }
}

function bounded(
  { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Pick<Setting, 'min' | 'max'>,
  count: number,
  unit: number,
  unitName: string,
): ParsedSetting {
  const value = count * unit;
  // Digits beyond the safe range would silently become another number.
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(value)) return problem('is too large');
  if (value < min) return problem(`must be at least ${min}${unitName}`);
  if (value > max) return problem(`must be at most ${max}${unitName}`);
  return { ok: true, value };
}

function problem(text: string): ParsedSetting {
  return { ok: false, problem: text };
}
