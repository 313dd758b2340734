import { Worker } from 'node:worker_threads';
import type { TreeSink } from '@rynxs/log';
import { type FilledSlot, SLOT_BYTES, SLOTS, type TreeAnswer } from './tree-slots.js';

const LF = 0x0a;

interface WaitingLines {
  readonly bytes: Uint8Array;
  readonly sizes: readonly number[];
}

/**
 * Grows a Merkle tree in a thread of its own, so that a log's chain and its tree are hashed at the same time. Lines
 * reach it through a few slots of shared memory; who gives it lines awaits `ready` before the next ones.
 */
export class TreeWorker implements AsyncDisposable {
  readonly #memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #worker = new Worker(new URL('./tree-thread.js', import.meta.url), { workerData: this.#memory });
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  #waiting: WaitingLines[] = [];
  /** Who waits for a slot, while something does. */
  #room: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;
  readonly #roots = Promise.withResolvers<ReadonlyMap<number, Buffer>>();

  constructor() {
    // That the thread ends is a failure only to who waits for its answer.
    this.#roots.promise.catch(() => undefined);
    this.#worker.on('message', (message: TreeAnswer) => this.#on(message));
    this.#worker.once('error', (error) => this.#fail(error));
    this.#worker.once('exit', (code) => this.#fail(new Error(`the hashing thread ended with code ${code}`)));
  }

  /** Takes whole lines for the tree. What finds no free slot waits, copied. */
  readonly sink: TreeSink = (lines, sizes) => {
    let wanted = sizes;
    for (let at = 0; at < lines.length; ) {
      const end = endOfSlot(lines, at);
      this.#take({ bytes: lines.subarray(at, end), sizes: wanted });
      wanted = [];
      at = end;
    }
  };

  /** Resolves when nothing waits for a slot; rejects when the thread has failed. */
  ready(): Promise<void> | undefined {
    if (this.#waiting.length === 0) return undefined;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Resolves to the roots that were asked for, and the one at the end, when all lines are hashed. */
  async roots(): Promise<ReadonlyMap<number, Buffer>> {
    await this.ready();
    this.#worker.postMessage('finish');
    return this.#roots.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #take(lines: WaitingLines): void {
    const slot = this.#waiting.length === 0 ? this.#free.pop() : undefined;
    if (slot !== undefined) {
      this.#fill(slot, lines);
      return;
    }
    this.#waiting.push({ bytes: Buffer.from(lines.bytes), sizes: lines.sizes });
  }

  #fill(slot: number, { bytes, sizes }: WaitingLines): void {
    new Uint8Array(this.#memory, slot * SLOT_BYTES, SLOT_BYTES).set(bytes);
    this.#worker.postMessage({ slot, bytes: bytes.length, sizes } satisfies FilledSlot);
  }

  #on(message: TreeAnswer): void {
    if ('roots' in message) {
      this.#roots.resolve(new Map([...message.roots].map(([size, root]) => [size, Buffer.from(root)])));
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(message.free);
    else this.#fill(message.free, next);
    if (this.#waiting.length > 0) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#room?.reject(error);
    this.#roots.reject(error);
  }
}

/** The end of the last line that fits into a slot; a record is shorter than one. */
function endOfSlot(lines: Uint8Array, start: number): number {
  if (lines.length - start <= SLOT_BYTES) return lines.length;
  return lines.lastIndexOf(LF, start + SLOT_BYTES - 1) + 1;
}
