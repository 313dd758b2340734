import { parseCheckpointNote } from '../checkpoint/checkpoint-note.js';
import { NoteError } from '../note/note-error.js';
import type { SignedNote } from '../note/signed-note.js';

/** Something that says which root the tree had at a size. */
export interface Witness {
  /** `known`: from what is trusted anyway. `adopted`: from the log's own TailAdopted, so whoever rewrites the log can say it. */
  readonly kind: 'checkpoint' | 'anchor' | 'known' | 'adopted';
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
  try {
    const { origin, size, root, note } = parseCheckpointNote(text);
    const what = kind === 'anchor' ? 'the anchor' : 'the signed checkpoint';
    return { kind, size, root, source: `${what} of ${size} records`, checkpoint: { text, note, origin } };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { size: undefined, origin: undefined, signers: [], reason: 'unreadable' };
  }
}
