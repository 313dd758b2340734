/** Of a leader election, in milliseconds. */
export interface Timings {
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly requestTimeoutMs: number;
  /** How long a process is stopped where it stands. */
  readonly freezeMs: number;
  /** How long a replica is cut off from its log, at least, when it is for long. */
  readonly logLossMs: number;
}

/**
 * `default`: as the operator comes, and cut off from its log for longer than the 30 s for which it hopes. `short`: the
 * same in less time, but without that, as that hope is no setting. Both obey rule 3 of leader election.
 */
export const TIMINGS = {
  default: {
    leaseDurationMs: 15_000,
    renewDeadlineMs: 10_000,
    retryPeriodMs: 2_000,
    requestTimeoutMs: 1_200,
    freezeMs: 60_000,
    logLossMs: 32_000,
  },
  short: {
    leaseDurationMs: 6_000,
    renewDeadlineMs: 3_000,
    retryPeriodMs: 700,
    requestTimeoutMs: 900,
    freezeMs: 12_000,
    logLossMs: 8_000,
  },
} as const satisfies Readonly<Record<string, Timings>>;
export type TimingsName = keyof typeof TIMINGS;

/** As the operator's settings say them. */
export function settingsOf(timings: Timings): Readonly<Record<string, string>> {
  return {
    LEADER_ELECTION_LEASE_DURATION: `${timings.leaseDurationMs}ms`,
    LEADER_ELECTION_RENEW_DEADLINE: `${timings.renewDeadlineMs}ms`,
    LEADER_ELECTION_RETRY_PERIOD: `${timings.retryPeriodMs}ms`,
    LEADER_ELECTION_REQUEST_TIMEOUT: `${timings.requestTimeoutMs}ms`,
  };
}
