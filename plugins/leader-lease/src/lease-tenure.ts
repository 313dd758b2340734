import { type Logger, rynxsError, type Tenure } from '@rynxs/kernel';
import { Alarm } from './alarm.js';
import {
  EPOCH_ANNOTATION,
  isNamed,
  type LeaseRecord,
  LOG_ID_ANNOTATION,
  readLease,
  TRANSFER_ANNOTATION,
} from './lease-record.js';
import { type AnnotationChanges, OwnedLease, type OwnedLeaseParts, type WonLease } from './owned-lease.js';

export interface TenureParts extends OwnedLeaseParts {
  readonly logger: Logger;
}

/**
 * The time during which a Lease that was won is this process's. It ends at a deadline on the monotonic clock, counted from
 * before the last successful renewal was sent; no request that hangs, and no timer that fires late, moves it.
 */
export class LeaseTenure implements Tenure {
  readonly holder: string;
  readonly writeTimeoutMs: number;
  readonly holdOffMs: number;
  readonly #parts: TenureParts;
  readonly #lease: OwnedLease;
  /** What the Lease said when it was won. */
  readonly #found: LeaseRecord;
  readonly #ended = new AbortController();
  readonly #handover = new AbortController();
  readonly #alarm: Alarm;
  readonly #listening: Disposable;
  readonly #renewing: Promise<void>;
  #deadline: Disposable | undefined;
  #term: AnnotationChanges = {};
  /** Somebody asks to hand over to the holder itself. */
  #isTransferMoot = false;
  #released: Promise<void> | undefined;

  constructor(parts: TenureParts, won: WonLease) {
    this.#parts = parts;
    this.holder = parts.holder;
    this.writeTimeoutMs = parts.timings.requestTimeoutMs;
    this.holdOffMs = won.holdOffMs;
    this.#lease = new OwnedLease(parts, won);
    this.#found = readLease(won.lease);
    this.#alarm = new Alarm(parts.clock);
    this.#listening = parts.view.onNews(() => this.#onNews());
    this.#watchDeadline();
    this.#renewing = this.#keepRenewing();
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get handover(): AbortSignal {
    return this.#handover.signal;
  }

  assert(remainingMs: number): void {
    this.#endWhenOver();
    this.signal.throwIfAborted();
    const leftMs = this.#leftMs();
    if (remainingMs <= leftMs) return;
    const detail = `${Math.floor(leftMs)} ms are left of it, ${remainingMs} ms are needed`;
    throw rynxsError('RYNXS_LEADERSHIP_LOST', { detail });
  }

  announce({ epoch, logId }: { readonly epoch: number; readonly logId: string }): void {
    const { logId: before } = this.#found;
    if (before !== undefined && before !== logId) {
      this.#parts.logger.warn('the leader before wrote another log: replicas of one Lease must share one', {
        logId,
        before,
      });
    }
    this.#term = { [EPOCH_ANNOTATION]: `${epoch}`, [LOG_ID_ANNOTATION]: logId };
    this.#alarm.ring();
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  /** How long it lasts for sure, in milliseconds; 0 or less when it is over. */
  #leftMs(): number {
    const { clock, timings } = this.#parts;
    const lengthMs = Math.min(timings.renewDeadlineMs, timings.leaseDurationMs - timings.marginMs);
    return this.#lease.renewedAt.monotonicMs + lengthMs - clock.monotonic();
  }

  /** The monotonic clock of a host that was suspended may have stood still; the wall clock tells. */
  #haveClocksDiverged(): boolean {
    const { clock, timings } = this.#parts;
    const { monotonicMs, wallMs } = this.#lease.renewedAt;
    const divergenceMs = clock.now() - wallMs - (clock.monotonic() - monotonicMs);
    return Math.abs(divergenceMs) > timings.marginMs;
  }

  #endWhenOver(): void {
    if (this.#leftMs() <= 0) this.#lose('the Lease was not renewed before the deadline');
    else if (this.#haveClocksDiverged()) this.#lose('the clocks have jumped since the Lease was renewed');
  }

  #lose(detail: string): void {
    if (this.signal.aborted) return;
    this.#end(detail);
    this.#parts.failures.report('lost_lease_during_renew', detail);
  }

  #end(detail: string): void {
    this.#deadline?.[Symbol.dispose]();
    this.#listening[Symbol.dispose]();
    this.#ended.abort(rynxsError('RYNXS_LEADERSHIP_LOST', { detail }));
  }

  /** Ends it when its time has come, also when nobody asserts anything. */
  #watchDeadline(): void {
    this.#deadline = this.#parts.clock.schedule(Math.max(0, this.#leftMs()), () => {
      if (this.#leftMs() > 0) this.#watchDeadline();
      else this.#endWhenOver();
    });
  }

  async #keepRenewing(): Promise<void> {
    const { clock, random, timings } = this.#parts;
    const { signal } = this;
    let begunAt = this.#lease.renewedAt.monotonicMs;
    while (!signal.aborted) {
      const dueAt = begunAt + timings.retryPeriodMs * (1 - 0.1 * random.next());
      await this.#alarm.pause(dueAt - clock.monotonic(), signal);
      begunAt = clock.monotonic();
      const isMoot = this.#isTransferMoot;
      const changes = () => ({ ...this.#term, ...(isMoot ? { [TRANSFER_ANNOTATION]: undefined } : {}) });
      const outcome = await this.#lease.renew(changes, () => this.#leftMs(), signal);
      if (outcome === 'renewed' && isMoot) this.#isTransferMoot = false;
      if (outcome === 'lost') this.#lose('somebody else has the Lease, or it was deleted');
    }
  }

  #onNews(): void {
    const { lease } = this.#parts.view;
    // Whatever the watch says, only a renewal decides whether it is lost: news may be old.
    if (!lease || !this.#lease.isOwn(lease)) this.#alarm.ring();
    else if (this.#lease.isOfThisTenure(lease)) this.#heedTransfer(readLease(lease).transferTo);
  }

  #heedTransfer(to: string | undefined): void {
    if (to === undefined || this.#handover.signal.aborted) return;
    if (isNamed(to, this.holder)) {
      if (!this.#isTransferMoot) this.#alarm.ring();
      this.#isTransferMoot = true;
      return;
    }
    const detail = `it is handed over to ${to === '' ? 'another replica' : to}, as was asked for`;
    this.#parts.logger.info('handing leadership over', { to: to === '' ? 'another replica' : to });
    this.#handover.abort(rynxsError('RYNXS_LEADERSHIP_LOST', { detail }));
  }

  async #release(): Promise<void> {
    const { clock, timings, logger } = this.#parts;
    const wasLost = this.signal.aborted;
    this.#end('it was released');
    await this.#renewing;
    if (wasLost) return;
    const overdue = new AbortController();
    using _ = clock.schedule(2 * timings.requestTimeoutMs, () =>
      overdue.abort(new Error('it takes too long')),
    );
    const error = await this.#lease.release(overdue.signal);
    if (error === undefined) logger.info('leadership was released', { holder: this.holder });
    else logger.warn('the Lease could not be released; it expires by itself', { error });
  }
}
