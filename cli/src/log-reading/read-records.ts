import type { EventStore } from '@rynxs/kernel';
import { ChainVerifier, type VerifiedCommit, type VerifiedLine } from '@rynxs/log';
import { readFailure } from './read-failure.js';

/** A commit with its records, verified from where reading began. Their lines are good until the next one is read. */
export interface ReadCommit {
  readonly commit: VerifiedCommit;
  readonly records: readonly VerifiedLine[];
}

/**
 * Streams whole commits from the one that holds `fromSeq`. What came before is taken on trust: `verifyLog` is what
 * checks a log. Throws RYNXS_LOG_DAMAGED at the first record that is not as it should be, RYNXS_LOG_UNAVAILABLE
 * when the store cannot be read.
 */
export async function* readCommits(
  store: EventStore,
  fromSeq: number,
  signal: AbortSignal,
): AsyncGenerator<ReadCommit, void, undefined> {
  let ready: ReadCommit[] = [];
  let records: VerifiedLine[] = [];
  const verifier = new ChainVerifier({
    fromSeq,
    onRecord: (record) => void records.push(record),
    onCommit: (commit) => {
      ready.push({ commit, records });
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
  } catch (cause) {
    yield* ready;
    signal.throwIfAborted();
    throw readFailure(store, cause);
  }
}
