import { rynxsError } from '@rynxs/kernel';
import { type Checkpoint, NoteError, parseCheckpoint, parseNote, type SignedNote } from '@rynxs/log';

/** A checkpoint with its signatures, none of which has been verified. */
export interface ReadCheckpoint extends Checkpoint {
  readonly text: string;
  readonly note: SignedNote;
}

/** Reads a checkpoint; an unsigned one is its text and a blank line. Throws RYNXS_CHECKPOINT_INVALID. */
export function readCheckpoint(text: string, name: string): ReadCheckpoint {
  try {
    const note = text.endsWith('\n\n') ? { text: text.slice(0, -1), signatures: [] } : parseNote(text);
    return { ...parseCheckpoint(note.text), text, note };
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause;
    throw rynxsError('RYNXS_CHECKPOINT_INVALID', { name, detail: cause.message }, { cause });
  }
}
