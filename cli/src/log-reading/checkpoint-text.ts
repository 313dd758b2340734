import { rynxsError } from '@rynxs/kernel';
import { type CheckpointNote, NoteError, parseCheckpointNote } from '@rynxs/log';

/** A checkpoint with its signatures, none of which has been verified. */
export interface ReadCheckpoint extends CheckpointNote {
  readonly text: string;
}

/** Reads a checkpoint; an unsigned one is its text and a blank line. Throws RYNXS_CHECKPOINT_INVALID. */
export function readCheckpoint(text: string, name: string): ReadCheckpoint {
  try {
    return { ...parseCheckpointNote(text), text };
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause;
    throw rynxsError('RYNXS_CHECKPOINT_INVALID', { name, detail: cause.message }, { cause });
  }
}
