import { type Checkpoint, parseCheckpoint } from '../checkpoint/checkpoint.js';
import { NoteError } from '../note/note-error.js';
import type { NoteVerifier } from '../note/note-verifier.js';
import { parseNote } from '../note/signed-note.js';
import { ProofError } from './proof-error.js';

/**
 * Reads the checkpoint that a proof ends with, if a trusted key has signed it. A log signs under its origin, so keys
 * are matched by their public key, whatever their own name is. Throws ProofError.
 */
export function trustedCheckpoint(text: string, verifiers: readonly NoteVerifier[]): Checkpoint {
  try {
    const note = parseNote(text);
    const checkpoint = parseCheckpoint(note.text);
    if (verifiers.some((verifier) => verifier.named(checkpoint.origin).verify(note))) return checkpoint;
    const names = note.signatures.map(({ name }) => name).join(', ');
    throw new ProofError(
      `no trusted key has signed the checkpoint of ${checkpoint.origin} (signatures of: ${names}; keys given: ${verifiers.length})`,
    );
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    throw new ProofError(`the checkpoint of the proof cannot be read: ${error.message}`, { cause: error });
  }
}
