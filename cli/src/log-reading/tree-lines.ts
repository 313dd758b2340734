import type { EventStore } from '@rynxs/kernel';
import { ChainVerifier, Damage } from '@rynxs/log';
import { readFailure } from './read-failure.js';

/**
 * Streams the lines of a log's first `size` records, whole and verified, for whoever makes a tree of them.
 * Throws RYNXS_LOG_DAMAGED, also when the log has fewer records or no commit ends there, and RYNXS_LOG_UNAVAILABLE.
 */
export async function* readTreeLines(
  store: EventStore,
  size: number,
  signal: AbortSignal,
  onProgress: (records: number) => void = () => undefined,
): AsyncGenerator<Buffer> {
  let reached = 0;
  let endOffset: number | undefined;
  let offset = 0;
  const verifier = new ChainVerifier({
    onCommit: (commit) => {
      reached = commit.firstSeq + commit.count;
      if (reached === size) endOffset = commit.offset + commit.bytes;
    },
  });
  try {
    for await (const chunk of store.read(0, signal)) {
      verifier.push(chunk);
      const lines = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (endOffset !== undefined) {
        yield lines.subarray(0, endOffset - offset);
        return;
      }
      if (reached > size) throw notAnEnd(size);
      offset += chunk.byteLength;
      yield lines;
      onProgress(reached);
    }
    const { nextSeq, headHash } = verifier.finish();
    // Not even reached: what is known to have been there is missing.
    verifier.finish({ nextSeq: Math.max(size, nextSeq), hash: headHash });
  } catch (cause) {
    signal.throwIfAborted();
    throw readFailure(store, cause);
  }
}

function notAnEnd(size: number): Damage {
  const detail = `a checkpoint is of ${size} records, and no commit ends there: the log or the checkpoint is another one`;
  return new Damage({ kind: 'rewritten', seq: size, lastGoodSeq: undefined, offset: 0, detail });
}
