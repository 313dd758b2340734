import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENT_STORE } from '@rynxs/kernel';
import { batchOf, type SampleBatch, SampleLog } from '@rynxs/kernel/testing';
import { Damage } from '@rynxs/log';
import { expect } from 'chai';
import { takeSqliteLock } from './exclusive-lock.js';
import { FileEventStore } from './file-event-store.js';
import { LOG_FILE } from './file-names.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';
import plugin from './plugin.js';

describe('FileEventStore', function () {
  this.timeout(30_000);
  const { signal } = new AbortController();
  let root: string;
  let dir: string;
  let stores: FileEventStore[];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'rynxs-store-file-'));
    dir = join(root, 'a', 'b', 'logs');
    stores = [];
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await rm(root, { recursive: true });
  });

  function newStore(files: FileSystem = nodeFileSystem): FileEventStore {
    const store = new FileEventStore({ dir }, undefined, undefined, { files, takeLock: takeSqliteLock });
    stores.push(store);
    return store;
  }

  async function filled(...batches: SampleBatch[]): Promise<void> {
    const store = newStore();
    await store.open(signal);
    for (const batch of batches) await store.append(batch, signal);
    await store.close();
  }

  async function read(store: FileEventStore, fromSeq = 0): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.read(fromSeq, signal)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async function failure(running: Promise<unknown>): Promise<Error> {
    return running.then(
      () => expect.fail('the call should have failed'),
      (error: Error) => error,
    );
  }

  it('makes its directory for its owner alone', async () => {
    await filled(new SampleLog().next());
    for (const path of [join(root, 'a'), dir]) expect((await stat(path)).mode & 0o777, path).to.equal(0o700);
    expect((await stat(join(dir, LOG_FILE))).mode & 0o777).to.equal(0o600);
  });

  it('leaves nothing behind but its log and its lock', async () => {
    await filled(new SampleLog().next());
    expect((await readdir(dir)).sort()).to.deep.equal(['operator-events.lock', LOG_FILE]);
  });

  it('says where it is', () => {
    expect(newStore().location).to.equal(`file://${dir}`);
  });

  it('says that a file is no directory', async () => {
    await writeFile(join(root, 'a'), '');
    expect((await failure(newStore().open(signal))).message).to.equal(
      `${join(root, 'a')} is not a directory`,
    );
    dir = join(root, 'a');
    const store = newStore();
    const error = await failure(store.open(signal));
    expect(error.message).to.equal(`${dir} is not a directory`);
    expect(store.errorCode(error)).to.equal('missing');
  });

  it('writes appends one after the other that were not waited for', async () => {
    const log = new SampleLog();
    const batches = [log.next(), log.next(200), log.next(3)];
    const store = newStore();
    await store.open(signal);
    await Promise.all(batches.map((batch) => store.append(batch, signal)));
    expect((await read(store)).equals(Buffer.concat(batches.map(({ bytes }) => bytes)))).to.equal(true);
  });

  it('waits with closing for the write that is under way', async () => {
    const written = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const store = newStore(slowSync(nodeFileSystem, began.resolve, written.promise));
    await store.open(signal);
    const batch = new SampleLog().next();
    const appending = store.append(batch, signal);
    await began.promise;
    let isClosed = false;
    const closing = store.close().then(() => {
      isClosed = true;
    });
    await new Promise(setImmediate);
    expect(isClosed).to.equal(false);
    written.resolve();
    await appending;
    await closing;
    expect((await read(newStore())).equals(batch.bytes)).to.equal(true);
  });

  it('shows readers no commit whose fdatasync is still under way', async () => {
    const written = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const store = newStore(slowSync(nodeFileSystem, began.resolve, written.promise));
    await store.open(signal);
    const appending = store.append(new SampleLog().next(), signal);
    await began.promise;
    expect(await read(store)).to.have.length(0);
    expect((await store.head(signal)).nextSeq).to.equal(0);
    written.resolve();
    await appending;
    expect((await store.head(signal)).nextSeq).to.equal(1);
  });

  it('ends reading before a torn commit of the largest size behind one of the largest size', async () => {
    const log = new SampleLog();
    const largest = (): SampleBatch =>
      log.nextOf(Array.from({ length: 20 }, (_, n) => ({ payload: { n, text: 'x'.repeat(51_800) } })));
    const batches = [log.next(), largest()];
    const { head } = log;
    await filled(...batches);
    await appendFile(join(dir, LOG_FILE), largest().bytes.subarray(0, -1));
    const reader = newStore();
    expect((await read(reader)).equals(Buffer.concat(batches.map(({ bytes }) => bytes)))).to.equal(true);
    expect(await reader.head(signal)).to.deep.equal(head);
    expect((await newStore().open(signal)).head).to.deep.equal(head);
  });

  describe('with damage long before a torn commit', () => {
    let before: Buffer;

    beforeEach(async () => {
      const log = new SampleLog();
      await filled(log.next(), ...Array.from({ length: 12 }, () => log.next(1_000)));
      const torn = log.next(3).bytes.subarray(0, -1);
      before = Buffer.concat([await readFile(join(dir, LOG_FILE)), torn]);
      before[100_000] = (before[100_000] ?? 0) ^ 1;
      await writeFile(join(dir, LOG_FILE), before);
    });

    it('refuses to open, names the record, and changes nothing', async () => {
      for (let round = 0; round < 2; round++) {
        const store = newStore();
        const damage = await failure(store.open(signal));
        expect(damage)
          .to.be.instanceOf(Damage)
          .that.includes({ kind: 'hash_mismatch', lastGoodSeq: (damage as Damage).seq - 1 });
        expect(store.errorCode(damage)).to.equal('damaged');
        expect(before.equals(await readFile(join(dir, LOG_FILE)))).to.equal(true);
        expect((await readdir(dir)).filter((name) => name.includes('torn'))).to.deep.equal([]);
      }
    });

    it('tells no head', async () => {
      const store = newStore();
      expect(store.errorCode(await failure(store.head(signal)))).to.equal('damaged');
    });
  });

  it('does not take a broken rule in the last commit for a torn one', async () => {
    const log = new SampleLog();
    await filled(log.next());
    const skipped = batchOf([{ type: 'EpochStarted', payload: { epoch: 5 } }], {
      firstSeq: 1,
      prevHash: log.head.hash!,
      epoch: 5,
    });
    await appendFile(join(dir, LOG_FILE), skipped.bytes);
    const damage = await failure(newStore().open(signal));
    expect(damage).to.be.instanceOf(Damage).that.includes({ kind: 'epoch_broken', seq: 1 });
  });

  it('shows a reader all that is there when the end is damaged', async () => {
    const log = new SampleLog();
    const batches = [log.next(), log.next(3), log.next(2)];
    await filled(...batches);
    const bytes = await readFile(join(dir, LOG_FILE));
    bytes[(batches[0]?.bytes.length ?? 0) + 250] = 0x2a;
    await writeFile(join(dir, LOG_FILE), bytes);
    expect((await read(newStore())).equals(bytes)).to.equal(true);
    expect((await read(newStore(), 4)).length).to.be.at.least(batches[2]?.bytes.length ?? 0);
  });

  it('reads a log that is longer than what it looks at from the end, from anywhere', async () => {
    const log = new SampleLog();
    const batches = Array.from({ length: 900 }, (_, index) => log.next(index % 9 === 0 ? 40 : 1));
    await filled(...batches);
    const reader = newStore();
    for (let index = 0; index < batches.length; index += 83) {
      const rest = Buffer.concat(batches.slice(index).map(({ bytes }) => bytes));
      expect((await read(reader, batches[index]?.firstSeq)).equals(rest), `from commit ${index}`).to.equal(
        true,
      );
    }
  });

  it('keeps it to a reader who is busy with a chunk that reading was aborted', async () => {
    const log = new SampleLog();
    await filled(...Array.from({ length: 6 }, () => log.next(400)));
    const aborting = new AbortController();
    const chunks = newStore().read(0, aborting.signal)[Symbol.asyncIterator]();
    await chunks.next();
    aborting.abort(new Error('enough'));
    // What had been read ahead; the chunk after it is the one that fails.
    await chunks.next();
    // Outside of mocha a failure that nobody waits for ends the process.
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).to.deep.equal([]);
    const failure = await chunks.next().catch((error: Error) => error);
    expect(failure).to.have.property('message', 'enough');
  });

  it('refuses names that could lead elsewhere, and objects that are too large', async () => {
    const store = newStore();
    await store.open(signal);
    for (const name of [
      '',
      '/',
      '../x',
      'a/../../x',
      'a//b',
      'a/',
      '/a',
      '.',
      'A',
      'a b',
      'a\b',
      'x'.repeat(201),
    ]) {
      const error = await failure(store.createObject(name, Buffer.from('x'), signal));
      expect(error, name).to.be.instanceOf(TypeError);
      expect(await failure(store.readObject(name, signal)), name).to.be.instanceOf(TypeError);
    }
    const tooLarge = new Uint8Array(16 * 1_048_576 + 1);
    expect(await failure(store.createObject('a', tooLarge, signal))).to.be.instanceOf(RangeError);
    expect(await store.listObjects('', signal)).to.deep.equal([]);
  });

  it('removes what a crash has left of an object that was being created', async () => {
    await filled();
    const left = join(dir, `operator-events.object-${randomUUID()}.tmp`);
    await writeFile(left, 'half');
    const store = newStore();
    await store.open(signal);
    await store.createObject('a/b', Buffer.from('x'), signal);
    await failure(store.createObject('a/b', Buffer.from('y'), signal));
    expect((await readdir(dir)).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
  });

  it('is what the plugin provides for EVENT_STORE_TYPE=file', () => {
    expect(plugin.provides).to.have.length(1);
    const [provider] = plugin.provides;
    expect(provider).to.include({ token: EVENT_STORE, type: 'file', implementation: FileEventStore });
  });
});

/** Tells when an fdatasync begins, and lets it end later. */
function slowSync(files: FileSystem, onBegin: () => void, end: Promise<void>): FileSystem {
  return {
    ...files,
    open: async (path, flags, mode) => {
      const file = await files.open(path, flags, mode);
      return {
        write: (bytes, position) => file.write(bytes, position),
        read: (target, position) => file.read(target, position),
        stat: () => file.stat(),
        truncate: (bytes) => file.truncate(bytes),
        sync: () => file.sync(),
        dataSync: async () => {
          onBegin();
          await end;
          await file.dataSync();
        },
        close: () => file.close(),
      };
    },
  };
}
