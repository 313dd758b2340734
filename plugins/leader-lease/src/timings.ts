import { rynxsError } from '@rynxs/kernel';
import type { LeaderLeaseSettings } from './settings.js';

/** Durations of an election, in milliseconds. */
export interface LeaseTimings {
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly requestTimeoutMs: number;
  /** What a tenure stays away from the end of its claim, and how far the clocks may diverge: a request and 2 %. */
  readonly marginMs: number;
}

/** Two clocks that differ by so much in rate still agree on who leads. */
const CLOCK_DRIFT = 0.02;

/**
 * The timings that the settings name. Throws RYNXS_CONFIG_INVALID unless a leader that cannot renew has ended, with its
 * last request, before any other replica takes over, and unless one renewal may fail before it has.
 */
export function checkedTimings(settings: LeaderLeaseSettings): LeaseTimings {
  const { leaseDuration, renewDeadline, retryPeriod, requestTimeout } = settings;
  const margin = requestTimeout + CLOCK_DRIFT * leaseDuration;
  const sum = renewDeadline + retryPeriod + requestTimeout + margin;
  if (!(sum < leaseDuration)) {
    const terms = [
      `renewDeadline ${text(renewDeadline)}`,
      `retryPeriod ${text(retryPeriod)}`,
      `requestTimeout ${text(requestTimeout)}`,
      `margin ${text(margin)}`,
    ].join(' + ');
    throw invalid(
      'leaseDuration',
      'LEADER_ELECTION_LEASE_DURATION',
      `${terms} = ${text(sum)} must be less than leaseDuration ${text(leaseDuration)} (margin is requestTimeout + 2 % of leaseDuration)`,
    );
  }
  if (!(retryPeriod + requestTimeout < renewDeadline)) {
    const terms = `retryPeriod ${text(retryPeriod)} + requestTimeout ${text(requestTimeout)}`;
    throw invalid(
      'renewDeadline',
      'LEADER_ELECTION_RENEW_DEADLINE',
      `${terms} = ${text(retryPeriod + requestTimeout)} must be less than renewDeadline ${text(renewDeadline)}`,
    );
  }
  return {
    leaseDurationMs: leaseDuration,
    renewDeadlineMs: renewDeadline,
    retryPeriodMs: retryPeriod,
    requestTimeoutMs: requestTimeout,
    marginMs: margin,
  };
}

function text(ms: number): string {
  return `${Math.round(ms) / 1_000}s`;
}

function invalid(name: string, env: string, detail: string): Error {
  return rynxsError('RYNXS_CONFIG_INVALID', { setting: `leader-lease.${name}`, where: `$${env}`, detail });
}
