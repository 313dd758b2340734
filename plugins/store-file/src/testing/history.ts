import { createHash } from 'node:crypto';
import type { EventStore, Logger } from '@rynxs/kernel';
import { type SampleBatch, sampleBatch } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { FileEventStore } from '../file-event-store.js';
import type { SimulatedDisk } from './simulated-disk.js';

export const DIR = '/var/lib/rynxs/logs';
export const SIGNAL: AbortSignal = new AbortController().signal;

/** A store in the process that lives now. */
export function storeOnDisk(disk: SimulatedDisk, segmentSize: number, logger?: Logger): FileEventStore {
  const takeLock = async () => ({ release: async () => {} });
  return new FileEventStore({ dir: DIR, segmentSize }, logger, undefined, {
    files: disk.process(),
    takeLock,
  });
}

export function sha256Of(bytes: Uint8Array = Buffer.alloc(0)): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function readAll(store: EventStore, fromSeq = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(fromSeq, SIGNAL)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Numbers from 0 to 1 that follow from a seed. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What writers know of the log, over several processes. */
export class History {
  /** Commits of which somebody was told that they are durable, in order. */
  readonly acknowledged: SampleBatch[] = [];
  /** The commit that was sent last, while nobody knows about it. */
  inDoubt: SampleBatch | undefined;
  readonly objects: string[] = [];
  #attempts = 0;

  get nextSeq(): number {
    return this.acknowledged.reduce((seq, { count }) => seq + count, 0);
  }

  next(count: number): SampleBatch {
    const { nextSeq } = this;
    const prevHash = this.acknowledged.at(-1)?.headHash;
    const batch = `attempt ${this.#attempts++}`;
    this.inDoubt = sampleBatch(count, {
      firstSeq: nextSeq,
      batch,
      ...(prevHash === undefined ? {} : { prevHash }),
    });
    return this.inDoubt;
  }

  acknowledge(batch: SampleBatch): void {
    this.acknowledged.push(batch);
    this.inDoubt = undefined;
  }

  /** Takes over what a new process has found: exactly what was acknowledged, and perhaps the commit in doubt. */
  reconcile(stored: Buffer): void {
    const certain = Buffer.concat(this.acknowledged.map(({ bytes }) => bytes));
    expect(
      stored.subarray(0, certain.length).equals(certain),
      'whether everything acknowledged is there',
    ).to.equal(true);
    const { inDoubt } = this;
    if (stored.length > certain.length) {
      const rest = stored.subarray(certain.length);
      expect(
        inDoubt !== undefined && rest.equals(inDoubt.bytes),
        'whether the rest is the commit in doubt',
      ).to.equal(true);
      if (inDoubt !== undefined) this.acknowledge(inDoubt);
    }
    this.inDoubt = undefined;
  }
}
