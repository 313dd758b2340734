import type { Tenure } from '../contracts/leadership.js';

/** A tenure that nobody takes away, for tests of what needs one; `changes` makes it differ. */
export function lastingTenure(changes: Partial<Tenure> = {}): Tenure {
  return {
    holder: 'test',
    signal: new AbortController().signal,
    handover: new AbortController().signal,
    writeTimeoutMs: 10_000,
    holdOffMs: 0,
    assert: () => undefined,
    announce: () => undefined,
    release: async () => undefined,
    ...changes,
  };
}
