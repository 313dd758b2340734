import { NoteError, type NoteVerifier, parseCheckpointNote } from '@rynxs/log';
import type { EventStore } from '../contracts/event-store.js';

const CHECKPOINTS = 'checkpoints/';
/** `checkpoints/0000001000`, or with the epoch where an abandoned branch of the log has taken that name. */
const CHECKPOINT_NAME = /^checkpoints\/(\d{10})(?:-\d+)?$/;
/** How far before the head the newest names are looked for first; further back each time that these do not do. */
const FIRST_WINDOW = 20_000;
const WINDOW_GROWTH = 10;
const READS_AT_ONCE = 16;
/** Enough of trusted keys to get past those that a recovery has abandoned. */
const ENOUGH_TRUSTED = 16;
/** So many are looked at in all: whoever can write to the store can put any number of them there. */
const MAX_CHECKPOINTS = 4_096;

/** A checkpoint beside the log: its size, as its name says, and its text. Nothing of it is trusted. */
export interface StoredCheckpoint {
  readonly name: string;
  readonly size: number;
  readonly text: string;
}

/** Names of numbered objects: ten digits, so that their order is that of the numbers. */
export function numbered(size: number): string {
  return String(size).padStart(10, '0');
}

/**
 * The names under a folder of numbered objects that belong to the newest numbers, in order: all above `head`, and below
 * it those that are found on going back until there are some.
 */
export async function newestNames(
  store: EventStore,
  folder: string,
  head: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (let window = FIRST_WINDOW; ; window *= WINDOW_GROWTH) {
    const from = Math.max(0, head - window);
    const names = await store.listObjects(folder, signal, { startAfter: `${folder}${numbered(from)}` });
    if (names.length > 0 || from === 0) return names;
  }
}

/**
 * The newest checkpoints of a log of `head` records, newest first: all of more records, and so many of fewer that enough
 * of them are signed by a trusted key. Where no key is trusted, any count.
 */
export async function newestCheckpoints(
  store: EventStore,
  head: number,
  trusted: readonly NoteVerifier[],
  signal: AbortSignal,
): Promise<readonly StoredCheckpoint[]> {
  let counted = 0;
  return collect(store, head, signal, ({ size, text }) => {
    if (size <= head && (trusted.length === 0 || isSignedBy(text, trusted))) counted += 1;
    return counted >= ENOUGH_TRUSTED;
  });
}

/** All checkpoints, as far as they are ever looked at, newest first. */
export function allCheckpoints(
  store: EventStore,
  head: number,
  signal: AbortSignal,
): Promise<readonly StoredCheckpoint[]> {
  return collect(store, head, signal, () => false);
}

/** Whether one of the keys has signed this checkpoint, whatever their names. */
function isSignedBy(text: string, keys: readonly NoteVerifier[]): boolean {
  try {
    const { origin, note } = parseCheckpointNote(text);
    return keys.some((key) => key.verifyAs(origin, note));
  } catch (error) {
    if (error instanceof NoteError) return false;
    throw error;
  }
}

/**
 * Keeps a checkpoint. A name that an abandoned branch of the log has taken is left to it.
 * Throws what the driver throws.
 */
export async function keepCheckpoint(
  store: EventStore,
  { size, text, epoch }: Pick<StoredCheckpoint, 'size' | 'text'> & { readonly epoch: number },
  signal: AbortSignal,
): Promise<void> {
  const bytes = Buffer.from(text);
  const name = `${CHECKPOINTS}${numbered(size)}`;
  if (await isCreated(store, name, bytes, signal)) return;
  await isCreated(store, `${name}-${epoch}`, bytes, signal);
}

/** Whether the object is there with these bytes, new or from before. */
async function isCreated(
  store: EventStore,
  name: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await store.createObject(name, bytes, signal);
    return true;
  } catch (error) {
    if (store.errorCode(error) !== 'conflict') throw error;
    const found = await store.readObject(name, signal);
    return found !== undefined && bytes.equals(found);
  }
}

async function collect(
  store: EventStore,
  head: number,
  signal: AbortSignal,
  isEnough: (checkpoint: StoredCheckpoint) => boolean,
): Promise<readonly StoredCheckpoint[]> {
  const checkpoints: StoredCheckpoint[] = [];
  for await (const checkpoint of backwards(store, head, signal)) {
    checkpoints.push(checkpoint);
    if (isEnough(checkpoint) || checkpoints.length >= MAX_CHECKPOINTS) break;
  }
  return checkpoints;
}

/** From the newest on. */
async function* backwards(
  store: EventStore,
  head: number,
  signal: AbortSignal,
): AsyncGenerator<StoredCheckpoint> {
  let before: string | undefined;
  for (let window = FIRST_WINDOW; ; window *= WINDOW_GROWTH) {
    const from = Math.max(0, head - window);
    const listed = await store.listObjects(CHECKPOINTS, signal, {
      startAfter: `${CHECKPOINTS}${numbered(from)}`,
    });
    const names = listed.filter(
      (name) => CHECKPOINT_NAME.test(name) && (before === undefined || name < before),
    );
    for (let end = names.length; end > 0; end -= READS_AT_ONCE) {
      yield* await readAll(store, names.slice(Math.max(0, end - READS_AT_ONCE), end).reverse(), signal);
    }
    if (from === 0) return;
    before = names[0] ?? before;
  }
}

async function readAll(
  store: EventStore,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly StoredCheckpoint[]> {
  const read = await Promise.all(
    names.map(async (name) => ({ name, bytes: await store.readObject(name, signal) })),
  );
  return read.flatMap(({ name, bytes }) => {
    const size = Number(CHECKPOINT_NAME.exec(name)?.[1]);
    return bytes === undefined ? [] : [{ name, size, text: Buffer.from(bytes).toString('utf8') }];
  });
}
