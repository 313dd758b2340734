import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createZstdCompress, zstdDecompress } from 'node:zlib';
import {
  canonicalize,
  checkpointOrigin,
  formatKeptNote,
  type JsonMap,
  LogPosition,
  type LogPositionState,
  NoteError,
  type NoteSigner,
  parseKeptNote,
} from '@rynxs/log';
import type { EventStore } from '../contracts/event-store.js';
import { newestNames, numbered } from './checkpoint-objects.js';
import type { LogKeys } from './log-keys.js';
import { restoreRepeated, type WrittenOnce, writeOnce } from './repeated-parts.js';

/** State that follows from the log and that snapshots keep, so that a start need not replay all of it. */
export interface SnapshotSource {
  /** What computes the state, with versions: `agent@1`. A snapshot of another one is not used. */
  readonly version: string;
  /** The state as it stands, as values that JSON holds. */
  save(): Iterable<JsonMap>;
  /** Replaces the state by what `save` gave. */
  restore(entries: Iterable<JsonMap>): void;
  /** Forgets everything: the state before the first record. */
  reset(): void;
}

/** A snapshot that was read and checked. */
export interface ReadSnapshot {
  readonly position: LogPosition;
  readonly entries: readonly JsonMap[];
}

interface Manifest {
  readonly log_id: string;
  readonly position: LogPositionState;
  readonly state: {
    readonly version: string;
    readonly entries: number;
    /** Of the JSON lines, before they were compressed. */
    readonly sha256: string;
    readonly parts: number;
  };
}

const SNAPSHOTS = 'snapshots/';
const MANIFEST_TITLE = 'rynxs.log/snapshot@v2';
const MANIFEST_NAME = /^snapshots\/(\d{10})\/manifest$/;
/** An object holds at most 16 MiB. */
const PART_BYTES = 8 * 1_048_576;
/** Snapshots that are tried before everything is replayed. */
const MAX_CANDIDATES = 3;

/** Of JSON lines that are made and compressed at a time, so that the text of many objects is not held several times over. */
const PIECE_LENGTH = 256 * 1024;
const LINE_FEED = 0x0a;

const decompress = promisify(zstdDecompress);

/** A state at a moment, before any of it is written. */
export interface TakenSnapshot {
  readonly position: LogPositionState;
  readonly version: string;
  /** The entries as JSON lines, in pieces. Keeping it takes them out, so that each can go when it is compressed. */
  readonly lines: Buffer[];
  readonly entries: number;
}

/** Takes the state and the position together; both must be of the same record. */
export function takeSnapshot(position: LogPosition, source: SnapshotSource): TakenSnapshot {
  const lines: Buffer[] = [];
  let entries = 0;
  let piece = '';
  for (const entry of source.save()) {
    piece += `${JSON.stringify(writeOnce(entry))}\n`;
    entries += 1;
    if (piece.length < PIECE_LENGTH) continue;
    lines.push(Buffer.from(piece));
    piece = '';
  }
  lines.push(Buffer.from(piece));
  return { position: position.toState(), version: source.version, lines, entries };
}

/** Writes a snapshot: its parts, then the manifest that makes it one. Throws what the driver throws. */
export async function keepSnapshot(
  store: EventStore,
  { position, version, lines, entries }: TakenSnapshot,
  signer: NoteSigner | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { bytes: compressed, sha256: digest } = await compress(lines);
  const parts = Math.ceil(compressed.length / PART_BYTES);
  for (let part = 0; part < parts; part += 1) {
    const bytes = compressed.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    await create(store, partName(position.size, part), bytes, signal);
  }
  const manifest: Manifest = {
    log_id: position.ledger.identity?.logId ?? '',
    position,
    state: { version, entries, sha256: digest, parts },
  };
  const note = `${MANIFEST_TITLE}\n${canonicalize(manifest as unknown as JsonMap)}\n`;
  const signers = signer === undefined ? [] : [signer];
  const signed = formatKeptNote(note, checkpointOrigin(manifest.log_id), signers);
  await create(store, `${SNAPSHOTS}${numbered(position.size)}/manifest`, Buffer.from(signed), signal);
}

/**
 * The newest snapshot of at most `head` records that is whole, of this version and, where there are trusted keys, signed by
 * one. `warn` is told why others were not used. Throws what the driver throws.
 */
export async function newestSnapshot(
  store: EventStore,
  {
    head,
    version,
    keys,
    warn,
  }: {
    readonly head: number;
    readonly version: string;
    readonly keys: LogKeys;
    readonly warn: (name: string, reason: string) => void;
  },
  signal: AbortSignal,
): Promise<ReadSnapshot | undefined> {
  const names = await newestNames(store, SNAPSHOTS, head, signal);
  const manifests = names.filter((name) => MANIFEST_NAME.test(name)).reverse();
  const isAhead = (name: string) => Number(MANIFEST_NAME.exec(name)?.[1]) > head;
  for (const name of manifests.filter(isAhead)) warn(name, 'it is ahead of the log');
  for (const name of manifests.filter((one) => !isAhead(one)).slice(0, MAX_CANDIDATES)) {
    try {
      return await readSnapshot(store, name, version, keys, signal);
    } catch (error) {
      if (!(error instanceof UnusableSnapshot)) throw error;
      warn(name, error.message);
    }
  }
  return undefined;
}

/** Why a snapshot is not used; the log is replayed instead. */
class UnusableSnapshot extends Error {
  override readonly name = 'UnusableSnapshot';
}

async function readSnapshot(
  store: EventStore,
  name: string,
  version: string,
  keys: LogKeys,
  signal: AbortSignal,
): Promise<ReadSnapshot> {
  const manifest = parseManifest(await read(store, name, signal), keys);
  const { state } = manifest;
  if (state.version !== version) throw new UnusableSnapshot(`it is of ${state.version}, not of ${version}`);
  const { size } = manifest.position;
  if (name !== `${SNAPSHOTS}${numbered(size)}/manifest`)
    throw new UnusableSnapshot("it has another one's name");
  const parts: Uint8Array[] = [];
  for (let part = 0; part < state.parts; part += 1)
    parts.push(await read(store, partName(size, part), signal));
  let text: Buffer;
  try {
    text = await decompress(Buffer.concat(parts));
  } catch (cause) {
    throw new UnusableSnapshot('its state cannot be decompressed', { cause });
  }
  if (sha256(text) !== state.sha256)
    throw new UnusableSnapshot('its state is not the one that its manifest names');
  try {
    return { position: LogPosition.from(manifest.position), entries: parseLines(text) };
  } catch (cause) {
    throw new UnusableSnapshot(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Checks the signature where keys are trusted; without any, as with everything else, the store's owner is trusted. */
function parseManifest(bytes: Uint8Array, keys: LogKeys): Manifest {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    const note = parseKeptNote(text);
    const [title, body = ''] = note.text.split('\n');
    if (title !== MANIFEST_TITLE) throw new UnusableSnapshot(`it is no ${MANIFEST_TITLE}`);
    const manifest = JSON.parse(body) as Manifest;
    const origin = checkpointOrigin(manifest.log_id);
    const isTrusted = keys.trusted.length === 0 || keys.trusted.some((key) => key.verifyAs(origin, note));
    if (!isTrusted) throw new UnusableSnapshot('no trusted key has signed it');
    if (manifest.position.ledger.identity?.logId !== manifest.log_id) {
      throw new UnusableSnapshot('it is of two logs');
    }
    return manifest;
  } catch (cause) {
    if (cause instanceof NoteError || cause instanceof SyntaxError || cause instanceof TypeError) {
      throw new UnusableSnapshot(`its manifest cannot be read: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

async function read(store: EventStore, name: string, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = await store.readObject(name, signal);
  if (bytes === undefined) throw new UnusableSnapshot(`${name} is missing`);
  return bytes;
}

/** An object of this name was written by an earlier attempt, or belongs to an abandoned branch: it stays. */
async function create(
  store: EventStore,
  name: string,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  try {
    await store.createObject(name, bytes, signal);
  } catch (error) {
    if (store.errorCode(error) !== 'conflict') throw error;
  }
}

function partName(size: number, part: number): string {
  return `${SNAPSHOTS}${numbered(size)}/state-${part}`;
}

/** The pieces as one zstd frame, and the digest of what is in it. Takes them out of the array one by one. */
async function compress(pieces: Buffer[]): Promise<{ readonly bytes: Buffer; readonly sha256: string }> {
  const digest = createHash('sha256');
  const compressed: Buffer[] = [];
  const taken = function* () {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
      digest.update(piece);
      yield piece;
    }
  };
  await pipeline(taken, createZstdCompress(), async (output) => {
    for await (const bytes of output) compressed.push(bytes as Buffer);
  });
  return { bytes: Buffer.concat(compressed), sha256: digest.digest('hex') };
}

/** One value a line; what comes after the last line feed is none. */
function parseLines(text: Buffer): readonly JsonMap[] {
  const values: JsonMap[] = [];
  let from = 0;
  for (let to = text.indexOf(LINE_FEED); to !== -1; to = text.indexOf(LINE_FEED, from)) {
    values.push(restoreRepeated(JSON.parse(text.toString('utf8', from, to)) as WrittenOnce));
    from = to + 1;
  }
  return values;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
