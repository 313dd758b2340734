/** A float of Python, whose text never looks like an int's: 1.0, 1e-07. */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** What Python writes as JSON. Numbers without a fraction are ints, others are floats. */
export type PythonJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | PythonFloat
  | readonly PythonJson[]
  | { readonly [key: string]: PythonJson };

/**
 * The text that Python's `json.dumps(value, sort_keys=True, separators=(',', ':'))` gives: keys in the order of their
 * code points, ASCII only, floats as `repr` writes them. Numbers are finite.
 */
export function pythonJson(value: PythonJson): string {
  if (typeof value === 'string') return asciiString(value);
  if (typeof value === 'number') return Number.isInteger(value) ? String(BigInt(value)) : floatRepr(value);
  if (value instanceof PythonFloat) return floatRepr(value.value);
  if (value === null || typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(pythonJson).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => compareCodePoints(a, b));
  return `{${entries.map(([key, member]) => `${asciiString(key)}:${pythonJson(member)}`).join(',')}}`;
}

function isList(value: object): value is readonly PythonJson[] {
  return Array.isArray(value);
}

/** As `ensure_ascii` does: all but printable ASCII is escaped, code unit by code unit. */
function asciiString(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The shortest digits that read back as the same double, with an exponent below -4 and from 16 on. */
function floatRepr(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

function compareCodePoints(a: string, b: string): number {
  const [left, right] = [codePoints(a), codePoints(b)];
  const at = left.findIndex((code, index) => code !== right[index]);
  return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}
