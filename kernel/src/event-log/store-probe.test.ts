import { expect } from 'chai';
import type { EventStore, StoreProbe } from '../contracts/event-store.js';
import { MemoryEventStore, MemoryStorage } from '../testing/event-store-suite/memory-event-store.js';
import { capturingLogger } from '../testing/index.js';
import { openLog, rejection, startTerm, typesIn } from './testing/event-logs.js';

/** A store that cannot know whether it is a fence, with the outcome that a test wants. */
class ProbedStore extends MemoryEventStore {
  probes = 0;
  constructor(
    storage: MemoryStorage,
    readonly winners: number,
    override readonly location: string = 'memory:',
  ) {
    super(storage);
  }

  async probe(): Promise<StoreProbe> {
    this.probes += 1;
    return { racers: 32, winners: this.winners };
  }
}

describe('a store that is probed', () => {
  let storage: MemoryStorage;
  beforeEach(() => {
    storage = new MemoryStorage();
  });

  async function runTerm(store: EventStore, hasRivals = false): Promise<void> {
    const log = await openLog(store, { hasRivals });
    try {
      await (await startTerm(log)).end('stopped');
    } finally {
      await log.close();
    }
  }
  const probed = () => typesIn(storage).filter(({ type }) => type === 'StoreProbed');

  it('has its result on the record, once for each place', async () => {
    const first = new ProbedStore(storage, 1);
    await runTerm(first);
    const second = new ProbedStore(storage, 1);
    await runTerm(second);
    expect([first.probes, second.probes]).to.deep.equal([1, 0]);
    await runTerm(new ProbedStore(storage, 1, 'memory:elsewhere'));
    expect(probed().map(({ payload }) => payload)).to.deep.equal([
      { v: 1, target: 'memory:', racers: 32, winners: 1 },
      { v: 1, target: 'memory:elsewhere', racers: 32, winners: 1 },
    ]);
  });

  it('is refused when it lets two win and others may write, before anything is written, and ever after', async () => {
    const failure = await rejection(runTerm(new ProbedStore(storage, 2), true));
    expect(failure.code).to.equal('RYNXS_STORE_UNSAFE');
    expect(storage.commits).to.deep.equal([]);
    await runTerm(new ProbedStore(storage, 2));
    expect((await rejection(runTerm(new ProbedStore(storage, 2), true))).code).to.equal('RYNXS_STORE_UNSAFE');
  });

  it('that lets two win is used by a single writer, with a warning each time', async () => {
    for (let round = 0; round < 2; round += 1) {
      const logger = capturingLogger();
      const log = await openLog(new ProbedStore(storage, 2), { logger });
      await (await startTerm(log)).end('stopped');
      await log.close();
      expect(logger.lines.map(({ message }) => message).join()).to.contain('no fence between writers');
    }
    expect(probed()).to.have.lengthOf(1);
  });
});
