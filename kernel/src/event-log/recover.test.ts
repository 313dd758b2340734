import { LogAudit, NoteSigner } from '@rynxs/log';
import { expect } from 'chai';
import { SystemClock } from '../clock/system-clock.js';
import type { EventStore } from '../contracts/event-store.js';
import type { Tenure } from '../contracts/leadership.js';
import { StandaloneLeadership } from '../leadership/standalone.js';
import { SystemRandom } from '../random/system-random.js';
import { MemoryStorage, memoryEventStore } from '../testing/event-store-suite/memory-event-store.js';
import { FakeTelemetry } from '../testing/index.js';
import type { EventLogOptions } from './event-log.js';
import { recoverLog } from './recover.js';
import {
  checkpointTexts,
  draft,
  keysOf,
  MemoryAnchor,
  openLog,
  rejection,
  startTerm,
  typesIn,
} from './testing/event-logs.js';

const { signal } = new AbortController();

async function tenure(): Promise<Tenure> {
  for await (const yielded of new StandaloneLeadership(new SystemRandom()).campaign(signal)) return yielded;
  throw new Error('no tenure');
}

describe('recovering a log', () => {
  const keys = keysOf(NoteSigner.generate('test'));
  let storage: MemoryStorage;
  let anchor: MemoryAnchor;
  const store = (): EventStore => memoryEventStore(storage);

  const recover = async (options: Partial<EventLogOptions> = {}) =>
    recoverLog(
      {
        store: store(),
        clock: new SystemClock(),
        random: new SystemRandom(),
        telemetry: new FakeTelemetry(),
        onRecord: () => undefined,
        keys,
        anchor,
        ...options,
      },
      {
        tenure: await tenure(),
        reason: 'the disk died',
        owner: { clusterUid: 'cluster-1', shard: 'default' },
      },
      signal,
    );

  /** One term of six records, of which the last three are lost. */
  beforeEach(async () => {
    storage = new MemoryStorage();
    anchor = new MemoryAnchor();
    const log = await openLog(store(), { keys, anchor });
    const term = await startTerm(log);
    for (let n = 0; n < 3; n += 1) await term.append([draft(n)]);
    await term.end('stopped');
    await log.close();
  });

  const lose = () => storage.commits.splice(2);

  it('puts the loss on the record, under a new checkpoint, and anchors the log anew', async () => {
    lose();
    expect((await rejection(openLog(store(), { keys, anchor }))).code).to.equal('RYNXS_LOG_ROLLED_BACK');
    const recovery = await recover();
    expect(recovery).to.include({ lostFrom: 3, lostTo: 5, anchor: 'memory' });
    const recorded = typesIn(storage)[recovery.seq];
    expect(recorded?.type).to.equal('LogRecovered');
    expect(recorded?.payload).to.include({ lost_from: 3, lost_to: 5, reason: 'the disk died' });
    expect(String(recorded?.payload.old_checkpoint)).to.contain('\n6\n');

    const log = await openLog(store(), { keys, anchor });
    const term = await startTerm(log);
    await term.append([draft(9)]);
    await term.end('stopped');
    await log.close();
    const audit = new LogAudit({ trusted: keys.trusted, checkpoints: await checkpointTexts(storage) });
    for (const { bytes } of storage.commits) audit.push(bytes);
    expect(audit.finish().signedTo).to.equal(log.head().nextSeq);
  });

  it('begins a new log where nothing is left of the old one', async () => {
    storage = new MemoryStorage();
    const recovery = await recover();
    expect(recovery).to.include({ lostFrom: 0, lostTo: 5 });
    await (await openLog(store(), { keys, anchor })).close();
    expect(anchor.entries.size).to.equal(1);
  });

  it('accepts another log in the place of the one that is anchored', async () => {
    storage = new MemoryStorage();
    const other = await openLog(store(), { keys });
    await (await startTerm(other)).end('stopped');
    await other.close();
    expect((await rejection(openLog(store(), { keys, anchor }))).code).to.equal('RYNXS_LOG_FOREIGN');
    expect(await recover()).to.include({ lostFrom: 0, lostTo: 5 });
    await (await openLog(store(), { keys, anchor })).close();
  });

  it('leaves a log that a crash may tear like any other, although it was longer once', async () => {
    const longer = await openLog(store(), { keys, anchor });
    const term = await startTerm(longer);
    for (let n = 0; n < 20; n += 1) await term.append([draft(n)]);
    await term.end('stopped');
    await longer.close();
    const torn = Buffer.from(storage.commits.at(-1)?.bytes ?? '').subarray(0, 100);
    lose();
    storage.torn = torn;
    expect((await rejection(openLog(store(), { keys, anchor }))).code).to.equal('RYNXS_LOG_DAMAGED');
    await recover();
    expect(storage.commits.length).to.be.below(10);
    storage.torn = torn;
    const log = await openLog(store(), { keys, anchor });
    await (await startTerm(log)).end('stopped');
    await log.close();
    expect(typesIn(storage).filter(({ type }) => type === 'TailDropped')).to.have.lengthOf.at.least(1);
  });

  it('refuses where nothing is missing', async () => {
    const before = storage.commits.length;
    expect((await rejection(recover())).code).to.equal('RYNXS_LOG_NOT_LOST');
    expect(storage.commits).to.have.lengthOf(before);
    expect(storage.owner).to.equal(undefined);
  });

  it('refuses without a key to sign with where the loss is known from a signature', async () => {
    lose();
    const before = storage.commits.length;
    const failure = await rejection(recover({ keys: { trusted: keys.trusted } }));
    expect(failure.code).to.equal('RYNXS_LOG_KEY');
    expect(storage.commits).to.have.lengthOf(before);
  });

  it('is not done by a LogRecovered that no trusted checkpoint covers', async () => {
    lose();
    await recover({ keys: keysOf(NoteSigner.generate('intruder')) });
    expect((await rejection(openLog(store(), { keys }))).code).to.equal('RYNXS_LOG_ROLLED_BACK');
  });
});
