import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError, type KubernetesObject, rynxsError } from '@rynxs/kernel';
import { isNamed, readLease, TRANSFER_ANNOTATION } from '@rynxs/leader-lease';
import type { LeaderLease } from './leader-lease.js';
import { annotated, holderOf } from './lease.js';

const POLL_MS = 100;
const MAX_UPDATE_ATTEMPTS = 10;
const WITHDRAWAL_TIMEOUT_MS = 5_000;

/** What asking for a transfer led to. Names are those of `rynxs leader transfer --output json`. */
export interface TransferReport {
  readonly from: string;
  readonly to: string;
  /** From before the request was sent until another holder was seen in the Lease. */
  readonly elapsed_ms: number;
}

export interface TransferRequest {
  /** Who is to have it: an identity, or the name of its pod; undefined for anybody but the holder. */
  readonly to: string | undefined;
  /** How long to wait for another holder, in milliseconds. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Called when the request could not be taken back, with what is left to do. */
  readonly onStanding: (advice: string) => void;
}

/**
 * Asks the leader to hand leadership over, and waits until somebody else has it. A request that nobody has fulfilled is
 * withdrawn before this throws, so that nothing happens later that nobody waits for.
 * Throws RYNXS_LEADER_NONE when nobody leads, RYNXS_LEADER_TRANSFER when nobody, or somebody else than asked for, took
 * it, ClusterError when the cluster refuses.
 */
export async function transferLeadership(
  lease: LeaderLease,
  request: TransferRequest,
): Promise<TransferReport> {
  const startedAt = performance.now();
  const { to, waitMs, signal, onStanding } = request;
  const before = await lease.read(signal);
  const from = holderOf(before);
  if (before === undefined || from === undefined) throw lease.unheld(before);
  if (to !== undefined && isNamed(to, from)) throw notTransferred(from, 'it is the one that leads already');
  try {
    await ask(lease, from, to ?? '', signal);
    const holder = await nextHolder(lease, before, from, startedAt + waitMs, signal);
    if (to !== undefined && !isNamed(to, holder)) throw notTransferred(from, `${holder} took it, not ${to}`);
    return { from, to: holder, elapsed_ms: Math.round(performance.now() - startedAt) };
  } catch (error) {
    await withdraw(lease, to ?? '', onStanding);
    signal.throwIfAborted();
    throw error;
  }
}

/** Notes the request on the Lease, unless somebody else holds it by then. */
async function ask(lease: LeaderLease, from: string, to: string, signal: AbortSignal): Promise<void> {
  await change(lease, signal, (found) =>
    holderOf(found) === from ? annotated(found, TRANSFER_ANNOTATION, to) : undefined,
  );
}

/** Takes the request back, where it still stands. */
async function withdraw(lease: LeaderLease, to: string, onStanding: (advice: string) => void): Promise<void> {
  const signal = AbortSignal.timeout(WITHDRAWAL_TIMEOUT_MS);
  try {
    await change(lease, signal, (found) =>
      readLease(found).transferTo === to ? annotated(found, TRANSFER_ANNOTATION, undefined) : undefined,
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    onStanding(
      `the request may still stand: take ${TRANSFER_ANNOTATION} from the Lease ${lease.name} (${why})`,
    );
  }
}

/** Changes the Lease as it is; the leader renews it all the time. Nothing is written when `edit` gives nothing. */
async function change(
  lease: LeaderLease,
  signal: AbortSignal,
  edit: (found: KubernetesObject) => KubernetesObject | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await lease.read(signal);
    const edited = found === undefined ? undefined : edit(found);
    if (edited === undefined) return;
    try {
      await lease.update(edited, signal);
      return;
    } catch (error) {
      const isConflict = error instanceof ClusterError && error.reason === 'conflict';
      if (!isConflict || attempt >= MAX_UPDATE_ATTEMPTS) throw error;
    }
  }
}

/** Waits until somebody else holds the Lease. An API server that does not answer meanwhile is asked again. */
async function nextHolder(
  lease: LeaderLease,
  before: KubernetesObject,
  from: string,
  deadline: number,
  signal: AbortSignal,
): Promise<string> {
  let last: KubernetesObject | undefined = before;
  while (performance.now() < deadline) {
    try {
      last = await lease.read(signal);
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
    }
    const holder = holderOf(last);
    if (holder !== undefined && holder !== from) return holder;
    if (
      last !== undefined &&
      holder === from &&
      readLease(last).acquireTime !== readLease(before).acquireTime
    ) {
      throw notTransferred(from, 'it gave it up, nobody else took it, and it leads again');
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  throw notTransferred(from, whyNobody(before, last));
}

function whyNobody(before: KubernetesObject, last: KubernetesObject | undefined): string {
  if (last === undefined) return 'its Lease is gone, and nobody has made another';
  if (holderOf(last) === undefined) return 'it gave it up, and nobody else has taken it';
  if (readLease(last).renewTime === readLease(before).renewTime) {
    return 'it has not renewed its Lease since, as one that is frozen or gone; the Lease runs out by itself';
  }
  return 'it renews its Lease, but has not answered the request';
}

function isPassing(error: unknown): boolean {
  return error instanceof ClusterError && ['throttled', 'ambiguous', 'unavailable'].includes(error.reason);
}

function notTransferred(from: string, detail: string): Error {
  return rynxsError('RYNXS_LEADER_TRANSFER', { from, detail });
}
