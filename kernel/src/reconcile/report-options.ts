import type { Term } from '../contracts/leadership.js';

const TIMEOUT_MS = 10_000;

/** How reports are written: like actions only as long as the term lasts, with all of the time-out. */
export function reportOptions(term: Term) {
  return { signal: term.signal, timeoutMs: TIMEOUT_MS, beforeSend: () => term.assert(TIMEOUT_MS) };
}
