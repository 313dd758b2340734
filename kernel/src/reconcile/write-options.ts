import type { Term } from '../contracts/leadership.js';

/** How the cluster is written to: only as long as the term lasts, and only with all of the time-out before its end. */
export function writeOptions(term: Term) {
  const { signal, writeTimeoutMs } = term;
  return { signal, timeoutMs: writeTimeoutMs, beforeSend: () => term.assert(writeTimeoutMs) };
}
