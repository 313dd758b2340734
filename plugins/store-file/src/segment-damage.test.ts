import { mkdtemp, readdir, readFile, rename, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { SampleLog } from '@rynxs/kernel/testing';
import { ChainVerifier, Damage, type DamageKind } from '@rynxs/log';
import { expect } from 'chai';
import { FileEventStore } from './file-event-store.js';
import { LOG_FILE, plainName } from './file-names.js';
import { randomFrom, SIGNAL } from './testing/history.js';

const FLIPS = 80;

/** A file of the log, and the records that it holds. */
interface Stored {
  readonly name: string;
  readonly firstSeq: number;
  readonly endSeq: number;
  /** The content, and the bytes of the file. */
  readonly bytes: Buffer;
  readonly stored: Buffer;
}

describe('damage in a log of several files', function () {
  this.timeout(30_000);
  let dir: string;
  let files: readonly Stored[];
  let head: { readonly nextSeq: number; readonly hash: string | undefined };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rynxs-store-file-'));
    const store = new FileEventStore({ dir, segmentSize: 12_000 });
    await store.open(SIGNAL);
    const log = new SampleLog();
    for (let index = 0; index < 20; index++) await store.append(log.next(1 + ((index * 3) % 11)), SIGNAL);
    while ((await readdir(dir)).some((name) => /\.\d{10}\.log$/.test(name))) await new Promise(setImmediate);
    await store.close();
    head = log.head;
    files = await storedFiles();
    expect(files.length).to.be.greaterThan(4);
  });

  afterEach(() => rm(dir, { recursive: true }));

  async function storedFiles(): Promise<readonly Stored[]> {
    const names = (await readdir(dir)).filter((name) => name.endsWith('.zst')).sort();
    let firstSeq = 0;
    const found: Stored[] = [];
    for (const name of [...names, LOG_FILE]) {
      const stored = await readFile(join(dir, name));
      const bytes = name.endsWith('.zst') ? zstdDecompressSync(stored) : stored;
      const endSeq = firstSeq + bytes.toString().split('\n').length - 1;
      found.push({ name, firstSeq, endSeq, bytes, stored });
      firstSeq = endSeq;
    }
    return found;
  }

  function file(index: number): Stored {
    const found = files.at(index);
    if (found === undefined) throw new Error(`there is no file ${index}`);
    return found;
  }

  /** What somebody finds who verifies all that the store shows, and knows where the log ended. */
  async function found(fromSeq = 0): Promise<Damage> {
    const store = new FileEventStore({ dir });
    try {
      const verifier = new ChainVerifier({ fromSeq });
      for await (const chunk of store.read(fromSeq, SIGNAL)) verifier.push(chunk);
      verifier.finish(head);
    } catch (error) {
      expect(error).to.be.instanceOf(Damage);
      return error as Damage;
    } finally {
      await store.close();
    }
    return expect.fail('nothing was found');
  }

  async function expectFound(kinds: readonly DamageKind[], seq: number): Promise<void> {
    const { kind, seq: at, lastGoodSeq } = await found();
    expect(kinds).to.include(kind);
    expect(at).to.equal(seq);
    expect(lastGoodSeq).to.equal(seq === 0 ? undefined : seq - 1);
  }

  function lineAt(bytes: Buffer, offset: number): number {
    return bytes.subarray(0, offset).toString('latin1').split('\n').length - 1;
  }

  it('is found in the record where a byte was changed, in a compressed file or the active one', async () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    for (let round = 0; round < FLIPS; round++) {
      const { name, firstSeq, bytes, stored } = file(Math.floor(random() * files.length));
      const offset = Math.floor(random() * bytes.length);
      const altered = Buffer.from(bytes);
      altered[offset] = (altered[offset] ?? 0) ^ (1 + Math.floor(random() * 255));
      await writeFile(join(dir, name), name === LOG_FILE ? altered : zstdCompressSync(altered));
      const { seq } = await found();
      const where = `a changed byte at ${offset} of ${name}, seed ${seed}`;
      // A commit at the end that does not verify may be unfinished: then the log is shorter than it is known to be.
      const record = firstSeq + lineAt(bytes, offset);
      const lastCommit = head.nextSeq - 1 - ((19 * 3) % 11);
      expect(seq, where).to.equal(name === LOG_FILE && record >= lastCommit ? lastCommit : record);
      await writeFile(join(dir, name), stored);
    }
  });

  it('is found in the file where a stored byte was changed', async () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    for (let round = 0; round < FLIPS; round++) {
      const { name, firstSeq, endSeq, stored } = file(Math.floor(random() * (files.length - 1)));
      const offset = Math.floor(random() * stored.length);
      const altered = Buffer.from(stored);
      altered[offset] = (altered[offset] ?? 0) ^ (1 + Math.floor(random() * 255));
      await writeFile(join(dir, name), altered);
      const where = `a changed byte at ${offset} of ${name}, seed ${seed}`;
      if (!isHarmless(altered, zstdDecompressSync(stored))) {
        const { seq, lastGoodSeq } = await found();
        expect(seq, where).to.be.within(firstSeq, endSeq - 1);
        expect(lastGoodSeq ?? -1, where).to.be.within(firstSeq - 1, seq - 1);
      }
      await writeFile(join(dir, name), stored);
    }
  });

  it('is found when a file cannot be decompressed, with its first record', async () => {
    const { name, firstSeq, stored } = file(1);
    const spoilt: Readonly<Record<string, Uint8Array>> = {
      'cut off': stored.subarray(0, -1),
      'cut off in the middle': stored.subarray(0, stored.length / 2),
      empty: new Uint8Array(),
      foreign: Buffer.from('this was never compressed\n'),
      'with bytes behind its end': Buffer.concat([stored, Buffer.from('x')]),
      'twice in a row': Buffer.concat([stored, stored]),
    };
    for (const [what, bytes] of Object.entries(spoilt)) {
      await writeFile(join(dir, name), bytes);
      const damage = await found();
      expect(damage, what).to.include({ kind: 'malformed', seq: firstSeq, lastGoodSeq: firstSeq - 1 });
      expect(damage.detail, what).to.include(name);
    }
  });

  it('is found as a gap when a file is missing', async () => {
    for (const index of [0, 1, -2]) {
      const { name, firstSeq, stored } = file(index);
      await unlink(join(dir, name));
      await expectFound(['gap'], firstSeq);
      await writeFile(join(dir, name), stored);
    }
  });

  it('is found as truncated when the last files are missing', async () => {
    await unlink(join(dir, LOG_FILE));
    const { kind, seq } = await found();
    expect({ kind, seq }).to.deep.equal({ kind: 'truncated', seq: file(-1).firstSeq });
  });

  it('is found where files were swapped', async () => {
    const [one, other] = [file(1), file(3)];
    await writeFile(join(dir, one.name), other.stored);
    await writeFile(join(dir, other.name), one.stored);
    await expectFound(['gap', 'reordered'], one.firstSeq);
  });

  it('is found where a file was put in the place of the active one', async () => {
    await writeFile(join(dir, LOG_FILE), file(0).bytes);
    const { kind } = await found();
    expect(kind).to.equal('duplicate');
    const store = new FileEventStore({ dir });
    expect(store.errorCode(await store.open(SIGNAL).catch((error: unknown) => error))).to.equal('damaged');
    await store.close();
  });

  it('is found where a file was stored under another number', async () => {
    const { name, firstSeq, endSeq } = file(2);
    await rename(join(dir, name), join(dir, `${plainName(endSeq + 1)}.zst`));
    await expectFound(['gap', 'reordered'], firstSeq);
  });

  it('is found where lines were cut off the end of a file', async () => {
    const { name, firstSeq, bytes } = file(1);
    const lines = bytes.toString().split('\n').slice(0, 3);
    await writeFile(join(dir, name), zstdCompressSync(`${lines.join('\n')}\n`));
    await expectFound(['gap', 'commit_broken', 'reordered'], firstSeq + 3);
  });

  it('is found when a plain file ends within a line', async () => {
    const { name, firstSeq, endSeq, bytes } = file(1);
    await unlink(join(dir, name));
    await writeFile(join(dir, plainName(firstSeq)), bytes);
    await truncate(join(dir, plainName(firstSeq)), bytes.length - 20);
    const { seq } = await found();
    expect(seq).to.equal(endSeq - 1);
  });

  it('is found by who begins behind it only where it is', async () => {
    const { name, stored } = file(0);
    await writeFile(join(dir, name), stored.subarray(0, -1));
    const verifier = new ChainVerifier({ fromSeq: file(2).firstSeq });
    const store = new FileEventStore({ dir });
    for await (const chunk of store.read(file(2).firstSeq, SIGNAL)) verifier.push(chunk);
    expect(verifier.finish(head).nextSeq).to.equal(head.nextSeq);
    await store.close();
  });

  it('keeps a store from opening when the last file that tells its end is damaged', async () => {
    await unlink(join(dir, LOG_FILE));
    const { name, stored } = file(-2);
    for (const bytes of [
      stored.subarray(0, -1),
      file(0).stored,
      zstdCompressSync(file(-2).bytes.subarray(0, -200)),
    ]) {
      await writeFile(join(dir, name), bytes);
      const store = new FileEventStore({ dir });
      expect(store.errorCode(await store.open(SIGNAL).catch((error: unknown) => error))).to.equal('damaged');
      expect(store.errorCode(await store.head(SIGNAL).catch((error: unknown) => error))).to.equal('damaged');
      await store.close();
    }
  });
});

/** A bit of the frame's header that says nothing about the content. */
function isHarmless(altered: Buffer, content: Buffer): boolean {
  try {
    return zstdDecompressSync(altered).equals(content);
  } catch {
    return false;
  }
}
