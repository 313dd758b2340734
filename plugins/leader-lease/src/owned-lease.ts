import { type Clock, ClusterError, type KubernetesObject, type Random } from '@rynxs/kernel';
import { Alarm } from './alarm.js';
import type { ElectionFailures } from './election-failures.js';
import { readLease, released, renewed } from './lease-record.js';
import type { LeaseRequests } from './lease-requests.js';
import type { LeaseView } from './lease-view.js';
import type { LeaseTimings } from './timings.js';

/** The moment before a request was sent. */
export interface SentAt {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** A Lease that was won. */
export interface WonLease {
  readonly lease: KubernetesObject;
  /** When the write that won it was sent. */
  readonly sentAt: SentAt;
  /** See Tenure.holdOffMs. */
  readonly holdOffMs: number;
}

export interface OwnedLeaseParts {
  readonly holder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly timings: LeaseTimings;
  readonly requests: LeaseRequests;
  readonly view: LeaseView;
  readonly failures: ElectionFailures;
}

/** Annotations to set, and with undefined to take away. */
export type AnnotationChanges = Readonly<Record<string, string | undefined>>;

const MAX_CONFLICTS = 3;
const MAX_RELEASE_ATTEMPTS = 3;
const BACKOFF_MS = 50;

/** The Lease while this process holds it: renews and releases it. */
export class OwnedLease {
  readonly #parts: OwnedLeaseParts;
  /** Renewals that may have arrived, by their stamp. */
  readonly #attempts = new Map<string, SentAt>();
  /** As it was last known to be this process's. */
  #lease: KubernetesObject;
  #renewedAt: SentAt;

  constructor(parts: OwnedLeaseParts, { lease, sentAt }: WonLease) {
    this.#parts = parts;
    this.#lease = lease;
    this.#renewedAt = sentAt;
  }

  /** When the newest renewal that is known to have arrived was sent. */
  get renewedAt(): SentAt {
    return this.#renewedAt;
  }

  /** Whether it is the same Lease, and still this process's. */
  isOwn(lease: KubernetesObject): boolean {
    return lease.metadata.uid === this.#lease.metadata.uid && readLease(lease).holder === this.#parts.holder;
  }

  /** Whether it was this tenure's when it was so: a watch that hangs tells late of an earlier one of the same process. */
  isOfThisTenure(lease: KubernetesObject): boolean {
    return this.isOwn(lease) && readLease(lease).acquireTime === readLease(this.#lease).acquireTime;
  }

  /**
   * Renews it. An answer that says nothing is no renewal until a fresh read shows that it has arrived; a conflict is tried
   * again a few times, from a fresh read. `failed`: whether it can be renewed is not known. `lost`: it is another's, or gone.
   */
  async renew(
    changes: () => AnnotationChanges,
    leftMs: () => number,
    signal: AbortSignal,
  ): Promise<'renewed' | 'failed' | 'lost'> {
    const { failures } = this.#parts;
    let conflict: unknown;
    for (let conflicts = 0; conflicts <= MAX_CONFLICTS; conflicts += 1) {
      if (conflicts > 0) await this.#backOff(conflicts, signal);
      const error = await this.#tryToRenew(changes(), leftMs, signal);
      if (error === undefined) return 'renewed';
      if (signal.aborted || leftMs() <= 0) return 'failed';
      const reason = error instanceof ClusterError ? error.reason : 'unavailable';
      const isConflict = reason === 'conflict' || reason === 'missing';
      if (!isConflict) failures.report('api_error', 'renewing the Lease', error);
      if (!isConflict && reason !== 'ambiguous') return 'failed';
      const found = await this.#verify(leftMs, signal);
      if (found !== 'own') return found;
      if (!isConflict) return 'failed';
      conflict = error;
    }
    failures.report('conflict_retries_exhausted', 'renewing the Lease', conflict);
    return 'failed';
  }

  /** Leaves it to others. Returns why it could not, as far as it is still this process's. */
  async release(signal: AbortSignal): Promise<unknown> {
    const { requests, timings, view } = this.#parts;
    let failure: unknown;
    for (let attempt = 0; attempt < MAX_RELEASE_ATTEMPTS && !signal.aborted; attempt += 1) {
      try {
        if (attempt > 0) {
          const lease = await requests.read(timings.requestTimeoutMs, signal);
          if (lease === null || !this.isOwn(lease)) return undefined;
          this.#lease = lease;
        }
        const lease = released(this.#newest(), requests.stamp());
        view.see(await requests.write(lease, timings.requestTimeoutMs, signal));
        return undefined;
      } catch (error) {
        failure = error;
      }
    }
    return failure;
  }

  /** Returns what went wrong. */
  async #tryToRenew(changes: AnnotationChanges, leftMs: () => number, signal: AbortSignal): Promise<unknown> {
    const { holder, clock, timings, requests, view } = this.#parts;
    // A timer that fires late may leave no time at all.
    if (!(await requests.turn(signal)) || leftMs() <= 0)
      return new Error('there is no time left to renew it');
    const stamp = requests.stamp();
    const sentAt = { monotonicMs: clock.monotonic(), wallMs: clock.now() };
    const lease = renewed(this.#newest(), { holder, claimMs: timings.leaseDurationMs, stamp }, changes);
    this.#attempts.set(stamp, sentAt);
    try {
      const answer = await requests.write(lease, Math.min(timings.requestTimeoutMs, leftMs()), signal);
      this.#lease = answer;
      this.#confirm(sentAt);
      view.see(answer);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Reads what has become of it: `own` when it is still this process's, and no renewal is known to have arrived. */
  async #verify(leftMs: () => number, signal: AbortSignal): Promise<'own' | 'renewed' | 'failed' | 'lost'> {
    const { requests, timings, view, failures } = this.#parts;
    if (!(await requests.turn(signal)) || leftMs() <= 0) return 'failed';
    let lease: KubernetesObject | null;
    try {
      lease = await requests.read(Math.min(timings.requestTimeoutMs, leftMs()), signal);
    } catch (error) {
      if (!signal.aborted) failures.report('api_error_during_retry', 'reading the Lease', error);
      return 'failed';
    }
    view.see(lease);
    if (lease === null || !this.isOwn(lease)) return 'lost';
    this.#lease = lease;
    const sentAt = this.#attempts.get(readLease(lease).renewTime ?? '');
    if (sentAt === undefined) return 'own';
    this.#confirm(sentAt);
    return 'renewed';
  }

  #confirm(sentAt: SentAt): void {
    if (sentAt.monotonicMs > this.#renewedAt.monotonicMs) this.#renewedAt = sentAt;
    for (const [stamp, { monotonicMs }] of this.#attempts) {
      if (monotonicMs <= sentAt.monotonicMs) this.#attempts.delete(stamp);
    }
  }

  /** With what others have written beside the record since: as long as the record is the same, theirs is the newer one. */
  #newest(): KubernetesObject {
    const { lease } = this.#parts.view;
    if (!lease || !this.isOwn(lease)) return this.#lease;
    return readLease(lease).renewTime === readLease(this.#lease).renewTime ? lease : this.#lease;
  }

  async #backOff(conflicts: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts;
    await new Alarm(clock).pause(BACKOFF_MS * 2 ** conflicts * (0.5 + random.next()), signal);
  }
}
