/** Thrown for text that is not a note, a key or a checkpoint; the message says what is wrong and on which line. */
export class NoteError extends Error {
  override readonly name = 'NoteError';
}
