import type { NoteSigner } from '../note/note-signer.js';
import { formatNote, parseNote, type SignedNote } from '../note/signed-note.js';
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
  const text = formatCheckpoint(checkpoint);
  if (signers.length === 0) return `${text}\n`;
  const unsigned: SignedNote = { text, signatures: [] };
  return formatNote(signers.reduce((note, signer) => signer.named(checkpoint.origin).addTo(note), unsigned));
}

/** Reads what `formatCheckpointNote` wrote; no signature is verified. Throws NoteError. */
export function parseCheckpointNote(text: string): CheckpointNote {
  const note = text.endsWith('\n\n') ? { text: text.slice(0, -1), signatures: [] } : parseNote(text);
  return { ...parseCheckpoint(note.text), note };
}
