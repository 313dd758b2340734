import { TREE_HASH_BYTES } from '../merkle/tree-hash.js';
import { decodeBase64 } from '../note/base64.js';
import { NoteError } from '../note/note-error.js';
import { assertNoteText } from '../note/signed-note.js';

const SIZE = /^(?:0|[1-9]\d*)$/;

/** The head of a log's Merkle tree at some size: the text of a signed note (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Identity of the log; see `checkpointOrigin`. */
  readonly origin: string;
  /** Entries of the tree. */
  readonly size: number;
  /** Root of the tree, 32 bytes. */
  readonly root: Buffer;
  /** Further lines, opaque and mostly none. */
  readonly extensions: readonly string[];
}

/** The origin of the checkpoints of a log of Rynxs, by its `log_id`. */
export function checkpointOrigin(logId: string): string {
  return `rynxs.log/${logId}`;
}

/** Writes the text of a checkpoint. Throws NoteError for what `parseCheckpoint` would not read back as the same. */
export function formatCheckpoint(
  checkpoint: Omit<Checkpoint, 'extensions'> & { readonly extensions?: readonly string[] },
): string {
  const { origin, size, root, extensions = [] } = checkpoint;
  const text = [origin, String(size), root.toString('base64'), ...extensions, ''].join('\n');
  // A line end within the origin or an extension makes one line more.
  if (parseCheckpoint(text).extensions.length !== extensions.length) {
    throw new NoteError('the origin and each extension line of a checkpoint are one line');
  }
  return text;
}

/** Reads the text of a checkpoint, whose signatures somebody else has verified. Throws NoteError. */
export function parseCheckpoint(text: string): Checkpoint {
  assertNoteText(text);
  const lines = text.slice(0, -1).split('\n');
  const empty = lines.indexOf('');
  if (empty >= 0) throw new NoteError(`line ${empty + 1} of the checkpoint is empty`);
  const [origin, sizeLine, rootLine, ...extensions] = lines;
  if (origin === undefined || sizeLine === undefined || rootLine === undefined) {
    throw new NoteError('a checkpoint has at least three lines: origin, size and root');
  }
  const size = Number(sizeLine);
  if (!SIZE.test(sizeLine) || !Number.isSafeInteger(size)) {
    throw new NoteError('line 2 of the checkpoint is not the size of a tree in decimal');
  }
  const root = decodeBase64(rootLine);
  if (root?.length !== TREE_HASH_BYTES) {
    throw new NoteError(`line 3 of the checkpoint is not a root: the base64 of ${TREE_HASH_BYTES} bytes`);
  }
  return { origin, size, root, extensions };
}
