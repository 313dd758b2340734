import { type Clock, ClusterError, type Counter, type Logger, type Telemetry } from '@rynxs/kernel';

/** Why a step of the election failed; a label of the metric, and a word in the log. */
export type FailureReason =
  /** A request for the Lease failed. */
  | 'api_error'
  /** The Lease was changed by others again and again while it was renewed or taken. */
  | 'conflict_retries_exhausted'
  /** A leader found that it is none any more, or could not renew before its deadline. */
  | 'lost_lease_during_renew'
  /** Another replica was faster. */
  | 'lost_takeover_race'
  /** The request that should tell what became of another one failed. */
  | 'api_error_during_retry';

const REASONS: readonly FailureReason[] = [
  'api_error',
  'conflict_retries_exhausted',
  'lost_lease_during_renew',
  'lost_takeover_race',
  'api_error_during_retry',
];

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
    this.#counter = parts.telemetry.counter({
      name: 'rynxs_leader_election_failures_total',
      help: 'Steps of the leader election that failed, by reason',
      labels: ['reason'],
      initial: REASONS.map((reason) => ({ reason })),
    });
  }

  /** `what` was tried; `error` is why it failed, where something was thrown. */
  report(reason: FailureReason, what: string, error?: unknown): void {
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
