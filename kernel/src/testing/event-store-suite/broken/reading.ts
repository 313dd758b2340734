import type { Batch } from '../../../contracts/event-store.js';
import type { MemoryStorage } from '../memory-event-store.js';
import { BreakableStore, type Broken } from './breakable-store.js';

export const BROKEN_READING: Readonly<Record<string, Broken>> = {
  'begins with the commit that holds the number asked for': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      for await (const chunk of super.read(fromSeq, signal)) {
        const lines = Buffer.from(chunk)
          .toString()
          .split(/(?<=\n)/);
        yield Buffer.from(lines.filter((line) => Number(/"seq":(\d+)/.exec(line)?.[1]) >= fromSeq).join(''));
      }
    }
  },
  'finds any number of a long log': class extends BreakableStore {
    override read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      return super.read(fromSeq > 2_000 ? fromSeq - 900 : fromSeq, signal);
    }
  },
  'reads nothing at and beyond the head': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const { nextSeq } = await this.head(signal);
      yield* super.read(Math.min(fromSeq, nextSeq - 1), signal);
    }
  },
  "cuts chunks at lines' ends and nowhere else": class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      for await (const chunk of super.read(fromSeq, signal)) {
        for (let at = 0; at < chunk.length; at += 65_536) yield chunk.subarray(at, at + 65_536);
      }
    }
  },
  'leaves a chunk alone once it was given': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const memory = Buffer.alloc(1_048_576);
      for await (const chunk of super.read(fromSeq, signal)) {
        memory.set(chunk);
        yield memory.subarray(0, chunk.length);
      }
    }
  },
  'is read by several at once, and by one who stops early': class extends BreakableStore {
    #isReading = false;
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      if (this.#isReading) throw new Error('another one is reading');
      this.#isReading = true;
      yield* super.read(fromSeq, signal);
      this.#isReading = false;
    }
  },
  'is read by an instance that did not open it, while another writes': class extends BreakableStore {
    #commits: MemoryStorage['commits'] | undefined;
    override async *read(fromSeq: number): AsyncGenerator<Uint8Array> {
      this.#commits ??= [...this.storage.commits];
      for (const { firstSeq, count, bytes } of this.#commits) if (firstSeq + count > fromSeq) yield bytes;
    }
  },
  'shows whole commits only, and none that is acknowledged too late': class extends BreakableStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      const { firstSeq, count, bytes } = batch;
      const half = Buffer.from(bytes.subarray(0, Math.floor(bytes.length / 2)));
      this.storage.commits.push({ firstSeq, count, bytes: half });
      await new Promise(setImmediate);
      this.storage.commits.pop();
      await super.append(batch, signal);
    }
  },
};
