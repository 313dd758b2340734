import {
  type Clock,
  ClusterError,
  type Counter,
  type ElectionFailure,
  electionFailures,
  type Logger,
  type Telemetry,
} from '@rynxs/kernel';

/** The same line is not repeated sooner. */
const REPEAT_MS = 30_000;

/** Counts and logs what fails in the election. */
export class ElectionFailures {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #counter: Counter;
  /** What was logged last of each kind, and when. */
  readonly #logged = new Map<string, { readonly cause: string; readonly atMs: number }>();

  constructor(parts: { readonly clock: Clock; readonly logger: Logger; readonly telemetry: Telemetry }) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#counter = electionFailures(parts.telemetry);
  }

  /** `what` was tried; `error` is why it failed, where something was thrown. */
  report(reason: ElectionFailure, what: string, error?: unknown): void {
    this.#counter.add({ reason });
    const isForbidden = error instanceof ClusterError && error.reason === 'denied';
    const message = `Leader election error: ${isForbidden ? 'Forbidden' : reason}`;
    if (this.#isRepeated(`${message} ${what}`, error)) return;
    const fields = { reason, what, ...(error === undefined ? {} : { error }) };
    if (reason === 'lost_takeover_race') this.#logger.info(message, fields);
    else if (isForbidden) this.#logger.error(message, fields);
    else this.#logger.warn(message, fields);
  }

  /** Whether the same was logged a short while ago; it is noted otherwise. */
  #isRepeated(kind: string, error: unknown): boolean {
    const cause = error instanceof Error ? error.message : String(error);
    const atMs = this.#clock.monotonic();
    const last = this.#logged.get(kind);
    if (last?.cause === cause && atMs - last.atMs < REPEAT_MS) return true;
    this.#logged.set(kind, { cause, atMs });
    return false;
  }
}
