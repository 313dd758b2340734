import type { NoteSigner } from './note-signer.js';
import { formatNote, parseNote, type SignedNote } from './signed-note.js';

// How notes are kept beside a log: signed or, without a key, as their text and a blank line, which is what a note is before
// anyone has signed it.

/** The text signed by each key, under this name; unsigned when there is none. Throws NoteError for text that no note can have. */
export function formatKeptNote(text: string, name: string, signers: readonly NoteSigner[]): string {
  if (signers.length === 0) return `${text}\n`;
  const unsigned: SignedNote = { text, signatures: [] };
  return formatNote(signers.reduce((note, signer) => signer.named(name).addTo(note), unsigned));
}

/** Reads what `formatKeptNote` wrote; no signature is verified. Throws NoteError. */
export function parseKeptNote(text: string): SignedNote {
  return text.endsWith('\n\n') ? { text: text.slice(0, -1), signatures: [] } : parseNote(text);
}
