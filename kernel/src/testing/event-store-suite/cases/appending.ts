import { MAX_BATCH_RECORDS, MAX_RECORD_BYTES } from '@rynxs/log';
import { expect } from 'chai';
import {
  appendAll,
  bytesOf,
  expectSameBytes,
  filled,
  opened,
  readAll,
  refusal,
  signal,
  verified,
} from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { batchOf, type SampleEvent, SampleLog } from '../sample-log.js';

export const APPENDING_CASES: readonly EventStoreCase[] = [
  {
    name: 'returns what was appended, byte for byte',
    async run(harness) {
      const log = new SampleLog();
      const store = await opened(harness);
      const batches = [log.next(), log.next(3), log.next(2)];
      for (const [index, batch] of batches.entries()) {
        await store.append(batch, signal());
        expectSameBytes(await readAll(store), bytesOf(...batches.slice(0, index + 1)), 'what was read');
      }
    },
  },
  {
    name: 'refuses a batch that is not the next one, and writes nothing of it',
    async run(harness) {
      const log = new SampleLog();
      const [first, second, third] = [log.next(2), log.next(3), log.next(1)];
      const store = await opened(harness, first);
      for (const batch of [first, third]) {
        expect(await refusal(store, store.append(batch, signal()))).to.equal('conflict');
        expectSameBytes(await readAll(store), first.bytes, 'what was read after the conflict');
      }
      await appendAll(store, [second, third]);
      expect(await refusal(store, store.append(second, signal()))).to.equal('conflict');
      expect(await store.head(signal())).to.deep.equal(log.head);
      expectSameBytes(await readAll(store), bytesOf(first, second, third), 'what was read at the end');
    },
  },
  {
    name: 'refuses anything but seq 0 while empty',
    async run(harness) {
      const log = new SampleLog();
      const [first, second] = [log.next(), log.next()];
      const store = await opened(harness);
      expect(await refusal(store, store.append(second, signal()))).to.equal('conflict');
      await store.append(first, signal());
      expectSameBytes(await readAll(store), first.bytes, 'what was read');
    },
  },
  {
    name: 'does not keep the memory of a batch',
    async run(harness) {
      const log = new SampleLog();
      const batch = log.next(3);
      const bytes = Uint8Array.from(batch.bytes);
      const store = await opened(harness, { ...batch, bytes });
      bytes.fill(0);
      expectSameBytes(await readAll(store), batch.bytes, 'what was read after the memory was used again');
    },
  },
  {
    name: 'does not change the memory of a batch',
    async run(harness) {
      const batch = new SampleLog().next(3);
      const before = Uint8Array.from(batch.bytes);
      await opened(harness, batch);
      expectSameBytes(batch.bytes, before, 'the memory of the batch');
    },
  },
  {
    name: 'takes bytes that lie in the middle of a larger memory',
    async run(harness) {
      const batch = new SampleLog().next(3);
      const memory = new Uint8Array(batch.bytes.length + 300).fill(0x2a);
      memory.set(batch.bytes, 100);
      const bytes = memory.subarray(100, 100 + batch.bytes.length);
      const store = await opened(harness, { ...batch, bytes });
      expectSameBytes(await readAll(store), batch.bytes, 'what was read');
    },
  },
  {
    name: 'takes a batch of as many records as there may be, and a record of the largest size',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(MAX_BATCH_RECORDS), log.nextOf([eventOf(MAX_RECORD_BYTES, log)])];
      expect(batches[2]?.bytes).to.have.length(MAX_RECORD_BYTES + 1);
      await filled(harness, ...batches);
      const store = await opened(harness);
      expect(await store.head(signal())).to.deep.equal(log.head);
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
    },
  },
  {
    name: 'takes text of every Unicode plane',
    async run(harness) {
      const log = new SampleLog();
      const batches = [
        log.next(),
        log.nextOf(
          textsOfEveryPlane().map((text) => ({
            aggregateId: text,
            type: text,
            payload: { text, [text]: 1 },
          })),
        ),
      ];
      await filled(harness, ...batches);
      const store = await opened(harness);
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
    },
  },
  {
    name: 'takes many small commits, which verify',
    async run(harness) {
      const log = new SampleLog();
      const store = await opened(harness);
      for (let commit = 0; commit < 200; commit++) await store.append(log.next(), signal());
      const { records, commits, headHash } = await verified(store);
      expect({ records, commits, headHash }).to.deep.equal({
        records: 200,
        commits: 200,
        headHash: log.head.hash,
      });
    },
  },
];

/** An event whose record has so many bytes where `log` stands. */
function eventOf(bytes: number, log: SampleLog): SampleEvent {
  const { nextSeq, hash } = log.head;
  const position = { firstSeq: nextSeq, ...(hash === undefined ? {} : { prevHash: hash }) };
  const empty = batchOf([{ payload: { text: '' } }], position).bytes.length - 1;
  return { payload: { text: 'x'.repeat(bytes - empty) } };
}

/**
 * Text that a store may change when it takes bytes for text: escapes, marks of byte order, ends of lines, text in
 * several normal forms, and each plane's first and last characters. RFC 8785 has no lone surrogates, so no store ever
 * sees one; their escapes as plain text are text like any other.
 */
function textsOfEveryPlane(): string[] {
  const texts = [
    '\u0000\u001f"\\/\u007f\u0080\u0085\u2028\u2029\ufeff\ufffd\ufffe\uffff',
    '\ufeffa mark of byte order at the beginning',
    'e\u0301 \u00e9 \u1e69 s\u0323\u0307 s\u0307\u0323 \u212b \u0041\u030a',
    '\u202eright to left\u202c \u200d\u{1f468}\u200d\u{1f469}\u200d\u{1f466}',
    '\\ud800 \\udfff \\u0000 \\n',
    '\r\n\t\b\f',
  ];
  for (let plane = 0; plane <= 16; plane++) {
    const first = plane * 0x10000;
    texts.push(String.fromCodePoint(first, first + 0x1234, first + 0xfffd, first + 0xfffe, first + 0xffff));
  }
  return texts;
}
