/**
 * Kubernetes quantities in the canonical form in which an API server writes them back
 * (k8s.io/apimachinery/pkg/api/resource), so that what was applied and what is there compare as text.
 */

const DECIMAL_SUFFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const QUANTITY = /^(\d+)(?:\.(\d{1,3}))?(m|[kMGTPE]i?|Ki)?$/;

export interface Quantity {
  /** The amount in thousandths of its unit: of a core, of a byte. */
  readonly milli: bigint;
  readonly isBinary: boolean;
}

/** Reads digits with at most three decimals and a suffix; undefined for anything else. No signs, no exponents. */
export function parseQuantity(text: string): Quantity | undefined {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const quantity = parse(text);
  if (quantity !== undefined) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(text, quantity);
  }
  return quantity;
}

/** Few amounts are in use, and those over and over: a replay meets each a million times. */
const parsed = new Map<string, Quantity>();
const MAX_PARSED = 1_000;

function parse(text: string): Quantity | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = '', suffix = ''] = match;
  const milli = BigInt(whole + fraction.padEnd(3, '0'));
  if (suffix === 'm') return fraction === '' ? { milli: milli / 1000n, isBinary: false } : undefined;
  const isBinary = suffix.endsWith('i');
  const power = (isBinary ? BINARY_SUFFIXES : DECIMAL_SUFFIXES).indexOf(suffix);
  return power < 0 ? undefined : { milli: milli * (isBinary ? 1024n : 1000n) ** BigInt(power), isBinary };
}

/** The canonical text: no fraction, the largest suffix that loses nothing. Below 1,024 the decimal form is used. */
export function formatQuantity({ milli, isBinary }: Quantity): string {
  if (milli === 0n) return '0';
  if (isBinary && milli >= 1_024_000n && milli % 1000n === 0n) {
    return shortest(milli / 1000n, 1024n, BINARY_SUFFIXES);
  }
  return milli % 1000n === 0n ? shortest(milli / 1000n, 1000n, DECIMAL_SUFFIXES) : `${milli}m`;
}

/** The canonical text of a declared amount; text that is no quantity stays as it is. */
export function canonicalQuantity(amount: string | number): string {
  const quantity = parseQuantity(String(amount));
  return quantity === undefined ? String(amount) : formatQuantity(quantity);
}

/** Whether one amount is more than another; both must be quantities. */
export function isMore(amount: string, than: string): boolean {
  return (parseQuantity(amount)?.milli ?? 0n) > (parseQuantity(than)?.milli ?? 0n);
}

/** A number of bytes as a canonical binary quantity: `1Gi`. */
export function formatBytes(bytes: number): string {
  return formatQuantity({ milli: BigInt(bytes) * 1000n, isBinary: true });
}

function shortest(amount: bigint, base: bigint, suffixes: readonly string[]): string {
  let rest = amount;
  let power = 0;
  while (rest % base === 0n && power < suffixes.length - 1) {
    rest /= base;
    power += 1;
  }
  return `${rest}${suffixes[power] ?? ''}`;
}
