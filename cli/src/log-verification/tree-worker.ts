import { LineFeed } from '@rynxs/kernel/threads';
import type { TreeSink } from '@rynxs/log';

/**
 * Grows a Merkle tree in a thread of its own, so that a log's chain and its tree are hashed at the same time. Who gives it
 * lines awaits `ready` before the next ones.
 */
export class TreeWorker implements AsyncDisposable {
  readonly #roots = Promise.withResolvers<ReadonlyMap<number, Buffer>>();
  readonly #feed = new LineFeed<ReadonlyMap<number, Uint8Array>, readonly number[]>(
    new URL('./tree-thread.js', import.meta.url),
    {
      onAnswer: (roots) =>
        this.#roots.resolve(new Map([...roots].map(([size, root]) => [size, Buffer.from(root)]))),
      onFailure: (error) => this.#roots.reject(new Error('the tree is not hashed', { cause: error })),
    },
  );

  constructor() {
    // That the thread ends is a failure only to who waits for its answer.
    this.#roots.promise.catch(() => undefined);
  }

  /** Takes whole lines for the tree. What finds no room waits, copied. */
  readonly sink: TreeSink = (lines, sizes) => this.#feed.give(lines, sizes);

  /** Resolves when there is room again, undefined while there is; rejects when the thread has failed. */
  ready(): Promise<void> | undefined {
    return this.#feed.ready();
  }

  /** Resolves to the roots that were asked for, and the one at the end, when all lines are hashed. */
  async roots(): Promise<ReadonlyMap<number, Buffer>> {
    await this.#feed.tell('finish');
    return this.#roots.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed[Symbol.asyncDispose]();
  }
}
