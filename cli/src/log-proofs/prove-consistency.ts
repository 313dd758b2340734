import type { EventStore } from '@rynxs/kernel';
import { consistencyRanges, formatConsistencyProof, SubtreeHasher, verifyConsistency } from '@rynxs/log';
import type { ReadCheckpoint } from '../log-reading/checkpoint-text.js';
import { readTreeLines } from '../log-reading/tree-lines.js';

/** A consistency proof, and what it says of the old tree. */
export interface ProvenConsistency {
  readonly proof: string;
  readonly oldRoot: Buffer;
}

/**
 * The proof that the tree of a checkpoint begins with the one of `oldSize` records, from one pass over the log in constant
 * memory; undefined when the log does not have the checkpoint's root.
 */
export async function proveConsistency(
  store: EventStore,
  oldSize: number,
  checkpoint: ReadCheckpoint,
  signal: AbortSignal,
  onProgress: (records: number) => void,
): Promise<ProvenConsistency | undefined> {
  const { size: newSize, root: newRoot, text } = checkpoint;
  const hasher = new SubtreeHasher([{ start: 0, end: oldSize }, ...consistencyRanges(oldSize, newSize)]);
  for await (const lines of readTreeLines(store, newSize, signal, onProgress)) hasher.appendLines(lines);
  const [oldRoot = Buffer.alloc(0), ...path] = hasher.hashes();
  if (!verifyConsistency({ oldSize, newSize, oldRoot, newRoot, path })) return undefined;
  return { proof: formatConsistencyProof({ oldSize, oldRoot, path, checkpoint: text }), oldRoot };
}
