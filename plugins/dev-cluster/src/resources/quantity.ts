const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$/;

const MULTIPLIERS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * The number that a Kubernetes quantity stands for (`500m` is 0.5, `1Gi` is 2^30); undefined when it is none.
 * Good to 15 digits, which is more than comparing requests with limits needs.
 */
export function parseQuantity(quantity: unknown): number | undefined {
  if (typeof quantity === 'number') return Number.isFinite(quantity) ? quantity : undefined;
  if (typeof quantity !== 'string') return undefined;
  const match = QUANTITY.exec(quantity);
  if (match === null) return undefined;
  const [, digits, suffix] = match;
  const value = Number(digits);
  if (suffix === undefined) return value;
  if (/^[eE][+-]?\d/.test(suffix)) return value * 10 ** Number(suffix.slice(1));
  return value * (MULTIPLIERS[suffix] ?? 1);
}
