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
  readonly #loggedAt = new Map<string, number>();

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
    const line = `${message} ${what}`;
    const now = this.#clock.monotonic();
    if (now - (this.#loggedAt.get(line) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    this.#loggedAt.set(line, now);
    const fields = { reason, what, ...(error === undefined ? {} : { error }) };
    if (reason === 'lost_takeover_race') this.#logger.info(message, fields);
    else if (isForbidden) this.#logger.error(message, fields);
    else this.#logger.warn(message, fields);
  }
}
