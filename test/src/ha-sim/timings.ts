import type { Random } from '@rynxs/kernel';

/** How the election of a simulation is configured. */
export interface Timings {
  readonly leaseDurationMs: number;
  /** As a user would write it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Lease duration, renew deadline, retry period and request time-out, in milliseconds: all of them are accepted. */
const CONFIGURATIONS = [
  [15_000, 10_000, 2_000, 1_200],
  [15_000, 11_800, 500, 1_000],
  [6_000, 3_600, 600, 500],
  [30_000, 15_000, 5_000, 4_000],
] as const;

export function drawTimings(random: Random): Timings {
  // The defaults as often as all others.
  const index = random.next() < 0.5 ? 0 : Math.floor(random.next() * CONFIGURATIONS.length);
  const [leaseDurationMs, renewDeadlineMs, retryPeriodMs, requestTimeoutMs] =
    CONFIGURATIONS[index] ?? CONFIGURATIONS[0];
  return {
    leaseDurationMs,
    env: {
      LEADERSHIP_TYPE: 'lease',
      LEADER_ELECTION_LEASE_DURATION: `${leaseDurationMs}ms`,
      LEADER_ELECTION_RENEW_DEADLINE: `${renewDeadlineMs}ms`,
      LEADER_ELECTION_RETRY_PERIOD: `${retryPeriodMs}ms`,
      LEADER_ELECTION_REQUEST_TIMEOUT: `${requestTimeoutMs}ms`,
    },
  };
}
