import type { DroppedTail, Logger } from '@rynxs/kernel';
import { ChainVerifier } from '@rynxs/log';
import { AssertionError, expect } from 'chai';
import type { FileEventStore } from './file-event-store.js';
import { isUnfinished, NEXT_LOG_FILE, plainName } from './file-names.js';
import { DIR, History, randomFrom, readAll, SIGNAL, sha256Of, storeOnDisk } from './testing/history.js';
import { type DiskCall, errnoError, type Fault, SimulatedDisk } from './testing/simulated-disk.js';

const SEGMENT_BYTES = 9_000;
const COMMITS = [1, 22, 3];
const LARGE_COMMIT = 30;
const REPLAYED = process.env.RYNXS_TEST_FAULT_CASE;
/** Every day a call meets one of the errors and one of the losses, by chance; where it is thorough, all of them. */
const IS_THOROUGH = process.env.RYNXS_TEST_THOROUGH === '1' || REPLAYED !== undefined;
const CHANCE = Math.floor(Math.random() * 100);
const UUID = /[0-9a-f]{8}-[0-9a-f-]{27}/;
/** Calls after which the disk, or what is durable of it, is another. */
const CHANGING: ReadonlySet<DiskCall['name']> = new Set([
  'open',
  'write',
  'truncate',
  'sync',
  'dataSync',
  'rename',
  'link',
  'unlink',
  'mkdir',
]);

/** What happens at one call, and to the disk when the process has ended. */
interface Mode {
  readonly name: string;
  readonly fault: Fault;
  /** Seed of what the disk forgets then; undefined when it forgets nothing, as after SIGKILL. */
  readonly loss: number | undefined;
  /** Seed of what it forgets when the next process has ended. */
  readonly nextLoss: number;
}

const ERRORS: readonly Mode[] = [
  mode('EIO', { error: errnoError('EIO'), writtenBytes: 700 }, 7, 8),
  mode('ENOSPC', { error: errnoError('ENOSPC'), writtenBytes: 700 }, undefined, 9),
];
/** What the first and the second end of the system lose. */
const ALL_LOSSES = [
  [undefined, 1],
  [4, 5],
  [undefined, 2],
  [undefined, 3],
  [6, 7],
] as const;
const ENDS: readonly Mode[] = ALL_LOSSES.flatMap(([loss, nextLoss]) => [
  mode('ends before', { crash: 'before' }, loss, nextLoss),
  mode('ends within', { crash: 'before', writtenBytes: 700 }, loss, nextLoss),
  mode('ends after', { crash: 'after' }, loss, nextLoss),
]);

function mode(what: string, fault: Fault, loss: number | undefined, nextLoss: number): Mode {
  const first = loss === undefined ? 'keeps all' : `loses by ${loss}`;
  return { name: `${what}, ${first}, then by ${nextLoss}`, fault, loss, nextLoss };
}

/** What may happen at a call. */
function modesOf({ index, name }: KnownCall): readonly Mode[] {
  const ends = CHANGING.has(name) ? ENDS : [];
  if (IS_THOROUGH) return [...ERRORS, ...ends];
  const chance = CHANCE + index;
  const error = chance % ERRORS.length;
  const waysToEnd = ENDS.length / ALL_LOSSES.length;
  const end = (chance % ALL_LOSSES.length) * waysToEnd;
  return [...ERRORS.slice(error, error + 1), ...ends.slice(end, end + waysToEnd)];
}

/** What the store says of its troubles. */
class Complaints {
  readonly lines: string[] = [];
  readonly logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: (line) => void this.lines.push(line),
    error: (line) => void this.lines.push(line),
    child: () => this.logger,
  };
}

interface Life {
  readonly disk: SimulatedDisk;
  readonly history: History;
  /** Unfinished commits that were told of: none may be forgotten before its place is taken. */
  readonly told: DroppedTail[];
  /** Whether the process that lives has opened the log and appends. */
  isAppending: boolean;
}

/** A call as it was in a run without faults. */
interface KnownCall extends DiskCall {
  readonly isWhileAppending: boolean;
}

/** A log with a segment, and an unfinished commit behind its end. */
async function begin(): Promise<Life> {
  const disk = new SimulatedDisk();
  const history = new History();
  const store = storeOnDisk(disk, SEGMENT_BYTES);
  await store.open(SIGNAL);
  const life = { disk, history, told: [], isAppending: false };
  for (const count of [1, 15, 15]) await append(life, store, count);
  await compressedAll(disk, new Complaints());
  disk.faultAt = ({ name }) => (name === 'write' ? { crash: 'before', writtenBytes: 900 } : undefined);
  await store.append(history.next(5), SIGNAL).catch(() => undefined);
  history.inDoubt = undefined;
  disk.kill();
  return life;
}

/** One process: opens, checks all that it finds, appends so much that files are rotated, creates an object, closes. */
async function live(life: Life, complaints = new Complaints()): Promise<void> {
  const { disk, history } = life;
  const store = await start(life, complaints);
  for (const count of COMMITS) {
    await append(life, store, count);
    await compressedAll(disk, complaints);
  }
  const name = `checkpoints/${history.nextSeq}`;
  await store.createObject(name, Buffer.from(name), SIGNAL);
  history.objects.push(name);
  await store.close();
}

/**
 * A process that ends as soon as its first commit, which mostly needs a new file, is acknowledged. It looks at nothing
 * first, so that what it builds on is made durable by opening or not at all.
 */
async function liveBriefly(life: Life): Promise<void> {
  const { disk, history } = life;
  const store = storeOnDisk(disk, SEGMENT_BYTES);
  const { head } = await store.open(SIGNAL);
  if (history.inDoubt !== undefined && head.nextSeq > history.nextSeq) history.acknowledge(history.inDoubt);
  await append(life, store, LARGE_COMMIT);
}

async function append({ history }: Life, store: FileEventStore, count: number): Promise<void> {
  const batch = history.next(count);
  await store.append(batch, SIGNAL);
  history.acknowledge(batch);
}

async function start(life: Life, complaints: Complaints): Promise<FileEventStore> {
  const { disk, history, told } = life;
  life.isAppending = false;
  const store = storeOnDisk(disk, SEGMENT_BYTES, complaints.logger);
  const { head, droppedTails } = await store.open(SIGNAL);
  const stored = await readAll(store);
  history.reconcile(stored);
  new ChainVerifier().push(stored);
  expect(head, 'what opening found').to.deep.equal({
    nextSeq: history.nextSeq,
    hash: history.acknowledged.at(-1)?.headHash,
  });
  expect(droppedTails).to.deep.include.members(told.filter(({ seq }) => seq >= head.nextSeq));
  for (const tail of droppedTails) {
    expect(sha256Of(disk.contents(`${DIR}/${tail.keptAs}`)), tail.keptAs).to.equal(tail.sha256);
    told.push(tail);
  }
  for (const name of history.objects) {
    expect(Buffer.from((await store.readObject(name, SIGNAL)) ?? []).toString(), name).to.equal(name);
  }
  life.isAppending = true;
  return store;
}

/** Waits until the compressor has nothing left. It may have when it has complained: then nobody waits any more. */
async function compressedAll(disk: SimulatedDisk, { lines }: Complaints): Promise<void> {
  while (lines.length === 0 && disk.isAlive && plainSegments(disk).length > 0)
    await new Promise(setImmediate);
}

function plainSegments(disk: SimulatedDisk): readonly string[] {
  return disk.names(DIR).filter((name) => /^operator-events\.\d{10}\.log$/.test(name));
}

async function callsOf(life: Life): Promise<readonly KnownCall[]> {
  const calls: KnownCall[] = [];
  life.disk.faultAt = (call) => {
    calls.push({ ...call, isWhileAppending: life.isAppending });
    return undefined;
  };
  await live(life);
  expect(life.told.map(({ seq, bytes }) => ({ seq, bytes }))).to.deep.equal([{ seq: 31, bytes: 900 }]);
  return calls;
}

/** Lets the process meet the fault, then two more live: on what the disk still knows, and when it forgot again. */
async function meet(life: Life, call: KnownCall, { fault, loss, nextLoss }: Mode): Promise<void> {
  const { disk, history } = life;
  let hasHappened = false;
  disk.faultAt = ({ index, name, path }) => {
    if (index !== call.index) return undefined;
    expect(`${name} ${path.replace(UUID, '')}`, 'the same call in each run').to.equal(
      `${call.name} ${call.path.replace(UUID, '')}`,
    );
    hasHappened = true;
    return fault;
  };
  const complaints = new Complaints();
  const failure = await live(life, complaints).catch((error: unknown) => error);
  if (failure instanceof AssertionError) throw failure;
  expect(hasHappened, 'whether the call was made').to.equal(true);
  if ('error' in fault && isOfRotation(call))
    expect(failure, 'an append during a rotation').to.equal(undefined);
  if (loss === undefined) disk.kill();
  else disk.crash(randomFrom(1_000 * loss + call.index));
  await liveBriefly(life);
  disk.crash(randomFrom(1_000 * nextLoss + call.index));
  await live(life);
  expectTidy(disk);
  expect(history.acknowledged.length).to.be.at.least(3 + 1 + COMMITS.length);
}

/** Calls that no append may fail with. */
function isOfRotation({ name, path, isWhileAppending }: KnownCall): boolean {
  if (!isWhileAppending) return false;
  if (path.endsWith(NEXT_LOG_FILE)) return name === 'open' || name === 'stat';
  return path.includes('.zst') || path === `${DIR}/${plainName(16)}` || name === 'rename';
}

/** Nothing is left but the log, its segments, unfinished commits and objects. */
function expectTidy(disk: SimulatedDisk): void {
  expect(disk.names(DIR).filter(isUnfinished)).to.deep.equal([]);
  expect(plainSegments(disk)).to.deep.equal([]);
}

describe('a log in a directory', () => {
  it('loses, repeats and tears nothing, whichever call fails or is the last one', async function () {
    this.timeout(IS_THOROUGH ? 300_000 : 120_000);
    const calls = await callsOf(await begin());
    let cases = 0;
    for (const call of calls) {
      for (const each of modesOf(call)) {
        if ('writtenBytes' in each.fault && 'crash' in each.fault && call.name !== 'write') continue;
        const name = `${call.index} ${call.name} ${each.name}`;
        if (REPLAYED !== undefined && REPLAYED !== name) continue;
        cases++;
        try {
          await meet(await begin(), call, each);
        } catch (error) {
          const replay = `replay with RYNXS_TEST_FAULT_CASE='${name}'`;
          throw new Error(
            `${call.name} of ${call.path} ${each.name}: ${(error as Error).message}; ${replay}`,
            {
              cause: error,
            },
          );
        }
      }
    }
    process.stdout.write(
      `      ${cases} cases: each of ${calls.length} calls fails, and each that changes anything is the last\n`,
    );
    expect(cases).to.be.greaterThan(REPLAYED === undefined ? 300 : 0);
  });
});
