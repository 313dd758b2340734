import { type Checkpoint, parseCheckpoint } from '../checkpoint/checkpoint.js';
import { NoteError } from '../note/note-error.js';
import { parseNote, type SignedNote } from '../note/signed-note.js';

/** Something that says which root the tree had at a size. */
export interface Witness {
  readonly kind: 'checkpoint' | 'anchor' | 'adopted';
  readonly size: number;
  readonly root: Buffer;
  /** How messages call it. */
  readonly source: string;
  /** The signed checkpoint that says it; undefined for what the log says itself. */
  readonly checkpoint?: { readonly text: string; readonly note: SignedNote; readonly origin: string };
}

/** A checkpoint that does not count, and why. */
export interface UntrustedCheckpoint {
  /** Undefined when not even that can be read. */
  readonly size: number | undefined;
  readonly origin: string | undefined;
  /** The names under its signatures. */
  readonly signers: readonly string[];
  readonly reason: 'unreadable' | 'unsigned' | 'unknown key' | 'another log';
}

/** Reads a checkpoint from beside a log, or an anchor; nothing of it is trusted yet. */
export function readWitness(text: string, kind: 'checkpoint' | 'anchor'): Witness | UntrustedCheckpoint {
  let note: SignedNote;
  let checkpoint: Checkpoint;
  try {
    note = readNote(text);
    checkpoint = parseCheckpoint(note.text);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { size: undefined, origin: undefined, signers: [], reason: 'unreadable' };
  }
  const { origin, size, root } = checkpoint;
  const source =
    kind === 'anchor' ? `the anchor of ${size} records` : `the signed checkpoint of ${size} records`;
  return { kind, size, root, source, checkpoint: { text, note, origin } };
}

/** An unsigned checkpoint is its text and a blank line: what a note is before anyone has signed it. */
function readNote(text: string): SignedNote {
  return text.endsWith('\n\n') ? { text: text.slice(0, -1), signatures: [] } : parseNote(text);
}
