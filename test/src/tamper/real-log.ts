import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type AnchorEntry,
  type EventDraft,
  EventLog,
  type EventStore,
  type LogAnchor,
  type LogKeys,
  NoTelemetry,
  type Random,
  StandaloneLeadership,
  type WritingTerm,
} from '@rynxs/kernel';
import { FakeClock, seededRandom } from '@rynxs/kernel/testing';
import { type Checkpoint, NoteSigner, type NoteVerifier, parseCheckpointNote } from '@rynxs/log';
import type { Place, StoreKind } from './store-kinds.js';
import { allLines, checkpointName, type StoredBytes, withCompressedSegments } from './stored-log.js';

const OWNER = { clusterUid: 'cluster-1', shard: 'default' };
const { signal: NEVER } = new AbortController();
const COMMITS_OF_A_TERM = 24;
const MAX_RECORDS_OF_A_COMMIT = 6;
const MINUTE_MS = 61_000;

/** A log as the kernel writes it, and what is needed to judge copies of it that somebody has changed. */
export interface RealLog {
  readonly stored: StoredBytes;
  readonly lines: readonly Buffer[];
  /** Copies from before, oldest first, each from the end of a term. */
  readonly older: readonly StoredBytes[];
  /** What an auditor has pinned: the first key. The second one follows from the log. */
  readonly pinned: NoteVerifier;
  readonly keys: LogKeys;
  readonly logId: string;
  /** The newest checkpoint, as it stands in the anchor. */
  readonly anchor: string;
  /** Sizes of the signed checkpoints, ascending. */
  readonly checkpointSizes: readonly number[];
  /** The newest of them. */
  readonly signedTo: number;
  /** Sequence numbers that commits begin with, and the log's next one. */
  readonly commits: readonly number[];
}

/** An anchor that keeps what it is told; in this study nobody can change it. */
export class KeptAnchor implements LogAnchor {
  readonly location = 'memory';
  readonly #entries: Map<string, string>;

  constructor(entries: Iterable<readonly [string, string]> = []) {
    this.#entries = new Map(entries);
  }

  async read(): Promise<ReadonlyMap<string, string>> {
    return new Map(this.#entries);
  }

  async advance({ logId, text }: AnchorEntry, _signal: AbortSignal, beforeSend: () => void): Promise<void> {
    beforeSend();
    this.#entries.set(logId, text);
  }

  async replace({ logId, text }: AnchorEntry): Promise<void> {
    this.#entries.set(logId, text);
  }
}

/**
 * Writes a log of five terms: two of a first key, the second of which crashes; two of a second key that the first one
 * vouches for; and one that crashes after its checkpoint, so that the log ends with records that nobody has signed.
 */
export async function writeRealLog(kind: StoreKind, seed: number): Promise<RealLog> {
  using place = kind.place();
  const random = seededRandom(seed);
  const first = NoteSigner.generate('first');
  const second = NoteSigner.generate('second');
  const before: LogKeys = { signer: first, trusted: [first.verifier] };
  const after: LogKeys = { signer: second, previous: first, trusted: [second.verifier, first.verifier] };
  const anchor = new KeptAnchor();
  const older: StoredBytes[] = [];
  for (const [keys, ends] of [
    [before, true],
    [before, false],
    [after, true],
    [after, true],
    [after, false],
  ] as const) {
    await writeTerm(place, { keys, anchor, random, ends });
    older.push(withCompressedSegments(place.take()));
  }
  const stored = older.pop() ?? new Map();
  return described(stored, older, { pinned: first.verifier, keys: after, anchor });
}

async function writeTerm(
  place: Place,
  {
    keys,
    anchor,
    random,
    ends,
  }: { readonly keys: LogKeys; readonly anchor: LogAnchor; readonly random: Random; readonly ends: boolean },
): Promise<void> {
  const clock = new FakeClock();
  const store = place.open();
  const log = await EventLog.open(
    { store, clock, random, keys, anchor, telemetry: new NoTelemetry(), onRecord: () => undefined },
    NEVER,
  );
  const term = await startTerm(log);
  await writeCommits(term, random);
  await checkpointed(store, log, clock);
  await writeCommits(term, random);
  if (ends) await term.end('the study goes on');
  await log.close();
}

async function startTerm(log: EventLog): Promise<WritingTerm> {
  const random = seededRandom(7);
  for await (const tenure of new StandaloneLeadership(random).campaign(NEVER)) {
    return log.startTerm(tenure, OWNER, NEVER);
  }
  throw new Error('there is no tenure');
}

async function writeCommits(term: WritingTerm, random: Random): Promise<void> {
  for (let commit = 0; commit < COMMITS_OF_A_TERM / 2; commit += 1) {
    const count = 1 + Math.floor(random.next() * MAX_RECORDS_OF_A_COMMIT);
    await term.append(Array.from({ length: count }, () => someEvent(random)));
  }
}

function someEvent(random: Random): EventDraft {
  const size = Math.floor(random.next() ** 3 * 900);
  return {
    type: 'NoteTaken',
    aggregateId: `notes/default/n-${Math.floor(random.next() * 20)}`,
    payload: {
      v: 1,
      text: random.hex(Math.ceil(size / 2)),
      mark: 'ä🙂\n"\\',
    } as unknown as EventDraft['payload'],
    traceId: random.hex(16),
  };
}

/** Lets a minute pass, and waits until all that is durable has its checkpoint. */
async function checkpointed(store: EventStore, log: EventLog, clock: FakeClock): Promise<void> {
  const name = `checkpoints/${String(log.head().nextSeq).padStart(10, '0')}`;
  await clock.advance(MINUTE_MS);
  while ((await store.readObject(name, NEVER)) === undefined) {
    // The checkpoint of the term's start may have been under way: only when it is kept, the next one is due.
    await clock.advance(1);
    await nextTurn();
  }
}

async function described(
  stored: StoredBytes,
  older: readonly StoredBytes[],
  {
    pinned,
    keys,
    anchor,
  }: { readonly pinned: NoteVerifier; readonly keys: LogKeys; readonly anchor: KeptAnchor },
): Promise<RealLog> {
  const lines = allLines(stored);
  const checkpointSizes = checkpointsIn(stored)
    .map(({ size }) => size)
    .sort((a, b) => a - b);
  const [entry] = await anchor.read();
  if (entry === undefined) throw new Error('the log was never anchored');
  return {
    stored,
    older,
    lines,
    pinned,
    keys,
    logId: entry[0],
    anchor: entry[1],
    checkpointSizes,
    signedTo: checkpointSizes.at(-1) ?? 0,
    commits: commitStarts(lines),
  };
}

export function checkpointsIn(stored: StoredBytes): Checkpoint[] {
  return [...stored]
    .filter(([name]) => checkpointName(name) !== undefined)
    .map(([, bytes]) => parseCheckpointNote(bytes.toString('utf8')));
}

function commitStarts(lines: readonly Buffer[]): number[] {
  const starts = lines.flatMap((line, seq) => (line.includes('"end":true,') ? [seq + 1] : []));
  return [0, ...starts];
}
