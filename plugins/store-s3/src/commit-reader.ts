import { Damage, MAX_BATCH_BYTES } from '@rynxs/log';
import type { CommitList, CommitsToRead, ListedCommit } from './commit-list.js';
import { LinkedAbort } from './linked-abort.js';
import type { RetryingReads } from './retrying-reads.js';
import { countLines } from './stored-commit.js';

/** Commits that are fetched ahead of the reader. None is larger than 1 MiB, so that together they have 16 MiB at most. */
const MAX_AHEAD = 16;

/**
 * The stored bytes from the commit that holds `fromSeq`, one commit after the other, MAX_AHEAD of them being fetched
 * at a time. Nothing is verified, and nothing that is stored is left out.
 */
export async function* readCommits(
  list: CommitList,
  reads: RetryingReads,
  fromSeq: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  using abort = new LinkedAbort(signal);
  const window = new FetchWindow(reads, abort.signal);
  try {
    for await (const page of list.holding(fromSeq, abort.signal)) {
      if (page.mayEndBefore) yield* loneCommit(page, reads, fromSeq, abort.signal);
      else yield* window.pass(page.commits);
    }
    yield* window.drain();
  } finally {
    abort.abort();
    await window.settled();
  }
}

/** The log's last commit, when it is not over before `fromSeq`. */
async function* loneCommit(
  { commits }: CommitsToRead,
  reads: RetryingReads,
  fromSeq: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const commit of commits) {
    const bytes = await fetchCommit(reads, commit, signal);
    if (commit.firstSeq + countLines(bytes) > fromSeq) yield bytes;
  }
}

/** Fetches that run ahead, in the order in which they are to be read. */
class FetchWindow {
  readonly #reads: RetryingReads;
  readonly #signal: AbortSignal;
  readonly #ahead: Promise<Uint8Array>[] = [];

  constructor(reads: RetryingReads, signal: AbortSignal) {
    this.#reads = reads;
    this.#signal = signal;
  }

  /** Starts a fetch for each of `commits`, giving out what has to make room for it. */
  async *pass(commits: readonly ListedCommit[]): AsyncGenerator<Uint8Array> {
    for (const commit of commits) {
      if (this.#ahead.length === MAX_AHEAD) yield await this.#next();
      this.#start(commit);
    }
  }

  async *drain(): AsyncGenerator<Uint8Array> {
    while (this.#ahead.length > 0) yield await this.#next();
  }

  /** Resolves when no request is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#ahead);
  }

  #start(commit: ListedCommit): void {
    const bytes = fetchCommit(this.#reads, commit, this.#signal);
    // It is awaited in its turn.
    bytes.catch(() => undefined);
    this.#ahead.push(bytes);
  }

  async #next(): Promise<Uint8Array> {
    const [fetch] = this.#ahead;
    if (fetch === undefined) throw new RangeError('nothing was fetched');
    const bytes = await fetch;
    this.#ahead.shift();
    this.#signal.throwIfAborted();
    return bytes;
  }
}

/** The bytes of a listed commit. Throws Damage for one that is gone, or larger than commits may be. */
export async function fetchCommit(
  reads: RetryingReads,
  { key, firstSeq, size }: ListedCommit,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const damage = (kind: 'gap' | 'too_large', detail: string): Damage =>
    new Damage({
      kind,
      seq: firstSeq,
      lastGoodSeq: firstSeq > 0 ? firstSeq - 1 : undefined,
      offset: 0,
      detail,
    });
  if (size > MAX_BATCH_BYTES) {
    throw damage(
      'too_large',
      `the object ${key} has ${size} bytes: no commit has more than ${MAX_BATCH_BYTES}`,
    );
  }
  const bytes = await reads.get(key, MAX_BATCH_BYTES, signal);
  if (bytes === undefined) throw damage('gap', `the object ${key} was listed and is gone: it was deleted`);
  return bytes;
}
