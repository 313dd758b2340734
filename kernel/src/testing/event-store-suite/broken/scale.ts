import { MAX_BATCH_BYTES } from '@rynxs/log';
import type { Batch, ListOptions } from '../../../contracts/event-store.js';
import { BreakableStore, type Broken } from './breakable-store.js';

export const BROKEN_SCALE: Readonly<Record<string, Broken>> = {
  'finds everything among more commits than are listed at once': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      let commits = 0;
      for await (const chunk of super.read(fromSeq, signal)) if (++commits <= 1_000) yield chunk;
    }
  },
  'lists more objects than are listed at once, also page by page': class extends BreakableStore {
    override async listObjects(
      prefix: string,
      signal: AbortSignal,
      options: ListOptions = {},
    ): Promise<readonly string[]> {
      return super.listObjects(prefix, signal, {
        ...options,
        limit: Math.min(options.limit ?? 1_000, 1_000),
      });
    }
  },
  'takes the largest commits and the smallest in turn': class extends BreakableStore {
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      return this.appendOther(batch, signal, (bytes) => bytes.subarray(0, MAX_BATCH_BYTES - 1));
    }
  },
  'holds a small part of a large log in memory for a reader that pauses': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const chunks: Uint8Array[] = [];
      for await (const chunk of super.read(fromSeq, signal)) chunks.push(chunk);
      yield* chunks;
    }
  },
};
