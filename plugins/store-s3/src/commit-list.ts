import { MAX_BATCH_RECORDS, MAX_SEQ } from '@rynxs/log';
import type { ObjectKeys } from './object-keys.js';
import { MAX_LIST_KEYS } from './object-storage.js';
import type { RetryingReads } from './retrying-reads.js';

/** A commit's object, as a listing tells of it. */
export interface ListedCommit {
  readonly firstSeq: number;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

export interface CommitPage {
  /** By rising number. */
  readonly commits: readonly ListedCommit[];
  /** Whether the log ended here when the page was listed. */
  readonly isLast: boolean;
}

export interface CommitsToRead {
  readonly commits: readonly ListedCommit[];
  /** It is the log's last commit alone, and it may end before what was asked for. */
  readonly mayEndBefore: boolean;
}

/** The commits of a log, by listing keys. Whatever else stands among the keys is passed over. */
export class CommitList {
  readonly #reads: RetryingReads;
  readonly #keys: ObjectKeys;

  constructor(reads: RetryingReads, keys: ObjectKeys) {
    this.#reads = reads;
    this.#keys = keys;
  }

  /** One page of the commits that begin with `seq` or later. It is empty only where the log has ended. */
  async from(seq: number, signal: AbortSignal): Promise<CommitPage> {
    if (seq > MAX_SEQ) return { commits: [], isLast: true };
    let startAfter = this.#keys.before(seq);
    for (;;) {
      const query = { prefix: this.#keys.root, startAfter, limit: MAX_LIST_KEYS };
      const { objects, isTruncated } = await this.#reads.list(query, signal);
      const commits = objects.flatMap(({ key, size }) => {
        const firstSeq = this.#keys.seqOf(key);
        return firstSeq === undefined ? [] : [{ firstSeq, key, size }];
      });
      const lastKey = objects.at(-1)?.key;
      const isLast = !isTruncated || lastKey === undefined || this.#keys.isBehindCommits(lastKey);
      if (commits.length > 0 || isLast) return { commits, isLast };
      startAfter = lastKey;
    }
  }

  /**
   * The commits from the one that holds `seq`, page by page, up to the end of the log. While one page is used, the next
   * one is listed. Where a commit is missing, the one before the hole comes first, so that who verifies sees it.
   */
  async *holding(seq: number, signal: AbortSignal): AsyncGenerator<CommitsToRead> {
    // A commit that holds seq begins at most so many records before it.
    const start = Math.max(0, seq - MAX_BATCH_RECORDS + 1);
    let { commits, isLast } = await this.from(start, signal);
    let lastSeq = commits.at(-1)?.firstSeq ?? seq;
    // A page may end before `seq` where keys that are no commits stand between.
    while (!isLast && lastSeq < seq) {
      const next = await this.from(lastSeq + 1, signal);
      commits = [...commits.slice(-1), ...next.commits];
      isLast = next.isLast;
      lastSeq = commits.at(-1)?.firstSeq ?? seq;
    }
    commits = commits.slice(firstToRead(commits, seq));
    yield* this.#pages({ commits, isLast }, seq, signal);
  }

  async *#pages(firstPage: CommitPage, seq: number, signal: AbortSignal): AsyncGenerator<CommitsToRead> {
    let { commits, isLast } = firstPage;
    let mayEndBefore = isLast && commits.length === 1 && (commits[0]?.firstSeq ?? 0) < seq;
    while (commits.length > 0) {
      const last = commits.at(-1)?.firstSeq ?? 0;
      const next = isLast ? undefined : this.from(last + 1, signal);
      // Nobody waits for it while the page is used.
      next?.catch(() => undefined);
      yield { commits, mayEndBefore };
      if (next === undefined) return;
      ({ commits, isLast } = await next);
      mayEndBefore = false;
    }
  }
}

/** Index of the last commit that begins at or before `seq`; of the first one when all begin later. */
function firstToRead(commits: readonly ListedCommit[], seq: number): number {
  const later = commits.findIndex((commit) => commit.firstSeq > seq);
  return Math.max(0, (later < 0 ? commits.length : later) - 1);
}
