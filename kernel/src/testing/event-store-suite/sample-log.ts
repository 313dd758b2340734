import { createHash } from 'node:crypto';
import { encodeCommit, type JsonMap, type LogEvent, ZERO_HASH } from '@rynxs/log';
import type { Batch, StoreHead } from '../../contracts/event-store.js';

/** A batch with the hash of its last record. */
export interface SampleBatch extends Batch {
  readonly headHash: string;
}

/** What an event of a sample says; everything else is filled in. */
export interface SampleEvent {
  readonly type?: string;
  readonly aggregateId?: string;
  readonly payload?: JsonMap;
}

export interface BatchPosition {
  /** Number of the first record; 0 when absent. Seq 0 is always `EpochStarted`. */
  readonly firstSeq?: number;
  /** Hash of the record before; ZERO_HASH when absent. */
  readonly prevHash?: string;
  /** 1 when absent. A batch of a higher epoch than the one before must begin with EpochStarted; see SampleLog.startEpoch. */
  readonly epoch?: number;
  readonly writer?: string;
  /** Batch id; derived from position and events when absent. */
  readonly batch?: string;
}

const STARTED_AT_MS = Date.UTC(2026, 0, 1);

/**
 * A valid commit of the given events at a position: chained, numbered, with batch id and times that follow from it,
 * so that the same arguments give the same bytes. An event given for seq 0 is preceded by `EpochStarted`.
 */
export function batchOf(events: readonly SampleEvent[], position: BatchPosition = {}): SampleBatch {
  const { firstSeq = 0, prevHash = ZERO_HASH, epoch = 1, writer = 'sample-writer' } = position;
  const all =
    firstSeq === 0 && events[0]?.type !== 'EpochStarted' ? [epochStarted(epoch, writer), ...events] : events;
  const batch = position.batch ?? digest(`${firstSeq} ${prevHash} ${JSON.stringify(events)}`).slice(0, 16);
  const ts = new Date(STARTED_AT_MS + firstSeq).toISOString();
  const commit = encodeCommit(
    all.map(
      ({ type = 'SampleObserved', aggregateId = 'samples/default/one', payload = {} }, index): LogEvent => {
        const end = index === all.length - 1 ? { end: true as const } : {};
        return {
          aggregate_id: aggregateId,
          hash_version: 'v3',
          meta: { batch, ...end, epoch, trace_id: digest(batch).slice(0, 32), writer },
          payload: { v: 1, ...payload },
          seq: firstSeq + index,
          ts,
          type,
        };
      },
    ),
    prevHash,
  );
  return commit;
}

/** A valid commit of `count` like events. */
export function sampleBatch(count: number, position: BatchPosition = {}): SampleBatch {
  const firstSeq = position.firstSeq ?? 0;
  const own = firstSeq === 0 ? count - 1 : count;
  return batchOf(
    Array.from({ length: own }, (_, index) => ({ payload: { n: firstSeq + index } })),
    position,
  );
}

/** Makes one commit after the other, as a log holds them. */
export class SampleLog {
  #nextSeq = 0;
  #hash: string | undefined;
  #epoch = 1;
  #writer = 'sample-writer';

  get head(): StoreHead {
    return { nextSeq: this.#nextSeq, hash: this.#hash };
  }

  /** The next commit, of `count` like events. */
  next(count = 1): SampleBatch {
    return this.#move(sampleBatch(count, this.#position()));
  }

  /** The next commit, of the given events. */
  nextOf(events: readonly SampleEvent[]): SampleBatch {
    return this.#move(batchOf(events, this.#position()));
  }

  /** The commit that opens the next epoch, of `count` records. */
  startEpoch(writer = `writer-${this.#epoch + 1}`, count = 1): SampleBatch {
    if (this.#nextSeq > 0) this.#epoch += 1;
    this.#writer = writer;
    const others = Array.from({ length: count - 1 }, (_, index) => ({ payload: { n: index } }));
    return this.nextOf([epochStarted(this.#epoch, writer), ...others]);
  }

  /** A log that goes on from here by itself: what another writer makes of it. */
  fork(): SampleLog {
    const fork = new SampleLog();
    fork.#nextSeq = this.#nextSeq;
    fork.#hash = this.#hash;
    fork.#epoch = this.#epoch;
    fork.#writer = this.#writer;
    return fork;
  }

  /** The next commit without moving on: what another writer would write at the same place. */
  rival(count = 1): SampleBatch {
    return batchOf(
      Array.from({ length: count }, (_, index) => ({ type: 'RivalObserved', payload: { n: index } })),
      this.#position(),
    );
  }

  #position(): BatchPosition {
    return {
      firstSeq: this.#nextSeq,
      epoch: this.#epoch,
      writer: this.#writer,
      ...(this.#hash === undefined ? {} : { prevHash: this.#hash }),
    };
  }

  #move(batch: SampleBatch): SampleBatch {
    this.#nextSeq = batch.firstSeq + batch.count;
    this.#hash = batch.headHash;
    return batch;
  }
}

function epochStarted(epoch: number, writer: string): SampleEvent {
  const payload = {
    epoch,
    holder: writer,
    log_id: 'sample-log',
    cluster_uid: 'sample-cluster',
    shard: 'default',
  };
  return { type: 'EpochStarted', aggregateId: 'log', payload };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
