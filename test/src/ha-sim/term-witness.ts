import type { LogEvent } from '@rynxs/log';
import type { Scheduler } from '../sim/scheduler.js';
import type { EffectiveWrite } from './simulated-api.js';

/** How long after the fence of a newer term an older one may still be at it, at most: see `TermWitness`. */
export interface WitnessOptions {
  readonly leaseDurationMs: number;
  /** By how much the clocks of replicas drift at most. */
  readonly maxDrift: number;
}

/**
 * Sees all commits and all writes to the cluster on the servers' side, at the moment at which they take effect, and says
 * what is not as rule 12 of the leadership design has it: *no two terms make effective writes to the log or the cluster
 * in overlapping time, and every epoch in the log has one writer.* Exactly:
 *
 * - A commit is an effective write to the log. Each is of the newest epoch; each epoch but the first is one more than the
 *   one before, begins with `EpochStarted`, and has one writer in all of its records.
 * - A request is an effective write to the cluster when the object is another one afterwards (its version, or whether it
 *   exists). The election's own Lease does not count. Each belongs to the term that was asserted directly before it was
 *   sent; one without a term is a violation (rules 4 and 6).
 * - A write that takes effect within its time-out after it was sent must be of the newest term that has had an effect on
 *   the cluster, and no later than a leaseDuration after a newer term has begun in the log (rules 1, 4, 11).
 * - A write that takes effect later than that, because the network kept it while its sender was frozen or dead, cannot be
 *   kept from happening: but it must not undo what anybody has changed since it was sent (rule 7). Creations are the
 *   exception, since nothing says which absence was meant. What such writes leave behind the newest term repairs, which
 *   the simulation sees in that the cluster converges.
 */
export class TermWitness {
  readonly #scheduler: Scheduler;
  readonly #latestMs: number;
  readonly #begunAt = new Map<number, number>();
  #epoch = 0;
  #writer = '';
  /** The newest epoch that has had an effect on the cluster. */
  #actingEpoch = 0;
  /** Of the newest event. */
  #lastType = '';
  effects = 0;
  /** Effects that came later than the time-out of their request, after a newer term had acted. */
  lateEffects = 0;

  constructor(scheduler: Scheduler, { leaseDurationMs, maxDrift }: WitnessOptions) {
    this.#scheduler = scheduler;
    this.#latestMs = leaseDurationMs * (1 + 2 * maxDrift);
  }

  /** The newest epoch in the log. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the newest epoch has ended with a word of its own. */
  get hasEnded(): boolean {
    return this.#lastType === 'EpochEnded';
  }

  /** An event is in the log now. Returns what is wrong with that. */
  committed({ type, seq, meta }: LogEvent): string | undefined {
    const isStart = type === 'EpochStarted';
    const expected = isStart ? this.#epoch + 1 : this.#epoch;
    if (meta.epoch !== expected)
      return `seq ${seq} (${type}) is of epoch ${meta.epoch}, where ${expected} is due`;
    if (isStart) {
      this.#epoch = meta.epoch;
      this.#writer = meta.writer;
      this.#begunAt.set(meta.epoch, this.#scheduler.now);
    }
    this.#lastType = type;
    return meta.writer === this.#writer
      ? undefined
      : `seq ${seq} of epoch ${meta.epoch} was written by ${meta.writer}, and the epoch is ${this.#writer}'s`;
  }

  /** A write has had an effect on the cluster. Returns what is wrong with that. */
  affected({ what, sender, isLate, isOverwriting }: EffectiveWrite): string | undefined {
    this.effects += 1;
    const epoch = sender.tenure?.epoch;
    if (epoch === undefined) return `${sender.process} did ${what} without a term`;
    const who = `${sender.process}, in epoch ${epoch},`;
    if (isLate) return this.#lateEffect(epoch, isOverwriting, `${who} did ${what}`);
    if (epoch < this.#actingEpoch) return `${who} did ${what} after epoch ${this.#actingEpoch} had acted`;
    this.#actingEpoch = epoch;
    const fencedMs = this.#scheduler.now - (this.#begunAt.get(epoch + 1) ?? Number.POSITIVE_INFINITY);
    if (fencedMs > this.#latestMs) return `${who} did ${what} ${fencedMs} ms after the next epoch had begun`;
    return undefined;
  }

  #lateEffect(epoch: number, isOverwriting: boolean, what: string): string | undefined {
    const isOver = epoch < this.#actingEpoch;
    if (isOver) this.lateEffects += 1;
    if (!isOverwriting) return undefined;
    const when = isOver ? ` after epoch ${this.#actingEpoch} had acted` : '';
    return `${what}${when}, late, over a change that was made after it was sent`;
  }
}
