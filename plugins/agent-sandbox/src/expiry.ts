const RFC_3339_SECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Whether `text` is a timestamp as API servers write it: UTC, whole seconds. Such texts compare as times do. */
export function isTimestamp(text: unknown): text is string {
  return typeof text === 'string' && RFC_3339_SECONDS.test(text) && !Number.isNaN(Date.parse(text));
}

/** The time `ttl` (`90s`, `30m`, `8h`, `7d`) after `createdAt`; both must have been checked. */
export function expiryOf(createdAt: string, ttl: string): string {
  const lengthMs = Number(ttl.slice(0, -1)) * (UNIT_MS[ttl.slice(-1)] ?? Number.NaN);
  return new Date(Date.parse(createdAt) + lengthMs).toISOString().replace('.000Z', 'Z');
}
