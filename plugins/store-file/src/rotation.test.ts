import { copyFile, mkdtemp, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { type SampleBatch, SampleLog } from '@rynxs/kernel/testing';
import { ChainVerifier, Damage } from '@rynxs/log';
import { expect } from 'chai';
import { takeSqliteLock } from './exclusive-lock.js';
import { FileEventStore } from './file-event-store.js';
import { compressedName, LOG_FILE, plainName } from './file-names.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';
import { DIR, readAll, SIGNAL, storeOnDisk } from './testing/history.js';
import { errnoError, SimulatedDisk } from './testing/simulated-disk.js';

const SEGMENT_BYTES = 6_000;

describe('a log of several files', function () {
  this.timeout(30_000);
  let dir: string;
  let stores: FileEventStore[];
  let log: SampleLog;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rynxs-store-file-'));
    stores = [];
    log = new SampleLog();
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await rm(dir, { recursive: true });
  });

  function newStore(files: FileSystem = nodeFileSystem, segmentSize = SEGMENT_BYTES): FileEventStore {
    const store = new FileEventStore({ dir, segmentSize }, undefined, undefined, {
      files,
      takeLock: takeSqliteLock,
    });
    stores.push(store);
    return store;
  }

  async function opened(files?: FileSystem): Promise<FileEventStore> {
    const store = newStore(files);
    await store.open(SIGNAL);
    return store;
  }

  /** Appends commits of several sizes, and waits until every full file is compressed. */
  async function filled(commits = 12): Promise<readonly SampleBatch[]> {
    const store = await opened();
    const batches = Array.from({ length: commits }, (_, index) => log.next(1 + ((index * 5) % 7)));
    for (const batch of batches) await store.append(batch, SIGNAL);
    await compressedAll();
    await store.close();
    return batches;
  }

  async function compressedAll(): Promise<void> {
    while ((await readdir(dir)).some((name) => /\.\d{10}\.log$/.test(name))) await new Promise(setImmediate);
  }

  async function segments(): Promise<readonly string[]> {
    return (await readdir(dir)).filter((name) => name.endsWith('.zst')).sort();
  }

  function bytesOf(batches: readonly SampleBatch[]): Buffer {
    return Buffer.concat(batches.map(({ bytes }) => bytes));
  }

  it('compresses each full file under the number of its first record, cut between commits', async () => {
    const batches = await filled();
    const names = await segments();
    expect(names.length).to.be.greaterThan(2);
    const files = await Promise.all(
      names.map(async (name) => zstdDecompressSync(await readFile(join(dir, name)))),
    );
    files.push(await readFile(join(dir, LOG_FILE)));
    expect(Buffer.concat(files).equals(bytesOf(batches)), 'whether the files together are the log').to.equal(
      true,
    );
    let next = 0;
    for (const [index, bytes] of files.entries()) {
      expect(bytes.length).to.be.at.most(SEGMENT_BYTES);
      const first = batches.find(({ firstSeq }) => firstSeq === next);
      expect(first, `a commit that begins at seq ${next}`).not.to.equal(undefined);
      if (index < names.length) expect(names[index]).to.equal(compressedName(next));
      next += bytes.toString().split('\n').length - 1;
    }
    expect((await stat(join(dir, names[0] ?? ''))).mode & 0o777).to.equal(0o600);
  });

  it('makes a file of its own of a commit that is larger than a file should be', async () => {
    const store = await opened();
    const batches = [log.next(), log.next(100), log.next()];
    for (const batch of batches) await store.append(batch, SIGNAL);
    await compressedAll();
    expect(await segments()).to.deep.equal([compressedName(0), compressedName(1)]);
    expect((await readAll(newStore())).equals(bytesOf(batches))).to.equal(true);
  });

  it('begins with the commit that holds the number asked for, in whichever file', async () => {
    const batches = await filled(40);
    const reader = newStore();
    for (const [index, { firstSeq, count }] of batches.entries()) {
      for (const seq of [firstSeq, firstSeq + count - 1]) {
        const rest = bytesOf(batches.slice(index));
        expect((await readAll(reader, seq)).equals(rest), `from seq ${seq}`).to.equal(true);
      }
    }
  });

  it('finds a commit in a compressed file that is longer than a reader keeps', async () => {
    const store = newStore(nodeFileSystem, 5_000_000);
    await store.open(SIGNAL);
    const batches = Array.from({ length: 30 }, (_, index) => log.next(index % 2 === 0 ? 1_000 : 3));
    for (const batch of batches) await store.append(batch, SIGNAL);
    await compressedAll();
    expect(await segments()).to.have.length(1);
    for (const index of [1, 2, 7, 10, 13, 22, 27]) {
      const { firstSeq, count } = batches[index] ?? { firstSeq: 0, count: 1 };
      const rest = bytesOf(batches.slice(index));
      for (const seq of [firstSeq, firstSeq + count - 1]) {
        expect((await readAll(store, seq)).equals(rest), `from seq ${seq}`).to.equal(true);
      }
    }
  });

  it('shows every record once to a reader that lists the files while they change', async () => {
    const writer = await opened();
    const batches = Array.from({ length: 12 }, () => log.next(4));
    for (const batch of batches.slice(0, 6)) await writer.append(batch, SIGNAL);
    let hasChanged = false;
    const files: FileSystem = {
      ...nodeFileSystem,
      readdir: async (path) => {
        if (!hasChanged) {
          hasChanged = true;
          for (const batch of batches.slice(6)) await writer.append(batch, SIGNAL);
          await compressedAll();
        }
        return nodeFileSystem.readdir(path);
      },
    };
    expect((await readAll(newStore(files))).equals(bytesOf(batches))).to.equal(true);
  });

  it('shows every record once to readers that read while files are replaced and compressed', async () => {
    const writer = await opened();
    const reader = newStore();
    const batches: SampleBatch[] = [];
    let isWriting = true;
    const write = async (): Promise<void> => {
      for (let index = 0; index < 150; index++) {
        const batch = log.next(1 + (index % 6));
        await writer.append(batch, SIGNAL);
        batches.push(batch);
      }
      isWriting = false;
    };
    const read = async (store: FileEventStore): Promise<number> => {
      let rounds = 0;
      for (; isWriting; rounds++) {
        const known = batches.length;
        const bytes = await readAll(store);
        const verifier = new ChainVerifier();
        verifier.push(bytes);
        const { nextSeq, unfinished } = verifier.finish();
        expect(unfinished).to.equal(undefined);
        expect(nextSeq).to.be.at.least(batches.slice(0, known).reduce((sum, { count }) => sum + count, 0));
      }
      return rounds;
    };
    const [, ...rounds] = await Promise.all([write(), read(reader), read(writer), read(newStore())]);
    for (const each of rounds) expect(each).to.be.greaterThan(2);
  });

  it('shows a slow reader the files that it began with, whatever becomes of them', async () => {
    const writer = await opened();
    const batches = Array.from({ length: 10 }, () => log.next(4));
    for (const batch of batches.slice(0, 9)) await writer.append(batch, SIGNAL);
    const chunks: Uint8Array[] = [];
    for await (const chunk of newStore().read(0, SIGNAL)) {
      chunks.push(chunk);
      if (chunks.length > 1) continue;
      await writer.append(batches[9] ?? log.next(), SIGNAL);
      for (let index = 0; index < 10; index++) await writer.append(log.next(6), SIGNAL);
      await compressedAll();
    }
    expect(Buffer.concat(chunks).equals(bytesOf(batches.slice(0, 9)))).to.equal(true);
  });

  it('never writes into a file that is no longer the log', async () => {
    const store = await opened();
    await store.append(log.next(3), SIGNAL);
    await copyFile(join(dir, LOG_FILE), join(dir, 'copy'));
    await rename(join(dir, 'copy'), join(dir, LOG_FILE));
    const next = log.next();
    const replaced = await store.append(next, SIGNAL).catch((refused: unknown) => refused);
    expect(store.errorCode(replaced)).to.equal('conflict');
    await unlink(join(dir, LOG_FILE));
    const removed = await store.append(next, SIGNAL).catch((refused: unknown) => refused);
    expect(store.errorCode(removed)).to.equal('missing');
  });

  it('opens, and tells its head, without reading old files', async () => {
    await filled(60);
    const touched: string[] = [];
    const files: FileSystem = {
      ...nodeFileSystem,
      open: (path, ...rest) => {
        touched.push(path);
        return nodeFileSystem.open(path, ...rest);
      },
    };
    await newStore(files).head(SIGNAL);
    await opened(files);
    expect(await segments()).to.have.length.greaterThan(10);
    expect(touched.filter((path) => path.endsWith('.zst'))).to.deep.equal([]);
  });

  it('compares and removes a file that was compressed before a crash', async () => {
    const batches = await filled();
    const [name = ''] = await segments();
    const plain = join(dir, plainName(0));
    await writeFile(plain, zstdDecompressSync(await readFile(join(dir, name))));
    await opened();
    await compressedAll();
    expect((await readAll(newStore())).equals(bytesOf(batches))).to.equal(true);
  });

  it('keeps both of two files that should be the same and are not, and reads the one that was there first', async () => {
    const batches = await filled();
    const [name = '', other = ''] = await segments();
    await writeFile(join(dir, plainName(0)), zstdDecompressSync(await readFile(join(dir, name))));
    await writeFile(join(dir, name), await readFile(join(dir, other)));
    const complained = Promise.withResolvers<unknown>();
    const logger = {
      debug() {},
      info() {},
      warn() {},
      error: (_: string, fields?: object) => complained.resolve(fields),
      child: () => logger,
    };
    const store = new FileEventStore({ dir }, logger);
    stores.push(store);
    await store.open(SIGNAL);
    expect(await complained.promise).to.have.nested.property('error.storeCode', 'damaged');
    expect((await readAll(store)).equals(bytesOf(batches))).to.equal(true);
    expect(await readdir(dir)).to.include.members([name, plainName(0)]);
  });

  for (const [what, spoil] of [
    ['missing', (path: string) => unlink(path)],
    ['empty', (path: string) => writeFile(path, '')],
  ] as const) {
    it(`has a lower head when the active file is ${what}, and makes nothing that hides it`, async () => {
      await filled();
      const inActive = (await readFile(join(dir, LOG_FILE))).toString().split('\n').length - 1;
      await spoil(join(dir, LOG_FILE));
      const before = await readdir(dir);
      const store = newStore();
      const lower = log.head.nextSeq - inActive;
      expect((await store.head(SIGNAL)).nextSeq).to.equal(lower);
      const { head } = await store.open(SIGNAL, { knownSize: log.head.nextSeq });
      expect(head.nextSeq).to.equal(lower);
      const verifier = new ChainVerifier();
      verifier.push(await readAll(store));
      expect(verifier.finish(head).nextSeq).to.equal(lower);
      expect((await readdir(dir)).filter((name) => !/holder|journal/.test(name)).sort()).to.deep.equal(
        before.sort(),
      );
    });
  }

  it('has no head when everything is gone, and makes no log', async () => {
    const store = newStore();
    const { head } = await store.open(SIGNAL, { knownSize: 100 });
    expect(head).to.deep.equal({ nextSeq: 0, hash: undefined });
    expect(await readdir(dir)).not.to.include(LOG_FILE);
  });

  it('goes on behind a segment when the active file is missing', async () => {
    await filled();
    await unlink(join(dir, LOG_FILE));
    const store = newStore();
    const { head } = await store.open(SIGNAL);
    const again = new SampleLog();
    let batch = again.next(1);
    for (let index = 1; batch.firstSeq < head.nextSeq; index++) batch = again.next(1 + ((index * 5) % 7));
    await store.append(batch, SIGNAL);
    const verifier = new ChainVerifier();
    verifier.push(await readAll(newStore()));
    expect(verifier.finish().nextSeq).to.equal(batch.firstSeq + batch.count);
  });

  describe('with an unfinished commit at its end', () => {
    let size: number;
    let tail: Buffer;

    beforeEach(async () => {
      await filled();
      size = log.head.nextSeq;
      tail = Buffer.from(log.next(5).bytes.subarray(0, -40));
      await writeFile(join(dir, LOG_FILE), Buffer.concat([await readFile(join(dir, LOG_FILE)), tail]));
    });

    it('shows it as what trails the log', async () => {
      const reader = newStore();
      expect(Buffer.from(await reader.trailing(SIGNAL)).equals(tail)).to.equal(true);
      const store = await opened();
      expect(await reader.trailing(SIGNAL)).to.have.length(0);
      expect(await store.trailing(SIGNAL)).to.have.length(0);
    });

    it('moves it aside when it may never have been acknowledged', async () => {
      const store = newStore();
      const { droppedTails } = await store.open(SIGNAL, { knownSize: size });
      expect(droppedTails.map(({ seq, bytes }) => ({ seq, bytes }))).to.deep.equal([
        { seq: size, bytes: tail.length },
      ]);
    });

    it('refuses to open when it is known to have been acknowledged, and moves nothing', async () => {
      const before = await readFile(join(dir, LOG_FILE));
      for (const spoilt of [before, Buffer.from(before).fill(0, before.length - 100)]) {
        await writeFile(join(dir, LOG_FILE), spoilt);
        const store = newStore();
        const damage = await store.open(SIGNAL, { knownSize: size + 1 }).catch((error: unknown) => error);
        expect(damage)
          .to.be.instanceOf(Damage)
          .that.includes({ lastGoodSeq: (damage as Damage).seq - 1 });
        expect(store.errorCode(damage)).to.equal('damaged');
        expect((await readFile(join(dir, LOG_FILE))).equals(spoilt)).to.equal(true);
        expect((await readdir(dir)).filter((name) => name.includes('torn'))).to.deep.equal([]);
      }
    });
  });
});

describe('a rotation that fails', () => {
  for (const name of ['link', 'open', 'sync', 'rename'] as const) {
    it(`fails no append when "${name}" has no space, and loses nothing`, async () => {
      const disk = new SimulatedDisk();
      const log = new SampleLog();
      const store = storeOnDisk(disk, 4_000);
      await store.open(SIGNAL);
      const first = log.next(6);
      await store.append(first, SIGNAL);
      let refusals = 0;
      disk.faultAt = (call) => {
        const isOfRotation = call.name === name && !call.path.includes('.zst') && refusals < 2;
        if (isOfRotation) refusals++;
        return isOfRotation ? { error: errnoError('ENOSPC') } : undefined;
      };
      const others = Array.from({ length: 12 }, () => log.next(1));
      for (const batch of others) await store.append(batch, SIGNAL);
      disk.faultAt = () => undefined;
      expect(refusals).to.be.greaterThan(0);
      const isGivenUp = name === 'sync';
      if (!isGivenUp) expect(disk.contents(`${DIR}/${LOG_FILE}`)?.length).to.be.lessThan(4_001);
      const whole = Buffer.concat([first, ...others].map(({ bytes }) => bytes));
      expect((await readAll(store)).equals(whole)).to.equal(true);
      await store.close();
      const next = storeOnDisk(disk, 4_000);
      expect((await next.open(SIGNAL)).head).to.deep.equal(log.head);
      expect((await readAll(next)).equals(whole)).to.equal(true);
      await next.close();
    });
  }
});
