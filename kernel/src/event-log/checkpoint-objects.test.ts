import { formatCheckpoint, formatNote, NoteSigner } from '@rynxs/log';
import { expect } from 'chai';
import { MemoryStorage, memoryEventStore } from '../testing/event-store-suite/memory-event-store.js';
import { allCheckpoints, keepCheckpoint, newestCheckpoints } from './checkpoint-objects.js';

const signal = new AbortController().signal;

describe('the checkpoints beside a log', () => {
  const signer = NoteSigner.generate('rynxs');
  const trusted = [signer.verifier];
  const origin = 'rynxs.log/sample-log';

  function checkpoint(size: number, by = signer): Buffer {
    return Buffer.from(
      formatNote(by.named(origin).sign(formatCheckpoint({ origin, size, root: Buffer.alloc(32) }))),
    );
  }

  const nameOf = (size: number): string => `checkpoints/${String(size).padStart(10, '0')}`;

  async function storeWith(sizes: readonly number[], others: readonly (readonly [string, Buffer])[] = []) {
    const store = memoryEventStore(new MemoryStorage());
    await store.open(signal);
    for (const size of sizes) await store.createObject(nameOf(size), checkpoint(size), signal);
    for (const [name, bytes] of others) await store.createObject(name, bytes, signal);
    return store;
  }

  it('come newest first, however far apart they are', async () => {
    const sizes = [1, 7, 1_000, 1_001, 40_000, 999_999, 1_000_000];
    const store = await storeWith(sizes);
    const notes = await newestCheckpoints(store, 1_000_000, trusted, signal);
    expect(notes.map(({ name }) => name)).to.deep.equal(sizes.map(nameOf).reverse());
  });

  it('are not read further back than is enough', async () => {
    const sizes = Array.from({ length: 500 }, (_, index) => 1 + index * 100);
    const notes = await newestCheckpoints(await storeWith(sizes), 50_000, trusted, signal);
    expect(notes.length).to.equal(16);
    expect(notes[0]?.name).to.equal(nameOf(49_901));
    expect(await allCheckpoints(await storeWith(sizes), 50_000, signal)).to.have.length(500);
  });

  it('are found behind those that nobody trusts, however many, and ahead of the log as well', async () => {
    const mallory = NoteSigner.generate('mallory');
    const junk = Array.from({ length: 300 }, (_, index) => 2_000 + index);
    const others = junk.map((size): [string, Buffer] => [nameOf(size), checkpoint(size, mallory)]);
    const unreadable: [string, Buffer] = [`${nameOf(1_900)}-2`, Buffer.from('no checkpoint')];
    const store = await storeWith([1_500], [...others, unreadable]);
    const notes = await newestCheckpoints(store, 2_500, trusted, signal);
    expect(notes.at(-1)?.name).to.equal(nameOf(1_500));
    expect(notes).to.have.length(302);
    const ahead = await newestCheckpoints(store, 100, trusted, signal);
    expect(ahead.map(({ name }) => name)).to.include(nameOf(1_500));
  });

  it('include those of more records than there are, which tell that some are missing', async () => {
    const notes = await newestCheckpoints(await storeWith([10, 5_000]), 20, trusted, signal);
    expect(notes.map(({ name }) => name)).to.deep.equal([nameOf(5_000), nameOf(10)]);
  });

  it('are nothing else that stands there', async () => {
    const store = await storeWith([10], [['checkpoints/readme.txt', Buffer.from('x')]]);
    expect(await newestCheckpoints(store, 20, trusted, signal)).to.have.length(1);
  });

  it('are kept under their size, and beside those of an abandoned branch', async () => {
    const store = await storeWith([]);
    const keep = (text: string, epoch: number) => keepCheckpoint(store, { size: 7, text, epoch }, signal);
    await keep('one', 1);
    await keep('one', 2);
    await keep('two', 3);
    await keep('two', 3);
    const found = await allCheckpoints(store, 7, signal);
    expect(found.map(({ name, text }) => [name, text])).to.deep.equal([
      ['checkpoints/0000000007-3', 'two'],
      ['checkpoints/0000000007', 'one'],
    ]);
  });
});
