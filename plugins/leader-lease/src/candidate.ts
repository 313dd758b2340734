import { type Clock, ClusterError, type KubernetesObject, type Random } from '@rynxs/kernel';
import { Alarm } from './alarm.js';
import type { ElectionFailures } from './election-failures.js';
import { claimed, isNamed, type LeaseRecord, readLease } from './lease-record.js';
import type { LeaseRequests } from './lease-requests.js';
import type { LeaseKey, LeaseView } from './lease-view.js';
import type { WonLease } from './owned-lease.js';
import type { LeaseTimings } from './timings.js';

/** No record makes a candidate wait longer: more than this cannot be configured, so somebody has edited it. */
const MAX_CLAIM_MS = 3_600_000;
/** Conflicts in a row before a candidate waits for a whole retry period. */
const MAX_CONFLICTS = 3;
const BACKOFF_MS = 50;

export interface CandidateParts {
  readonly holder: string;
  readonly key: LeaseKey;
  readonly clock: Clock;
  readonly random: Random;
  readonly timings: LeaseTimings;
  readonly requests: LeaseRequests;
  readonly view: LeaseView;
  readonly failures: ElectionFailures;
}

/** A process that wants the Lease: watches it, and takes it when nobody has it any more. */
export class Candidate {
  readonly #parts: CandidateParts;
  readonly #alarm: Alarm;
  /** Writes that may have arrived, by their stamp. */
  readonly #attempts = new Map<string, Omit<WonLease, 'lease'>>();
  #conflicts = 0;

  constructor(parts: CandidateParts) {
    this.#parts = parts;
    this.#alarm = new Alarm(parts.clock);
  }

  /** Resolves when the Lease is this process's, or to undefined when the signal aborts. */
  async win(signal: AbortSignal): Promise<WonLease | undefined> {
    const { view } = this.#parts;
    using _ = view.onNews(() => this.#alarm.ring());
    this.#attempts.clear();
    while (!signal.aborted) {
      const { lease } = view;
      const won = lease ? this.#arrived(lease) : undefined;
      if (won !== undefined) return won;
      const jitterMs = this.#jitterMs();
      // How much longer it may still be held; then a little, so that not all candidates come at once.
      const heldMs = lease === undefined ? Number.POSITIVE_INFINITY : this.#heldMs(lease);
      if (lease !== undefined && heldMs <= 0) await this.#take(lease, signal);
      else await this.#waitForNews(heldMs + jitterMs, signal);
    }
    return undefined;
  }

  /** Waits, and asks for the Lease when its watch has told nothing for a retry period. */
  async #waitForNews(heldMs: number, signal: AbortSignal): Promise<void> {
    const { view, timings } = this.#parts;
    const untilPollMs = Math.max(0, timings.retryPeriodMs - view.silentMs);
    await this.#alarm.pause(Math.min(heldMs, untilPollMs), signal);
    if (signal.aborted || view.silentMs < timings.retryPeriodMs) return;
    await this.#look('api_error', signal);
  }

  /** Asks for the Lease. When that fails the next attempt is a retry period away. */
  async #look(reason: 'api_error' | 'api_error_during_retry', signal: AbortSignal): Promise<void> {
    const { requests, view, timings, failures } = this.#parts;
    if (!(await requests.turn(signal))) return;
    try {
      view.see(await requests.read(timings.requestTimeoutMs, signal));
    } catch (error) {
      if (signal.aborted) return;
      failures.report(reason, 'reading the Lease', error);
      await this.#rest(signal);
    }
  }

  async #take(lease: KubernetesObject | null, signal: AbortSignal): Promise<void> {
    const { holder, key, clock, timings, requests, view } = this.#parts;
    // A second look after a turn was given: it may have changed meanwhile.
    if (!(await requests.turn(signal)) || view.lease !== lease) return;
    const stamp = requests.stamp();
    const sentAt = { monotonicMs: clock.monotonic(), wallMs: clock.now() };
    this.#remember(stamp, { sentAt, holdOffMs: this.#holdOffMs(lease) });
    try {
      const claim = { holder, claimMs: timings.leaseDurationMs, stamp };
      view.see(await requests.write(claimed(lease, key, claim), timings.requestTimeoutMs, signal));
    } catch (error) {
      if (!signal.aborted) await this.#afterFailure(lease, error, signal);
    }
  }

  /** What became of it is seen by a fresh read, whatever the answer was. */
  async #afterFailure(lease: KubernetesObject | null, error: unknown, signal: AbortSignal): Promise<void> {
    const { view, failures, holder } = this.#parts;
    const reason = error instanceof ClusterError ? error.reason : 'invalid';
    const isBeaten = reason === 'conflict' || reason === 'exists' || (reason === 'missing' && lease !== null);
    if (!isBeaten) failures.report('api_error', 'taking the Lease', error);
    if (!isBeaten && reason !== 'ambiguous') return this.#rest(signal);
    await this.#look('api_error_during_retry', signal);
    if (!isBeaten || signal.aborted) return;
    const rival = view.lease ? readLease(view.lease).holder : '';
    if (rival !== '' && rival !== holder) {
      this.#conflicts = 0;
      failures.report('lost_takeover_race', 'taking the Lease', error);
      return;
    }
    this.#conflicts += 1;
    if (this.#conflicts <= MAX_CONFLICTS) return this.#backOff(signal);
    this.#conflicts = 0;
    failures.report('conflict_retries_exhausted', 'taking the Lease', error);
    await this.#rest(signal);
  }

  /** The Lease is this process's own: one of its writes has arrived, and not too long ago. */
  #arrived(lease: KubernetesObject): WonLease | undefined {
    const { holder, clock, timings } = this.#parts;
    const record = readLease(lease);
    const attempt = record.holder === holder ? this.#attempts.get(record.renewTime ?? '') : undefined;
    if (attempt === undefined) return undefined;
    const ageMs = clock.monotonic() - attempt.sentAt.monotonicMs;
    return ageMs < timings.renewDeadlineMs ? { ...attempt, lease } : undefined;
  }

  /** Forgets what has become too old to be told of. */
  #remember(stamp: string, attempt: Omit<WonLease, 'lease'>): void {
    const oldestMs = attempt.sentAt.monotonicMs - this.#parts.timings.renewDeadlineMs;
    for (const [known, { sentAt }] of this.#attempts) {
      if (sentAt.monotonicMs < oldestMs) this.#attempts.delete(known);
    }
    this.#attempts.set(stamp, attempt);
  }

  /** How much longer somebody may believe to hold it, in milliseconds; 0 or less when it may be taken. */
  #heldMs(lease: KubernetesObject | null): number {
    if (lease === null) return 0;
    const record = readLease(lease);
    const isFree = record.holder === '' && isOpenTo(record, this.#parts.holder);
    return isFree ? 0 : this.#claimMs(record) - this.#parts.view.unchangedMs;
  }

  /**
   * Who has not seen the record unchanged for as long as its holder may rely on it knows nothing of that holder: it was
   * released, or somebody has deleted, emptied or edited the Lease.
   */
  #holdOffMs(lease: KubernetesObject | null): number {
    const { view, timings } = this.#parts;
    const isWaitedOut = lease !== null && view.unchangedMs >= this.#claimMs(readLease(lease));
    return isWaitedOut ? 0 : timings.leaseDurationMs;
  }

  #claimMs({ claimMs }: LeaseRecord): number {
    return Math.max(this.#parts.timings.leaseDurationMs, Math.min(claimMs, MAX_CLAIM_MS));
  }

  #jitterMs(): number {
    return this.#parts.random.next() * 0.2 * this.#parts.timings.retryPeriodMs;
  }

  async #backOff(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts;
    await new Alarm(clock).pause(BACKOFF_MS * 2 ** this.#conflicts * (0.5 + random.next()), signal);
  }

  async #rest(signal: AbortSignal): Promise<void> {
    await new Alarm(this.#parts.clock).pause(this.#parts.timings.retryPeriodMs + this.#jitterMs(), signal);
  }
}

/** A Lease that was left to somebody is that one's for a while. */
function isOpenTo({ transferTo }: LeaseRecord, holder: string): boolean {
  return transferTo === undefined || transferTo === '' || isNamed(transferTo, holder);
}
