import { formatKeptNote, parseKeptNote } from '../note/kept-note.js';
import type { NoteSigner } from '../note/note-signer.js';
import type { SignedNote } from '../note/signed-note.js';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.js';

/** A checkpoint with the note that it was read from. */
export interface CheckpointNote extends Checkpoint {
  /** Without signatures when nobody has signed it. */
  readonly note: SignedNote;
}

/**
 * A checkpoint as it is kept: signed under the log's origin or, without a key, its text and a blank line, which is what a note
 * is before anyone has signed it.
 */
export function formatCheckpointNote(
  checkpoint: Pick<Checkpoint, 'origin' | 'size' | 'root'>,
  signers: readonly NoteSigner[],
): string {
  return formatKeptNote(formatCheckpoint(checkpoint), checkpoint.origin, signers);
}

/** Reads what `formatCheckpointNote` wrote; no signature is verified. Throws NoteError. */
export function parseCheckpointNote(text: string): CheckpointNote {
  const note = parseKeptNote(text);
  return { ...parseCheckpoint(note.text), note };
}
