import type { KubernetesObject } from '@rynxs/kernel';
import { readLease } from '@rynxs/leader-lease';
import { printable } from '../terminal/printable.js';
import { formatAge } from '../terminal/quantities.js';

/** How far clocks may be apart before the difference is shown instead of an age. */
const CLOCKS_APART_MS = 2_000;

/** What the Lease says of the leader. Names are those of `rynxs leader --output json`. */
export interface LeaderReport {
  readonly namespace: string;
  readonly lease: string;
  /** Null when it was released and nobody has taken it yet. */
  readonly holder: string | null;
  /**
   * `free`: nobody holds it. `held`: the holder has renewed it in time. `looks_expired`: not, as far as the clock of this
   * machine can tell, which is an estimate: replicas go by their own clocks, and never by the times in a Lease.
   */
  readonly state: 'held' | 'looks_expired' | 'free';
  /** When the holder has taken it and renewed it last, or released it, by the holder's clock; RFC 3339. */
  readonly acquired: string | null;
  readonly renewed: string | null;
  /** How long ago that is by the clock of this machine; nobody has held a free one for any time. */
  readonly held_seconds: number | null;
  readonly renewed_seconds_ago: number | null;
  /** 0 where it does not say. */
  readonly lease_duration_seconds: number;
  /** How often it went from one holder to another. */
  readonly transitions: number;
  /** The term of the log that the holder leads in; null before it has one. */
  readonly epoch: number | null;
  readonly log_id: string | null;
  /** Who is asked to have it, empty for anybody but the holder; null when nobody asks. */
  readonly transfer_to: string | null;
}

/** Reads a Lease. `nowMs` is in milliseconds since 1970. */
export function leaderReport(lease: KubernetesObject, nowMs: number): LeaderReport {
  const { metadata } = lease;
  const record = readLease(lease);
  const holder = record.holder === '' ? null : record.holder;
  const acquired = timeOf(record.acquireTime);
  const renewed = timeOf(record.renewTime);
  const renewedMs = agoMs(renewed, nowMs);
  const isOverdue = renewedMs === null || renewedMs > record.claimMs;
  return {
    namespace: metadata.namespace ?? '',
    lease: metadata.name,
    holder,
    state: holder === null ? 'free' : isOverdue ? 'looks_expired' : 'held',
    acquired,
    renewed,
    held_seconds: holder === null ? null : secondsOf(agoMs(acquired, nowMs)),
    renewed_seconds_ago: secondsOf(renewedMs),
    lease_duration_seconds: record.claimMs / 1000,
    transitions: record.transitions,
    epoch: record.epoch ?? null,
    log_id: record.logId ?? null,
    transfer_to: record.transferTo ?? null,
  };
}

/** The report for people. */
export function formatLeaderReport(report: LeaderReport): string {
  const { namespace, lease, holder, epoch, log_id, transitions, transfer_to } = report;
  const rows: (readonly [name: string, value: string])[] = [
    ['leader', holder ?? 'none'],
    ['state', describeState(report)],
    ...(holder === null ? [] : [['since', describeTime(report.acquired, report.held_seconds)] as const]),
    [holder === null ? 'released' : 'renewed', describeTime(report.renewed, report.renewed_seconds_ago)],
    ['epoch', epoch === null ? 'not begun, or not told yet' : String(epoch)],
    ['log id', log_id ?? '-'],
    ['transitions', String(transitions)],
    ['lease', `${namespace}/${lease}`],
  ];
  if (transfer_to !== null) rows.push(['transfer to', transfer_to === '' ? 'anybody else' : transfer_to]);
  return rows.map(([name, value]) => `${name.padEnd(12)} ${printable(value)}\n`).join('');
}

/** One line, for `--watch`. `seen` is when it was seen, RFC 3339. */
export function formatLeaderLine(report: LeaderReport, seen: string): string {
  const { holder, state, epoch, transfer_to } = report;
  const asked =
    transfer_to === null ? '' : `, asked to go to ${transfer_to === '' ? 'anybody else' : transfer_to}`;
  const term = epoch === null ? '' : `, epoch ${epoch}`;
  return printable(
    `${seen} ${holder ?? 'nobody leads'}${holder === null ? '' : `: ${STATES[state]}`}${term}${asked}`,
  );
}

const STATES = { held: 'held', looks_expired: 'looks expired', free: 'free' } as const;

function describeState({ state, lease_duration_seconds: duration }: LeaderReport): string {
  switch (state) {
    case 'free':
      return 'free: it was released, and nobody has taken it yet';
    case 'held':
      return `held, as far as this machine's clock can tell: it was renewed within the ${duration} s that it lasts`;
    case 'looks_expired':
      return `looks expired by this machine's clock: it was not renewed within the ${duration} s that it lasts`;
  }
}

function describeTime(time: string | null, seconds: number | null): string {
  if (time === null || seconds === null) return '-';
  const ms = seconds * 1000;
  return ms < -CLOCKS_APART_MS
    ? `${time}, ${formatAge(-ms)} ahead of this machine's clock`
    : `${time}, ${formatAge(ms)} ago`;
}

/** A time that can be read; null for anything else. */
function timeOf(text: string | undefined): string | null {
  return text === undefined || Number.isNaN(Date.parse(text)) ? null : text;
}

function agoMs(time: string | null, nowMs: number): number | null {
  return time === null ? null : nowMs - Date.parse(time);
}

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms) / 1000;
}
