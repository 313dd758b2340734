import type { Counter, Telemetry } from '../contracts/telemetry.js';

/** Why a step of a leader election failed; a label of the metric, and a word in the log. */
export type ElectionFailure =
  /** A request to where the election is held failed. */
  | 'api_error'
  /** The record of who leads was changed by others again and again while it was renewed or taken. */
  | 'conflict_retries_exhausted'
  /** A leader found that it is none any more, or could not renew before its deadline. */
  | 'lost_lease_during_renew'
  /** Another replica was faster. */
  | 'lost_takeover_race'
  /** The request that should tell what became of another one failed. */
  | 'api_error_during_retry';

const FAILURES: readonly ElectionFailure[] = [
  'api_error',
  'conflict_retries_exhausted',
  'lost_lease_during_renew',
  'lost_takeover_race',
  'api_error_during_retry',
];

/** Counts what fails in an election, by `reason`. All reasons are there from the start, whoever asks first. */
export function electionFailures(telemetry: Telemetry): Counter {
  return telemetry.counter({
    name: 'rynxs_leader_election_failures_total',
    help: 'Steps of the leader election that failed, by reason',
    labels: ['reason'],
    initial: FAILURES.map((reason) => ({ reason })),
  });
}
