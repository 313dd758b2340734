import { expect } from 'chai';
import type { ListOptions } from '../../../contracts/event-store.js';
import { expectSameBytes, filled, opened, readAll, refusal, signal } from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { SampleLog } from '../sample-log.js';

const EVERY_BYTE = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);

export const OBJECT_CASES: readonly EventStoreCase[] = [
  {
    name: 'keeps named objects',
    async run(harness) {
      const store = await opened(harness);
      await store.createObject('checkpoints/0000000001', EVERY_BYTE, signal());
      await store.createObject('checkpoints/0000000002', new Uint8Array(0), signal());
      await store.close();
      const again = await opened(harness);
      const [first, second] = [
        await again.readObject('checkpoints/0000000001', signal()),
        await again.readObject('checkpoints/0000000002', signal()),
      ];
      expectSameBytes(first ?? new Uint8Array(0), EVERY_BYTE, 'the first object');
      expect(second).to.have.length(0);
    },
  },
  {
    name: 'knows which objects there are not',
    async run(harness) {
      const store = await opened(harness);
      await store.createObject('snapshots/1', EVERY_BYTE, signal());
      for (const name of ['snapshots/2', 'snapshots', 'snapshots/1/1', 's']) {
        expect(await store.readObject(name, signal()), name).to.equal(undefined);
      }
    },
  },
  {
    name: 'creates an object once',
    async run(harness) {
      const store = await opened(harness);
      await store.createObject('checkpoints/1', Buffer.from('first'), signal());
      const second = store.createObject('checkpoints/1', Buffer.from('second'), signal());
      expect(await refusal(store, second)).to.equal('conflict');
      expect(Buffer.from((await store.readObject('checkpoints/1', signal())) ?? []).toString()).to.equal(
        'first',
      );
    },
  },
  {
    name: 'lets one of many win who create the same object',
    async run(harness) {
      const store = await opened(harness);
      const values = Array.from({ length: 8 }, (_, index) => Buffer.from(`writer ${index}`));
      const outcomes = await Promise.allSettled(
        values.map((value) => store.createObject('checkpoints/1', value, signal())),
      );
      const winners = values.filter((_, index) => outcomes[index]?.status === 'fulfilled');
      expect(winners, 'writers that won').to.have.length(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(store.errorCode(outcome.reason)).to.equal('conflict');
      }
      const stored = Buffer.from((await store.readObject('checkpoints/1', signal())) ?? []);
      expect(stored.toString()).to.equal(winners[0]?.toString());
    },
  },
  {
    name: 'lists the names under a prefix in the order of their bytes',
    async run(harness) {
      const names = ['a/10', 'a/2', 'a/1', 'a-b', 'a.b', 'a_b', 'a', 'b/c/d', 'b/c-d', 'b/c.d'].filter(
        (name) => name !== 'a',
      );
      const store = await opened(harness);
      for (const name of names) await store.createObject(name, Buffer.from(name), signal());
      const sorted = [...names].sort();
      for (const prefix of ['', 'a', 'a/', 'a/1', 'b/c', 'b/c/', 'c', 'a/100']) {
        const expected = sorted.filter((name) => name.startsWith(prefix));
        expect(await store.listObjects(prefix, signal()), `names under "${prefix}"`).to.deep.equal(expected);
      }
    },
  },
  {
    name: 'lists the names after another one, and only so many',
    async run(harness) {
      const store = await opened(harness);
      const names = ['c/0000000001', 'c/0000000002', 'c/0000000010', 'd/0000000001'];
      for (const name of names) await store.createObject(name, Buffer.from(name), signal());
      const list = (options: ListOptions) => store.listObjects('c/', signal(), options);
      expect(await list({ startAfter: 'c/0000000001' })).to.deep.equal(names.slice(1, 3));
      expect(await list({ startAfter: 'c/0000000005' }), 'after a name that is none').to.deep.equal([
        names[2],
      ]);
      expect(await list({ startAfter: 'a' })).to.deep.equal(names.slice(0, 3));
      expect(await list({ startAfter: 'c/0000000010' })).to.deep.equal([]);
      expect(await list({ limit: 2 })).to.deep.equal(names.slice(0, 2));
      expect(await list({ limit: 1, startAfter: 'c/0000000001' })).to.deep.equal([names[1]]);
    },
  },
  {
    name: 'keeps objects and events apart',
    async run(harness) {
      const log = new SampleLog();
      const first = log.next(2);
      await filled(harness, first);
      const store = await opened(harness);
      expect(await store.listObjects('', signal())).to.deep.equal([]);
      await store.createObject('events', Buffer.from('x'), signal());
      await store.createObject('0000000002.json', Buffer.from('x'), signal());
      expectSameBytes(await readAll(store), first.bytes, 'what was read');
      expect(await store.head(signal())).to.deep.equal(log.head);
      await store.append(log.next(), signal());
    },
  },
];
