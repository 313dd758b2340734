import { expect } from 'chai';
import { bytesOf, expectSameBytes, opened, readAll, signal } from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { SampleLog } from '../sample-log.js';

export const PROBING_CASES: readonly EventStoreCase[] = [
  {
    name: 'lets one racer win, time after time, and leaves the log as it was',
    needs: ['probe'],
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(3)];
      const store = await opened(harness, ...batches);
      await store.createObject('checkpoints/0000000004', Buffer.from('x'), signal());
      for (let round = 0; round < 3; round++) {
        const probe = await store.probe?.(signal());
        expect(probe?.racers, 'racers').to.be.at.least(2);
        expect(probe?.winners, 'winners').to.equal(1);
      }
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
      expect(await store.head(signal())).to.deep.equal(log.head);
      expect(await store.listObjects('checkpoints/', signal())).to.have.length(1);
      expect(await store.listObjects('snapshots/', signal())).to.have.length(0);
      await store.append(log.next(), signal());
    },
  },
];
