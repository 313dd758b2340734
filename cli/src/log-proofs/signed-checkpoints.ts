import type { EventStore } from '@rynxs/kernel';
import type { NoteVerifier } from '@rynxs/log';
import { newestCheckpoints } from '../log-reading/checkpoint-notes.js';
import { type ReadCheckpoint, readCheckpoint } from '../log-reading/checkpoint-text.js';

/** The sizes that a checkpoint may have, both included. */
export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

/**
 * The newest signed checkpoints beside a log of `nextSeq` records whose size is in the range, newest first: by one of
 * `trusted`, where keys are given, else by anybody. That they agree with the log is not checked.
 */
export async function signedCheckpoints(
  store: EventStore,
  nextSeq: number,
  { min, max }: SizeRange,
  trusted: readonly NoteVerifier[],
  signal: AbortSignal,
): Promise<readonly ReadCheckpoint[]> {
  const notes = await newestCheckpoints(store, nextSeq, trusted, signal);
  return notes
    .flatMap(({ name, text }) => readable(text, name))
    .filter(({ size, note }) => size >= min && size <= max && note.signatures.length > 0)
    .filter(({ origin, note }) => trusted.length === 0 || trusted.some((key) => key.verifyAs(origin, note)));
}

/** What cannot be read is nobody's checkpoint; `rynxs log verify` tells of it. */
function readable(text: string, name: string): readonly ReadCheckpoint[] {
  try {
    return [readCheckpoint(text, name)];
  } catch {
    return [];
  }
}
