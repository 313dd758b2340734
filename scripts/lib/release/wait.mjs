import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from './errors.mjs';

const POLL_MS = 250;

/**
 * Asks until `condition` gives something other than undefined or false, and resolves to that. When `timeoutMs` is over it
 * throws a Failure that names `what` and, where `describe` is given, how things are. What `condition` throws ends the wait.
 *
 * @template T
 * @param {string} what as in "waited 60 s for …"
 * @param {() => Promise<T | undefined | false>} condition
 * @param {{ timeoutMs: number, signal: AbortSignal, pollMs?: number, describe?: () => unknown }} options
 * @returns {Promise<T>}
 */
export async function until(what, condition, { timeoutMs, signal, pollMs = POLL_MS, describe }) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (performance.now() >= deadline) {
      const state = describe === undefined ? '' : `: ${await describe()}`;
      throw new Failure(`waited ${Math.round(timeoutMs / 1000)} s for ${what}${state}`);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** Waits; ends at once, with its reason, when the signal is aborted. */
export async function pause(ms, signal) {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
