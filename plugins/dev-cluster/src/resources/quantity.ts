const QUANTITY = /^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,3})?$/;

/** What the API server says of a text that is no quantity. */
export const QUANTITY_HELP =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Suffixes of powers of ten, three apart, from 10^-9. */
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
/** Suffixes of powers of 1024, from the zeroth. */
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** The finest part of one that quantities know. */
const NANO = 10n ** 9n;

interface Quantity {
  /** In billionths, rounded away from zero. */
  readonly nanos: bigint;
  readonly form: 'decimal' | 'binary' | 'exponent';
}

/**
 * The number that a Kubernetes quantity stands for (`500m` is 0.5, `1Gi` is 2^30); undefined when it is none.
 * Good to 15 digits, which is more than comparing requests with limits needs.
 */
export function parseQuantity(quantity: unknown): number | undefined {
  const parsed = read(quantity);
  return parsed === undefined ? undefined : Number(parsed.nanos) / Number(NANO);
}

/**
 * A quantity as the API server writes it (k8s.io/apimachinery, pkg/api/resource): the largest suffix of its kind that
 * leaves a whole number. `1024Mi` is `1Gi`, `0.5` is `500m`. Undefined when it is none.
 */
export function canonicalQuantity(quantity: string | number): string | undefined {
  const parsed = read(quantity);
  if (parsed === undefined) return undefined;
  const { nanos, form } = parsed;
  if (nanos === 0n) return '0';
  const isSmall = nanos < 1024n * NANO && nanos > -1024n * NANO;
  if (form === 'binary' && !isSmall) return binaryText(nanos);
  const [mantissa, power] = decimalParts(nanos);
  if (form === 'exponent') return power === 0 ? String(mantissa) : `${mantissa}e${power}`;
  return `${mantissa}${DECIMAL_SUFFIXES[power / 3 + 3] ?? `e${power}`}`;
}

function binaryText(nanos: bigint): string {
  let whole = nanos / NANO + (nanos % NANO === 0n ? 0n : nanos > 0n ? 1n : -1n);
  let power = 0;
  while (whole % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
    whole /= 1024n;
    power += 1;
  }
  return `${whole}${BINARY_SUFFIXES[power]}`;
}

/** A whole number and a power of ten that is a multiple of three. */
function decimalParts(nanos: bigint): readonly [mantissa: bigint, power: number] {
  let mantissa = nanos;
  let power = -9;
  while (mantissa % 1000n === 0n && power < 18) {
    mantissa /= 1000n;
    power += 3;
  }
  return [mantissa, power];
}

function read(quantity: unknown): Quantity | undefined {
  const text = typeof quantity === 'number' ? String(quantity) : quantity;
  if (typeof text !== 'string') return undefined;
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, sign, digits = '', suffix = ''] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const unscaled = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  if (suffix !== '' && binary > 0) {
    return { nanos: scaled(unscaled * NANO * 1024n ** BigInt(binary), -fraction.length), form: 'binary' };
  }
  const isExponent = /^[eE][+-]?\d/.test(suffix);
  const power = isExponent ? Number(suffix.slice(1)) : (DECIMAL_SUFFIXES.indexOf(suffix) - 3) * 3;
  return {
    nanos: scaled(unscaled, power + 9 - fraction.length),
    form: isExponent ? 'exponent' : 'decimal',
  };
}

/** A number times a power of ten; what is less than one is rounded away from zero. */
function scaled(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  const rest = value % divisor;
  return value / divisor + (rest === 0n ? 0n : rest > 0n ? 1n : -1n);
}
