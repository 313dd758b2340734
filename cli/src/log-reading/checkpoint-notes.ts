import type { EventStore } from '@rynxs/kernel';
import { NoteError, type NoteVerifier, parseCheckpoint, parseNote } from '@rynxs/log';
import { readFailure } from './read-failure.js';

const FOLDER = 'checkpoints/';
/** `-{epoch}` follows where the name was taken by an abandoned branch. */
const NAME = /^checkpoints\/\d{10}(?:-\d+)?$/;
const FIRST_WINDOW_RECORDS = 1_000;
const WINDOW_GROWTH = 4;
const READS_AT_ONCE = 16;
/** Enough of a trusted key to get past those that a recovery has abandoned. */
const ENOUGH_TRUSTED = 64;
/** So many are looked at in all: whoever can write to the store can put any number of them there. */
const MAX_NOTES = 4_096;

/** A checkpoint as it is stored; what it says is not yet believed. */
export interface CheckpointNote {
  readonly name: string;
  readonly text: string;
}

/** Reads checkpoints from the newest backwards, page by page. Throws RYNXS_LOG_UNAVAILABLE. */
export async function* readCheckpointNotes(
  store: EventStore,
  nextSeq: number,
  signal: AbortSignal,
): AsyncGenerator<CheckpointNote> {
  try {
    let before: string | undefined;
    for (let window = FIRST_WINDOW_RECORDS; ; window *= WINDOW_GROWTH) {
      const from = Math.max(0, nextSeq - window);
      const names = await namesFrom(store, from, before, signal);
      yield* readNewestFirst(store, names, signal);
      before = names[0] ?? before;
      if (from === 0) return;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw readFailure(store, cause);
  }
}

/** The newest checkpoints of a log that has `nextSeq` records: enough that one of `trusted` has signed, if there are. */
export async function newestCheckpoints(
  store: EventStore,
  nextSeq: number,
  trusted: readonly NoteVerifier[],
  signal: AbortSignal,
): Promise<readonly CheckpointNote[]> {
  let counted = 0;
  return collect(store, nextSeq, signal, ({ text }) => {
    if (trusted.length === 0 || isSignedBy(text, trusted, nextSeq)) counted += 1;
    return counted >= ENOUGH_TRUSTED;
  });
}

/** All checkpoints, as far as they are ever looked at. */
export function manyCheckpoints(
  store: EventStore,
  nextSeq: number,
  signal: AbortSignal,
): Promise<readonly CheckpointNote[]> {
  return collect(store, nextSeq, signal, () => false);
}

async function collect(
  store: EventStore,
  nextSeq: number,
  signal: AbortSignal,
  isEnough: (note: CheckpointNote) => boolean,
): Promise<readonly CheckpointNote[]> {
  const notes: CheckpointNote[] = [];
  for await (const note of readCheckpointNotes(store, nextSeq, signal)) {
    notes.push(note);
    if (isEnough(note) || notes.length >= MAX_NOTES) break;
  }
  return notes;
}

/** Whether the text is a checkpoint of at most `upTo` records that one of the keys has signed, whatever their names. */
export function isSignedBy(text: string, keys: readonly NoteVerifier[], upTo: number): boolean {
  try {
    const note = parseNote(text);
    const { origin, size } = parseCheckpoint(note.text);
    return size <= upTo && keys.some((key) => key.named(origin).verify(note));
  } catch (error) {
    if (error instanceof NoteError) return false;
    throw error;
  }
}

async function namesFrom(
  store: EventStore,
  size: number,
  before: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const startAfter = size === 0 ? FOLDER : `${FOLDER}${String(size).padStart(10, '0')}`;
  const names = await store.listObjects(FOLDER, signal, { startAfter });
  return names.filter((name) => NAME.test(name) && (before === undefined || name < before));
}

async function* readNewestFirst(
  store: EventStore,
  names: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<CheckpointNote> {
  for (let end = names.length; end > 0; end -= READS_AT_ONCE) {
    const page = names.slice(Math.max(0, end - READS_AT_ONCE), end).reverse();
    const read = await Promise.all(page.map((name) => store.readObject(name, signal)));
    for (const [index, bytes] of read.entries()) {
      const name = page[index];
      if (bytes !== undefined && name !== undefined)
        yield { name, text: Buffer.from(bytes).toString('utf8') };
    }
  }
}
