import { expect } from 'chai';
import { bytesOf, chunksOf, expectSameBytes, filled, opened, readAll, signal, verified } from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { type SampleBatch, SampleLog } from '../sample-log.js';

const LF = 0x0a;

export const READING_CASES: readonly EventStoreCase[] = [
  {
    name: 'begins with the commit that holds the number asked for',
    async run(harness) {
      const log = new SampleLog();
      const batches = [1, 3, 1, 1, 8, 2].map((count) => log.next(count));
      const store = await opened(harness, ...batches);
      for (let seq = 0; seq < log.head.nextSeq; seq++) {
        const rest = batches.filter((batch) => batch.firstSeq + batch.count > seq);
        expectSameBytes(await readAll(store, seq), bytesOf(...rest), `what was read from seq ${seq}`);
      }
    },
  },
  {
    name: 'finds any number of a long log',
    async run(harness) {
      const log = new SampleLog();
      const batches = Array.from({ length: 12 }, (_, index) => log.next(index % 3 === 0 ? 900 : 5));
      await filled(harness, ...batches);
      const reader = harness.open();
      for (const { firstSeq, count } of batches) {
        for (const seq of [firstSeq, firstSeq + count - 1]) {
          const rest = batches.filter((batch) => batch.firstSeq >= firstSeq);
          expectSameBytes(await readAll(reader, seq), bytesOf(...rest), `what was read from seq ${seq}`);
        }
      }
    },
  },
  {
    name: 'reads nothing at and beyond the head',
    async run(harness) {
      const log = new SampleLog();
      const store = await opened(harness, log.next(), log.next(4));
      for (const seq of [5, 6, 1_000, 9_999_999_999]) {
        expect(await readAll(store, seq), `what was read from seq ${seq}`).to.have.length(0);
      }
    },
  },
  {
    name: "cuts chunks at lines' ends and nowhere else",
    async run(harness) {
      const log = new SampleLog();
      const store = await opened(harness, log.next(), log.next(1_000), log.next(1_000), log.next(7));
      for (const chunk of await chunksOf(store)) {
        expect(chunk.length, 'length of a chunk').to.be.greaterThan(0);
        expect(chunk.at(-1), 'last byte of a chunk').to.equal(LF);
      }
    },
  },
  {
    name: 'leaves a chunk alone once it was given',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(1_000), log.next(1_000)];
      const store = await opened(harness, ...batches);
      const chunks = await chunksOf(store);
      await store.append(log.next(900), signal());
      await readAll(store);
      expectSameBytes(Buffer.concat(chunks), bytesOf(...batches), 'the chunks of the first reading');
    },
  },
  {
    name: 'is read by several at once, and by one who stops early',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(1_000), log.next(1_000)];
      const store = await opened(harness, ...batches);
      for await (const chunk of store.read(0, signal())) {
        expect(chunk.length).to.be.greaterThan(0);
        break;
      }
      for (const bytes of await Promise.all([readAll(store), readAll(store), readAll(store)])) {
        expectSameBytes(bytes, bytesOf(...batches), 'what was read');
      }
    },
  },
  {
    name: 'is read by an instance that did not open it, while another writes',
    async run(harness) {
      const log = new SampleLog();
      const writer = await opened(harness, log.next());
      const reader = harness.open();
      for (const batch of [log.next(), log.next(20), log.next()]) {
        await writer.append(batch, signal());
        expectSameBytes(await readAll(reader, batch.firstSeq), batch.bytes, 'what the other instance read');
      }
    },
  },
  {
    name: 'shows whole commits only, and none that is acknowledged too late',
    async run(harness) {
      const log = new SampleLog();
      const batches: SampleBatch[] = Array.from({ length: 40 }, (_, index) =>
        log.next(index % 4 === 3 ? 300 : 2),
      );
      const writer = await opened(harness);
      const reader = harness.open();
      let acknowledged = 0;
      let isWriting = true;
      const writing = (async () => {
        for (const batch of batches) {
          await writer.append(batch, signal());
          acknowledged = batch.firstSeq + batch.count;
        }
      })().finally(() => {
        isWriting = false;
      });
      do {
        for (const store of [reader, writer]) {
          const before = acknowledged;
          expect((await verified(store)).nextSeq, 'what a reader reached').to.be.at.least(before);
        }
      } while (isWriting);
      await writing;
      expect((await verified(reader)).headHash).to.equal(log.head.hash);
    },
  },
];
