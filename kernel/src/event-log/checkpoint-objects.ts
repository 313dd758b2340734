import type { EventStore } from '../contracts/event-store.js';

const CHECKPOINTS = 'checkpoints/';
/** `checkpoints/0000001000`, or with the epoch where an abandoned branch of the log has taken that name. */
const CHECKPOINT_NAME = /^checkpoints\/(\d{10})(?:-\d+)?$/;
/** How far before the head the newest names are looked for first; further back each time that there are none. */
const FIRST_WINDOW = 20_000;

/** A checkpoint beside the log: its size, as its name says, and its text. */
export interface StoredCheckpoint {
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
  for (let window = FIRST_WINDOW; ; window *= 10) {
    const from = Math.max(0, head - window);
    const names = await store.listObjects(folder, signal, { startAfter: `${folder}${numbered(from)}` });
    if (names.length > 0 || from === 0) return names;
  }
}

/**
 * The newest checkpoints of at most `head` records and, where there are any, of more: at most `count` of each. Nothing
 * of them is trusted.
 */
export async function newestCheckpoints(
  store: EventStore,
  head: number,
  count: number,
  signal: AbortSignal,
): Promise<readonly StoredCheckpoint[]> {
  const names = await newestNames(store, CHECKPOINTS, head, signal);
  const isAhead = (name: string) => sizeInName(name) > head;
  const below = names.filter((name) => !isAhead(name)).slice(-count);
  return readCheckpoints(store, [...below, ...names.filter(isAhead).slice(-count)], signal);
}

/** All checkpoints, oldest first. */
export async function allCheckpoints(
  store: EventStore,
  signal: AbortSignal,
): Promise<readonly StoredCheckpoint[]> {
  return readCheckpoints(store, await store.listObjects(CHECKPOINTS, signal), signal);
}

/**
 * Keeps a checkpoint. A name that an abandoned branch of the log has taken is left to it.
 * Throws what the driver throws.
 */
export async function keepCheckpoint(
  store: EventStore,
  { size, text, epoch }: StoredCheckpoint & { readonly epoch: number },
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

async function readCheckpoints(
  store: EventStore,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly StoredCheckpoint[]> {
  const checkpoints: StoredCheckpoint[] = [];
  for (const name of names) {
    const size = sizeInName(name);
    const bytes = Number.isNaN(size) ? undefined : await store.readObject(name, signal);
    if (bytes !== undefined) checkpoints.push({ size, text: Buffer.from(bytes).toString('utf8') });
  }
  return checkpoints;
}

/** NaN for a name that is no checkpoint's. */
function sizeInName(name: string): number {
  return Number(CHECKPOINT_NAME.exec(name)?.[1]);
}
