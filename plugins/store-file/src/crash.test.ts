import { SampleLog } from '@rynxs/kernel/testing';
import { ChainVerifier, Damage } from '@rynxs/log';
import { AssertionError, expect } from 'chai';
import fc from 'fast-check';
import { FileEventStore } from './file-event-store.js';
import { LOG_FILE } from './file-names.js';
import {
  DIR,
  History,
  randomFrom,
  readAll as read,
  SIGNAL,
  sha256Of,
  storeOnDisk,
} from './testing/history.js';
import { errnoError, SimulatedDisk } from './testing/simulated-disk.js';

/** Files are so small that commits of some lives do not fit into one. */
const SEGMENT_BYTES = 20_000;

function storeOn(disk: SimulatedDisk): FileEventStore {
  return storeOnDisk(disk, SEGMENT_BYTES);
}

/** One process: opens, checks what it finds, appends commits of several sizes and creates an object. */
async function live(disk: SimulatedDisk, history: History): Promise<void> {
  const store = storeOn(disk);
  const { head, droppedTails } = await store.open(SIGNAL);
  const stored = await read(store);
  history.reconcile(stored);
  const verifier = new ChainVerifier();
  verifier.push(stored);
  verifier.finish({ nextSeq: head.nextSeq, hash: head.hash });
  for (const { keptAs, sha256, seq } of droppedTails) {
    expect(sha256Of(disk.contents(`${DIR}/${keptAs}`)), `digest of ${keptAs}`).to.equal(sha256);
    expect(seq).to.equal(head.nextSeq);
  }
  for (const name of history.objects) {
    expect(Buffer.from((await store.readObject(name, SIGNAL)) ?? []).toString(), name).to.equal(name);
  }
  for (const count of [1, 9, 2, 40]) {
    const batch = history.next(count);
    await store.append(batch, SIGNAL);
    history.acknowledge(batch);
  }
  const name = `checkpoints/${history.nextSeq}`;
  await store.createObject(name, Buffer.from(name), SIGNAL);
  history.objects.push(name);
  await store.close();
}

/** Lives until the process ends or a call fails. Expectations that fail are no end of a process. */
async function liveUntilTheEnd(disk: SimulatedDisk, history: History): Promise<void> {
  try {
    await live(disk, history);
  } catch (error) {
    if (error instanceof AssertionError || error instanceof Damage) throw error;
  }
}

/** What stands in the log behind the last commit that anybody could know of. */
function tailOf(disk: SimulatedDisk, history: History): Buffer {
  const log = disk.contents(`${DIR}/${LOG_FILE}`) ?? Buffer.alloc(0);
  const certain = history.acknowledged.reduce((length, { bytes }) => length + bytes.length, 0);
  const tail = log.subarray(certain);
  return history.inDoubt !== undefined && tail.equals(history.inDoubt.bytes) ? Buffer.alloc(0) : tail;
}

async function countCalls(): Promise<number> {
  const disk = new SimulatedDisk();
  await live(disk, new History());
  return disk.calls;
}

/** Runs of a property: so many where it is thorough, some of them every day, others in each run. */
function runs(numRuns: number): { readonly numRuns: number } {
  return { numRuns: process.env.RYNXS_TEST_THOROUGH === '1' ? numRuns : Math.ceil(numRuns / 3) };
}

/** A seed of what the disk forgets: every value is as likely as any other, which fast-check's own streams are not. */
const SEED = fc.noBias(fc.integer());

describe('a store whose process ends', () => {
  it('loses nothing that was acknowledged, wherever it ends and whatever the disk then forgets', async function () {
    this.timeout(60_000);
    const calls = await countCalls();
    expect(calls).to.be.greaterThan(40);
    for (let at = 0; at < calls; at++) {
      await fc.assert(
        fc.asyncProperty(SEED, fc.nat({ max: 30_000 }), async (seed, writtenBytes) => {
          const random = randomFrom(seed);
          const disk = new SimulatedDisk();
          const history = new History();
          disk.faultAt = ({ index }) => (index === at ? { crash: 'before', writtenBytes } : undefined);
          await liveUntilTheEnd(disk, history);
          disk.crash(random);
          await live(disk, history);
        }),
        runs(8),
      );
    }
  });

  it('goes through life after life, each of which ends anywhere, also while it recovers', async function () {
    this.timeout(60_000);
    const calls = await countCalls();
    const ends = fc.array(fc.record({ at: fc.nat({ max: calls }), writtenBytes: fc.nat({ max: 20_000 }) }), {
      minLength: 2,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(SEED, ends, async (seed, crashes) => {
        const random = randomFrom(seed);
        const disk = new SimulatedDisk();
        const history = new History();
        for (const { at, writtenBytes } of crashes) {
          disk.faultAt = ({ index }) => (index === at ? { crash: 'before', writtenBytes } : undefined);
          await liveUntilTheEnd(disk, history);
          disk.crash(random);
        }
        await live(disk, history);
      }),
      runs(150),
    );
  });

  it('keeps every byte of an unfinished commit, once, however often moving it aside is cut short', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(SEED, fc.array(fc.nat({ max: 25 }), { maxLength: 6 }), async (seed, crashes) => {
        const random = randomFrom(seed);
        const disk = new SimulatedDisk();
        const history = new History();
        disk.faultAt = ({ name, path }) =>
          name === 'dataSync' && path.endsWith(LOG_FILE) && history.acknowledged.length === 3
            ? { crash: 'before' }
            : undefined;
        await liveUntilTheEnd(disk, history);
        disk.crash(random);
        const tail = tailOf(disk, history);
        for (const at of crashes) {
          disk.faultAt = ({ index }) => (index === at ? { crash: 'before' } : undefined);
          await storeOn(disk)
            .open(SIGNAL)
            .catch((error: unknown) => expect(error).not.to.be.instanceOf(Damage));
          disk.crash(random);
        }
        const { droppedTails } = await storeOn(disk).open(SIGNAL);
        const told = droppedTails.map(({ sha256, bytes }) => ({ sha256, bytes }));
        expect(told).to.deep.equal(tail.length === 0 ? [] : [{ sha256: sha256Of(tail), bytes: tail.length }]);
      }),
      runs(300),
    );
  });

  it('never mixes an unfinished commit with the one that takes its place', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(SEED, async (seed) => {
        const random = randomFrom(seed);
        const disk = new SimulatedDisk();
        const history = new History();
        for (const acknowledged of [3, 3, 5]) {
          disk.faultAt = ({ name, path }) =>
            name === 'dataSync' && path.endsWith(LOG_FILE) && history.acknowledged.length >= acknowledged
              ? { crash: 'before' }
              : undefined;
          await liveUntilTheEnd(disk, history);
          disk.crash(random);
        }
        await live(disk, history);
      }),
      runs(300),
    );
  });
});

describe('a store whose disk fails', () => {
  it('acknowledges nothing that is not durable, at whichever call and however it fails', async function () {
    this.timeout(60_000);
    const calls = await countCalls();
    for (const code of ['EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES']) {
      for (let at = 0; at < calls; at++) {
        const disk = new SimulatedDisk();
        const history = new History();
        disk.faultAt = ({ index }) =>
          index === at ? { error: errnoError(code), writtenBytes: 700 } : undefined;
        await liveUntilTheEnd(disk, history);
        disk.crash(() => 0.99);
        await live(disk, history);
      }
    }
  });

  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
    it(`says "full" on ${code}, keeps nothing of the batch, and goes on when there is space`, async () => {
      const disk = new SimulatedDisk();
      const log = new SampleLog();
      const store = storeOn(disk);
      await store.open(SIGNAL);
      const first = log.next();
      await store.append(first, SIGNAL);
      const second = log.next(20);
      disk.faultAt = ({ name }) =>
        name === 'write' ? { error: errnoError(code), writtenBytes: 3_000 } : undefined;
      for (let attempt = 0; attempt < 2; attempt++) {
        expect(store.errorCode(await failureOf(store.append(second, SIGNAL)))).to.equal('full');
        expect(disk.contents(`${DIR}/${LOG_FILE}`)).to.have.length(first.bytes.length);
      }
      disk.faultAt = () => undefined;
      await store.append(second, SIGNAL);
      expect(await read(store)).to.have.length(first.bytes.length + second.bytes.length);
    });
  }

  it('is poisoned by a failed fdatasync: nothing more is acknowledged until it is opened anew', async () => {
    const disk = new SimulatedDisk();
    const log = new SampleLog();
    const store = storeOn(disk);
    await store.open(SIGNAL);
    const first = log.next();
    await store.append(first, SIGNAL);
    const second = log.next();
    disk.faultAt = ({ name }) => (name === 'dataSync' ? { error: errnoError('EIO') } : undefined);
    const failure = await failureOf(store.append(second, SIGNAL));
    expect(store.errorCode(failure)).to.equal('poisoned');
    expect((failure as Error).cause).to.have.property('code', 'EIO');
    disk.faultAt = () => undefined;
    for (const batch of [second, log.next()]) {
      expect(store.errorCode(await failureOf(store.append(batch, SIGNAL)))).to.equal('poisoned');
    }
    expect((await read(store)).equals(first.bytes), 'whether only what is durable is shown').to.equal(true);
    expect(await store.head(SIGNAL)).to.deep.equal({ nextSeq: 1, hash: first.headHash });
    await store.close();
    const { head } = await storeOn(disk).open(SIGNAL);
    expect(head.nextSeq).to.equal(2);
  });

  it('is poisoned when part of a batch that does not fit cannot be removed', async () => {
    const disk = new SimulatedDisk();
    const log = new SampleLog();
    const store = storeOn(disk);
    await store.open(SIGNAL);
    disk.faultAt = ({ name }) => {
      if (name === 'write') return { error: errnoError('ENOSPC'), writtenBytes: 10 };
      return name === 'truncate' ? { error: errnoError('EIO') } : undefined;
    };
    expect(store.errorCode(await failureOf(store.append(log.next(), SIGNAL)))).to.equal('poisoned');
  });

  it('never writes over what another process has written', async () => {
    const disk = new SimulatedDisk();
    const log = new SampleLog();
    const [one, other] = [storeOn(disk), storeOn(disk)];
    await one.open(SIGNAL);
    await other.open(SIGNAL);
    const rival = log.rival();
    await one.append(log.next(), SIGNAL);
    expect(other.errorCode(await failureOf(other.append(rival, SIGNAL)))).to.equal('conflict');
  });

  for (const code of ['EACCES', 'EROFS', 'EPERM']) {
    it(`says "denied" on ${code}`, async () => {
      const disk = new SimulatedDisk();
      disk.faultAt = ({ name }) => (name === 'mkdir' ? { error: errnoError(code) } : undefined);
      const store = storeOn(disk);
      expect(store.errorCode(await failureOf(store.open(SIGNAL)))).to.equal('denied');
    });
  }
});

async function failureOf(running: Promise<unknown>): Promise<unknown> {
  try {
    await running;
  } catch (error) {
    return error;
  }
  return expect.fail('the call should have failed');
}
