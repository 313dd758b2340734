import type { EventStore } from '@rynxs/kernel';
import {
  ChainVerifier,
  type ChainVerifierOptions,
  type TermPosition,
  type VerifiedCommit,
  type VerifiedLine,
} from '@rynxs/log';
import { readFailure } from './read-failure.js';

/** A commit with its records, verified from where reading began. Their lines are good until the next one is read. */
export interface ReadCommit {
  readonly commit: VerifiedCommit;
  /** All of them, or those that were selected. */
  readonly records: readonly VerifiedLine[];
  /** The term that the commit stands in. */
  readonly term: Omit<TermPosition, 'logId'>;
}

/**
 * Streams whole commits from the one that holds `fromSeq`. What came before is taken on trust: `verifyLog` is what
 * checks a log. With `selects` only those records are handed over, and only those are read, but all are verified.
 * Throws RYNXS_LOG_DAMAGED at the first record that is not as it should be, RYNXS_LOG_UNAVAILABLE when the store
 * cannot be read.
 */
export async function* readCommits(
  store: EventStore,
  fromSeq: number,
  signal: AbortSignal,
  selects?: NonNullable<ChainVerifierOptions['selects']>,
): AsyncGenerator<ReadCommit, void, undefined> {
  let ready: ReadCommit[] = [];
  let records: VerifiedLine[] = [];
  const verifier = new ChainVerifier({
    fromSeq,
    ...(selects === undefined ? {} : { selects }),
    onRecord: (record) => void records.push(record),
    onCommit: (commit) => {
      ready.push({ commit, records, term: verifier.term });
      records = [];
    },
  });
  try {
    for await (const chunk of store.read(fromSeq, signal)) {
      verifier.push(chunk);
      const commits = ready;
      ready = [];
      yield* commits;
    }
    // A record that is missing is looked for in those after it, up to the end.
    verifier.finish();
  } catch (cause) {
    yield* ready;
    signal.throwIfAborted();
    throw readFailure(store, cause);
  }
}
