import { decodeBase64 } from './base64.js';
import { isKeyName } from './key-name.js';
import { NoteError } from './note-error.js';

/** Signatures of a note: the limit of Go's note package, above the 16 that C2SP asks for. */
const MAX_SIGNATURES = 100;
const SIGNATURE_START = '— ';
const KEY_ID_BYTES = 4;
const LF = 0x0a;

/** A signature, of a known key or not. */
export interface NoteSignature {
  readonly name: string;
  /** An unsigned number of 32 bits. */
  readonly keyId: number;
  /** What follows the key id; its form is the key's affair. */
  readonly signature: Uint8Array;
}

/** Text with signatures (C2SP signed-note). The text means nothing before a signature of a trusted key was verified. */
export interface SignedNote {
  /** Ends with LF. */
  readonly text: string;
  /** In the order of their lines, those of unknown keys and repeated ones, too. */
  readonly signatures: readonly NoteSignature[];
}

/**
 * Reads a signed note without verifying any signature. What it accepts, `formatNote` writes the same.
 * Throws NoteError.
 */
export function parseNote(text: string): SignedNote {
  assertNoteCharacters(text);
  const split = text.lastIndexOf('\n\n');
  if (split < 0) throw new NoteError('the note has no empty line between its text and its signatures');
  const signed = text.slice(0, split + 1);
  const block = text.slice(split + 2);
  if (block === '') throw new NoteError('the note has no signature after its last empty line');
  const firstLine = lineAt(text, split + 2);
  if (!block.endsWith('\n')) throw new NoteError(`line ${lineAt(text, text.length)} does not end with LF`);
  const lines = block.slice(0, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) {
    throw new NoteError(`the note has ${lines.length} signatures, more than ${MAX_SIGNATURES}`);
  }
  return { text: signed, signatures: lines.map((line, index) => parseSignature(line, firstLine + index)) };
}

/** Writes a signed note. Throws NoteError for what `parseNote` would not read back as the same. */
export function formatNote({ text, signatures }: SignedNote): string {
  assertNoteText(text);
  if (signatures.length === 0) throw new NoteError('a note has at least one signature');
  if (signatures.length > MAX_SIGNATURES) {
    throw new NoteError(`a note has at most ${MAX_SIGNATURES} signatures, not ${signatures.length}`);
  }
  return `${text}\n${signatures.map(formatSignature).join('')}`;
}

/** Throws NoteError unless `text` can be the text of a note. */
export function assertNoteText(text: string): void {
  assertNoteCharacters(text);
  if (!text.endsWith('\n')) throw new NoteError('the text of a note ends with LF');
}

function parseSignature(line: string, number: number): NoteSignature {
  if (!line.startsWith(SIGNATURE_START)) {
    throw new NoteError(`line ${number} is not a signature: it does not begin with an em dash and a space`);
  }
  const blank = line.indexOf(' ', SIGNATURE_START.length);
  const name = blank < 0 ? '' : line.slice(SIGNATURE_START.length, blank);
  if (!isKeyName(name)) throw new NoteError(`line ${number} does not name the key that signed`);
  const bytes = decodeBase64(line.slice(blank + 1));
  if (bytes === undefined) throw new NoteError(`line ${number}: the signature is not base64`);
  if (bytes.length <= KEY_ID_BYTES) throw new NoteError(`line ${number}: the signature is too short`);
  return { name, keyId: bytes.readUInt32BE(), signature: bytes.subarray(KEY_ID_BYTES) };
}

function formatSignature({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name)) throw new NoteError(`${JSON.stringify(name)} cannot name the key of a signature`);
  if (signature.length === 0) throw new NoteError(`the signature of ${name} is empty`);
  const bytes = Buffer.alloc(KEY_ID_BYTES + signature.length);
  bytes.writeUInt32BE(keyId);
  bytes.set(signature, KEY_ID_BYTES);
  return `${SIGNATURE_START}${name} ${bytes.toString('base64')}\n`;
}

function assertNoteCharacters(text: string): void {
  if (!text.isWellFormed()) throw new NoteError('the note has a lone surrogate, which is not Unicode text');
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 && code !== LF) {
      const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
      throw new NoteError(`line ${lineAt(text, index)} has the control character ${name}`);
    }
  }
}

/** The number of the line, from 1, that holds the character at `offset`. */
function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
