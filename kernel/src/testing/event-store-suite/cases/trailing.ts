import { expect } from 'chai';
import type { EventStore } from '../../../contracts/event-store.js';
import { expectSameBytes, filled, opened, readAll, signal } from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { SampleLog } from '../sample-log.js';

const MAX_TRAILING_BYTES = 2_097_152;

export const TRAILING_CASES: readonly EventStoreCase[] = [
  {
    name: 'shows what stands behind the last whole commit, until it was moved aside',
    needs: ['tear', 'trailing'],
    async run(harness) {
      const log = new SampleLog();
      await filled(harness, log.next(), log.next(3));
      const torn = log.next(5).bytes.subarray(0, -7);
      await harness.tear?.(torn);
      const reader = harness.open();
      for (let round = 0; round < 2; round++) {
        expectSameBytes(await trailing(reader), torn, 'what trails the log');
      }
      await filled(harness);
      expect(await trailing(reader), 'after it was moved aside').to.have.length(0);
    },
  },
  {
    name: 'shows the beginning of what stands behind when it is too long for a commit, or leaves it to reading',
    needs: ['tear', 'trailing'],
    async run(harness) {
      const log = new SampleLog();
      const first = log.next();
      await filled(harness, first);
      const torn = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251);
      await harness.tear?.(torn);
      const shown = await trailing(harness.open());
      expect(shown.length, 'bytes that are shown').to.be.at.most(MAX_TRAILING_BYTES);
      expectSameBytes(shown, torn.subarray(0, shown.length), 'what is shown');
      const read = await readAll(harness.open());
      expect(shown.length + read.length, 'bytes that are shown or read').to.be.above(first.bytes.length);
    },
  },
  {
    name: 'shows nothing behind whole commits, and nothing where nothing is',
    needs: ['trailing'],
    async run(harness) {
      expect(await trailing(harness.open()), 'where nothing is').to.have.length(0);
      const log = new SampleLog();
      const store = await opened(harness, log.next(), log.next(3));
      expect(await trailing(store), 'beside the writer').to.have.length(0);
      await store.close();
      expect(await trailing(harness.open()), 'after closing').to.have.length(0);
    },
  },
];

async function trailing(store: EventStore): Promise<Uint8Array> {
  return (await store.trailing?.(signal())) ?? expect.fail('the store shows no trailing bytes');
}
