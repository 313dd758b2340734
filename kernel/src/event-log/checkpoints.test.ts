import { formatNote, LogAudit, NoteSigner, parseCheckpointNote } from '@rynxs/log';
import { expect } from 'chai';
import type { EventStore } from '../contracts/event-store.js';
import { MemoryStorage, memoryEventStore } from '../testing/event-store-suite/memory-event-store.js';
import { FakeClock } from '../testing/index.js';
import { lastingTenure } from '../testing/lasting-tenure.js';
import { allCheckpoints } from './checkpoint-objects.js';
import {
  checkpointTexts,
  draft,
  keysOf,
  MemoryAnchor,
  openLog,
  rejection,
  settled,
  startTerm,
  typesIn,
} from './testing/event-logs.js';

const { signal } = new AbortController();

describe('checkpoints of a log', () => {
  let storage: MemoryStorage;
  let clock: FakeClock;
  const store = (): EventStore => memoryEventStore(storage);
  const sizes = async () => (await allCheckpoints(store(), 0, signal)).map(({ size }) => size).reverse();

  beforeEach(() => {
    storage = new MemoryStorage();
    clock = new FakeClock();
  });

  it('are made at the start of a term and at its clean stop, each of whole commits', async () => {
    const signer = NoteSigner.generate('test');
    const log = await openLog(store(), { clock, keys: keysOf(signer) });
    const term = await startTerm(log);
    await settled();
    await term.append([draft(1), draft(2)]);
    await term.end('stopped');
    await log.close();
    // EpochStarted and KeyAdded; two events; EpochEnded.
    expect(await sizes()).to.deep.equal([2, 5]);
    const audit = new LogAudit({ trusted: [signer.verifier], checkpoints: await checkpointTexts(storage) });
    for (const { bytes } of storage.commits) audit.push(bytes);
    expect(audit.finish()).to.include({ signedTo: 5 });
  });

  it('come after 1,000 events but at most one a second, and after a minute when anything has changed', async () => {
    const log = await openLog(store(), { clock });
    const term = await startTerm(log);
    await settled();
    expect(await sizes()).to.deep.equal([1]);
    await term.append(Array.from({ length: 1_000 }, (_, index) => draft(index)));
    await settled();
    expect(await sizes(), 'within the first second').to.deep.equal([1]);
    await clock.advance(1_000);
    await settled();
    expect(await sizes()).to.deep.equal([1, 1_001]);
    await term.append([draft(1)]);
    await clock.advance(59_000);
    await settled();
    expect(await sizes(), 'before a minute is over').to.deep.equal([1, 1_001]);
    await clock.advance(1_000);
    await settled();
    expect(await sizes()).to.deep.equal([1, 1_001, 1_002]);
    await clock.advance(300_000);
    await settled();
    expect(await sizes(), 'nothing has changed').to.deep.equal([1, 1_001, 1_002]);
    await log.close();
  });

  it('are unsigned without a key, and trusted by nobody', async () => {
    const log = await openLog(store(), { clock });
    await (await startTerm(log)).end('stopped');
    await log.close();
    const texts = await checkpointTexts(storage);
    expect(texts.map((text) => parseCheckpointNote(text).note.signatures)).to.deep.equal([[], []]);
    const audit = new LogAudit({ trusted: [NoteSigner.generate('other').verifier], checkpoints: texts });
    for (const { bytes } of storage.commits) audit.push(bytes);
    const { signedTo, untrusted } = audit.finish();
    expect(signedTo).to.equal(0);
    expect(untrusted.map(({ reason }) => reason)).to.deep.equal(['unsigned', 'unsigned']);
  });

  it('that cannot be kept hold nothing up, and the next one covers them', async () => {
    let isFull = true;
    const inner = store();
    const failing: EventStore = Object.assign(Object.create(inner) as EventStore, {
      createObject: (...args: Parameters<EventStore['createObject']>) =>
        isFull ? Promise.reject(new Error('no space')) : inner.createObject(...args),
    });
    const log = await openLog(bound(failing, inner), { clock });
    const term = await startTerm(log);
    await term.append([draft(1)]);
    await settled();
    expect(await sizes()).to.deep.equal([]);
    isFull = false;
    await clock.advance(60_000);
    await settled();
    expect(await sizes()).to.deep.equal([2]);
    await log.close();
  });

  it('that cannot be kept are tried again after a pause', async () => {
    const options = { clock, keys: keysOf(NoteSigner.generate('test')) };
    const first = await openLog(store(), options);
    await (await startTerm(first)).end('stopped');
    await first.close();
    let tries = 0;
    const inner = store();
    const failing: EventStore = Object.assign(Object.create(inner) as EventStore, {
      createObject: () => {
        tries += 1;
        return Promise.reject(new Error('no space'));
      },
    });
    const log = await openLog(bound(failing, inner), options);
    await startTerm(log);
    await settled();
    await clock.advance(9_000);
    expect(tries).to.equal(1);
    await clock.advance(1_000);
    await settled();
    expect(tries).to.equal(2);
    await log.close();
  });

  it('are made by one term at a time, also when the one before was never ended', async () => {
    const log = await openLog(store(), { clock });
    const before = await startTerm(log);
    await settled();
    const term = await startTerm(log);
    await settled();
    expect((await rejection(before.append([draft(1)]))).code).to.equal('RYNXS_LOG_CLOSED');
    await term.append([draft(2)]);
    // One for the next checkpoint, one that looks after the commits of this term.
    expect(clock.pending, 'timers').to.equal(2);
    await log.close();
    expect(clock.pending, 'timers of a closed log').to.equal(0);
  });

  it('are adopted by the next term when the last one was cut off', async () => {
    const keys = keysOf(NoteSigner.generate('test'));
    const first = await openLog(store(), { clock, keys });
    const term = await startTerm(first);
    await settled();
    await term.append([draft(1), draft(2)]);
    storage.owner = undefined; // the process is gone
    const second = await openLog(store(), { clock, keys });
    await (await startTerm(second)).end('stopped');
    await second.close();
    const adopted = typesIn(storage).find(({ type }) => type === 'TailAdopted');
    expect(adopted?.payload).to.include({ from: 2, to: 3 });
    const third = await openLog(store(), { clock, keys });
    await (await startTerm(third)).end('stopped');
    await third.close();
    expect(typesIn(storage).filter(({ type }) => type === 'TailAdopted')).to.have.lengthOf(1);
  });

  describe('keys', () => {
    it('are added by the log itself, once', async () => {
      const signer = NoteSigner.generate('test');
      for (let round = 0; round < 2; round += 1) {
        const log = await openLog(store(), { clock, keys: keysOf(signer) });
        await (await startTerm(log)).end('stopped');
        await log.close();
      }
      const added = typesIn(storage).filter(({ type }) => type === 'KeyAdded');
      expect(added).to.have.lengthOf(1);
      expect(added[0]?.payload).to.include({ signed_by: null, signature: null });
    });

    it('change under the signature of the old one: who pinned that one can follow', async () => {
      const [old, young] = [NoteSigner.generate('old'), NoteSigner.generate('young')];
      const first = await openLog(store(), { clock, keys: keysOf(old) });
      await (await startTerm(first)).end('stopped');
      await first.close();
      const keys = { signer: young, previous: old, trusted: [young.verifier, old.verifier] };
      const second = await openLog(store(), { clock, keys });
      const term = await startTerm(second);
      await term.append([draft(1)]);
      await term.end('stopped');
      await second.close();
      expect(typesIn(storage).map(({ type }) => type)).to.deep.equal([
        ...['EpochStarted', 'KeyAdded', 'EpochEnded', 'EpochStarted', 'KeyAdded', 'KeyRetired'],
        ...['WidgetDeleted', 'EpochEnded'],
      ]);
      const checkpoints = await checkpointTexts(storage);
      expect(parseCheckpointNote(checkpoints[2] ?? '').note.signatures, 'under both keys').to.have.lengthOf(
        2,
      );
      const audit = new LogAudit({ trusted: [old.verifier], checkpoints });
      for (const { bytes } of storage.commits) audit.push(bytes);
      expect(audit.finish().signedTo).to.equal(8);
    });

    it('give the log a secret of its own, the same for every process that has the key', async () => {
      const signer = NoteSigner.generate('test');
      const secrets: (string | undefined)[] = [];
      for (let round = 0; round < 2; round += 1) {
        const log = await openLog(store(), { clock, keys: keysOf(signer) });
        await (await startTerm(log)).end('stopped');
        secrets.push(log.deriveKey('digests'), log.deriveKey('others'));
        await log.close();
      }
      expect(secrets[0])
        .to.equal(secrets[2])
        .and.to.match(/^[0-9a-f]{64}$/);
      expect(secrets[0]).not.to.equal(secrets[1]);
    });
  });

  describe('anchored outside of the store', () => {
    it('move upwards at the start and the end of a term, and at most every 10 s between', async () => {
      const anchor = new MemoryAnchor();
      const log = await openLog(store(), { clock, anchor });
      const term = await startTerm(log);
      await settled();
      expect(anchor.moves).to.deep.equal([1]);
      for (let round = 0; round < 5; round += 1) {
        await term.append(Array.from({ length: 1_000 }, (_, index) => draft(index)));
        await clock.advance(1_000);
        await settled();
      }
      expect(await sizes()).to.have.lengthOf(6);
      expect(anchor.moves).to.deep.equal([1]);
      await clock.advance(5_000);
      await settled();
      expect(anchor.moves).to.deep.equal([1, 5_001]);
      await term.end('stopped');
      expect(anchor.moves).to.deep.equal([1, 5_001, 5_002]);
      await log.close();
    });

    it('move when the interval is over, however the time is rounded', async () => {
      // From here to 10 s later it is, by the rules of floating point, a little less than 10 s.
      const start = 6_384.390600000001;
      expect(start + 10_000 - start).to.be.below(10_000);
      const late = new FakeClock();
      const anchor = new MemoryAnchor();
      await late.advance(start);
      const log = await openLog(store(), { clock: late, anchor });
      const term = await startTerm(log);
      await settled();
      await term.append(Array.from({ length: 1_000 }, (_, index) => draft(index)));
      await late.advance(1_000);
      await settled();
      await late.advance(start + 10_000 - late.monotonic());
      await settled();
      expect(anchor.moves).to.deep.equal([1, 1_001]);
      await log.close();
    });

    it('do not move when leadership has ended', async () => {
      const anchor = new MemoryAnchor();
      const log = await openLog(store(), { clock, anchor });
      let isLost = false;
      const tenure = lastingTenure({
        assert: () => {
          if (isLost) throw new Error('leadership was lost');
        },
      });
      const term = await log.startTerm(tenure, { clusterUid: 'cluster-1', shard: 'default' }, signal);
      await settled();
      await term.append([draft(1)]);
      isLost = true;
      await clock.advance(60_000);
      await settled();
      expect(await sizes()).to.deep.equal([1, 2]);
      expect(anchor.moves).to.deep.equal([1]);
      await log.close();
    });

    it('fail without holding anything up', async () => {
      const anchor = new MemoryAnchor();
      const log = await openLog(store(), { clock, anchor });
      anchor.fail = new Error('forbidden');
      const term = await startTerm(log);
      await term.append([draft(1)]);
      await term.end('stopped');
      await log.close();
      expect(anchor.moves).to.deep.equal([]);
      expect(await sizes()).to.deep.equal([1, 3]);
    });

    it('find a log that was cut at a commit, without any key', async () => {
      const anchor = new MemoryAnchor();
      const log = await openLog(store(), { clock, anchor });
      const term = await startTerm(log);
      await term.append([draft(1)]);
      await term.append([draft(2)]);
      await term.end('stopped');
      await log.close();
      storage.commits.splice(2);
      const error = await rejection(openLog(store(), { clock, anchor }));
      expect(error.code).to.equal('RYNXS_LOG_ROLLED_BACK');
      expect(error.message).to.contain('seq 2 to 3 are missing').and.to.contain('the last good record is 1');
      expect(storage.owner, 'the store is free again').to.equal(undefined);
    });

    it('find a log of which nothing is left, and one that was put in its place', async () => {
      const anchor = new MemoryAnchor();
      const log = await openLog(store(), { clock, anchor });
      await (await startTerm(log)).end('stopped');
      await log.close();
      storage = new MemoryStorage();
      expect((await rejection(openLog(store(), { clock, anchor }))).code).to.equal('RYNXS_LOG_ROLLED_BACK');
      const other = await openLog(store(), { clock });
      await (await startTerm(other)).end('stopped');
      await other.close();
      expect((await rejection(openLog(store(), { clock, anchor }))).code).to.equal('RYNXS_LOG_FOREIGN');
    });
  });

  it('of a trusted key find a log that was cut or rewritten, also when all checkpoints but one are gone', async () => {
    const keys = keysOf(NoteSigner.generate('test'));
    const log = await openLog(store(), { clock, keys });
    const term = await startTerm(log);
    await settled();
    await term.append([draft(1)]);
    await term.end('stopped');
    await log.close();
    const commits = [...storage.commits];
    storage.commits.splice(1);
    const cut = await rejection(openLog(store(), { clock, keys }));
    expect(cut.code).to.equal('RYNXS_LOG_ROLLED_BACK');

    // The same length, other records: a second log from the first commit on.
    const other = await openLog(store(), { clock, keys: { trusted: [] } });
    const otherTerm = await startTerm(other);
    await otherTerm.append([draft(9)]);
    await otherTerm.end('stopped');
    await other.close();
    const rewritten = await rejection(openLog(store(), { clock, keys }));
    expect(rewritten.code).to.equal('RYNXS_LOG_ROLLED_BACK');
    expect(rewritten.message).to.contain('other records stood somewhere from seq');

    storage.commits.splice(0, storage.commits.length, ...commits);
    await (await openLog(store(), { clock, keys })).close();
  });

  it('that nobody can have signed hold no log up, not even one that is empty', async () => {
    const signer = NoteSigner.generate('test');
    const root = Buffer.alloc(32).toString('base64');
    for (const origin of ['a b', 'a+b', '\u2028']) {
      const note = formatNote(signer.sign(`${origin}\n9\n${root}\n`));
      storage.objects.set(`checkpoints/000000000${storage.objects.size}`, Buffer.from(note));
    }
    await (await openLog(store(), { clock, keys: keysOf(signer) })).close();
  });

  it('of a rival that led meanwhile count for the next term, which adopts nothing that is signed', async () => {
    const keys = keysOf(NoteSigner.generate('test'));
    const shared = () => {
      const own = store();
      storage.owner = undefined; // several may have it open
      return own;
    };
    const leader = await openLog(shared(), { clock, keys, hasRivals: true });
    storage.owner = undefined;
    const follower = await openLog(shared(), { clock, keys, hasRivals: true });
    const followersStore = storage.owner;
    storage.owner = undefined;
    await leader.close();
    const second = await openLog(shared(), { clock, keys, hasRivals: true });
    const term = await startTerm(second);
    await term.append([draft(1)]);
    await term.end('stopped');
    await second.close();
    storage.owner = followersStore;
    await (await startTerm(follower)).end('stopped');
    await follower.close();
    expect(typesIn(storage).map(({ type }) => type)).not.to.include('TailAdopted');
    expect(typesIn(storage).filter(({ type }) => type === 'EpochStarted')).to.have.lengthOf(2);
  });
});

/** Own methods first, all others bound to the store behind. */
function bound(front: EventStore, inner: EventStore): EventStore {
  return new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = Object.hasOwn(front, name)
        ? Reflect.get(front, name)
        : Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
