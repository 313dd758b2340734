import { expect } from 'chai';
import { CLUSTER, ClusterError } from '../contracts/cluster.js';
import { EVENT_STORE, type EventStore } from '../contracts/event-store.js';
import { LEADERSHIP } from '../contracts/leadership.js';
import { definePlugin } from '../contracts/plugin.js';
import { RECONCILER } from '../contracts/reconciler.js';
import { hasCode } from '../errors/rynxs-error.js';
import { StandaloneLeadership } from '../leadership/standalone.js';
import { MemoryStorage, memoryEventStore } from '../testing/event-store-suite/memory-event-store.js';
import {
  type GivenService,
  given,
  seededRandom,
  startTestKernel,
  type TestKernel,
} from '../testing/index.js';
import { CONFIG_MAP, WIDGET, WidgetReconciler, widget } from '../testing/widget-reconciler.js';
import { type Operator, startOperator } from './operator.js';

const widgets = definePlugin({
  id: 'widgets',
  apiVersion: 1,
  provides: [
    RECONCILER.as(
      'widget',
      class extends WidgetReconciler {
        static readonly inject = [];
      },
    ),
  ],
});

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`it never came: ${condition}`);
}

describe('the operator', () => {
  let storage: MemoryStorage;
  let kernel: TestKernel;
  let operator: Operator | undefined;
  const stopping = new AbortController();
  const options = { signal: new AbortController().signal };

  beforeEach(async () => {
    storage = new MemoryStorage();
    kernel = await start(memoryEventStore(storage));
  });
  afterEach(async () => {
    await operator?.stop().catch(() => undefined);
    operator = undefined;
    await kernel.stop();
  });

  const start = (store: EventStore, ...services: GivenService[]) =>
    startTestKernel({ plugins: [widgets], services: [given(EVENT_STORE, store), ...services] });
  const run = async () => {
    operator = await startOperator(kernel, { signal: stopping.signal });
    return operator;
  };
  const types = () =>
    storage.commits.flatMap(({ bytes }) =>
      [...bytes.toString().matchAll(/"type":"(\w+)"},"event_hash"/g)].map(([, type]) => type),
    );

  it('is not ready, and seen not to lead, before the log is open', async () => {
    const starting = run();
    expect(kernel.telemetry.value('rynxs_leader_election_status')).to.equal(0);
    expect(kernel.telemetry.unhealthy('ready').map((failure) => failure.split(':')[0])).to.deep.equal([
      'started',
    ]);
    await starting;
    await until(() => kernel.telemetry.unhealthy('ready').length === 0);
  });

  it('writes nothing before it leads, then records the term and what its decisions depend on', async () => {
    const { log, term } = await run();
    expect(term).to.equal(undefined);
    expect(log.head().nextSeq).to.equal(0);
    kernel.leadership.grant();
    await until(() => log.head().nextSeq === 2);
    expect(types()).to.deep.equal(['EpochStarted', 'ConfigurationObserved']);
    expect(operator?.term?.epoch).to.equal(1);
    expect(log.identity?.clusterUid).to.equal((await kernel.get(CLUSTER).info(options.signal)).uid);
  });

  it('ends a clean stop with EpochEnded, releases leadership and closes the log', async () => {
    const { log, done } = await run();
    kernel.leadership.grant();
    await until(() => log.head().nextSeq === 2);
    await operator?.stop();
    await done;
    expect(types()).to.deep.equal(['EpochStarted', 'ConfigurationObserved', 'EpochEnded']);
    expect(kernel.leadership.isHeld).to.equal(false);
    expect(storage.owner).to.equal(undefined);
  });

  it('gives what is under way half a second when it is stopped, then aborts it and says so', async () => {
    const { log } = await run();
    kernel.leadership.grant();
    await until(() => log.head().nextSeq === 2);
    const { cluster } = kernel;
    const create = cluster.create.bind(cluster);
    let isHanging = false;
    cluster.create = async (resource, object, request) => {
      if (resource.plural !== CONFIG_MAP.plural) return create(resource, object, request);
      isHanging = true;
      return new Promise((_, reject) => {
        request.signal.addEventListener('abort', () =>
          reject(new ClusterError('ambiguous', 'no answer came')),
        );
      });
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => isHanging);
    const stopped = operator?.stop();
    await kernel.clock.advance(499);
    expect(types().at(-1)).to.equal('ActionsDecided');
    await kernel.clock.advance(1);
    await stopped;
    expect(types().slice(-3)).to.deep.equal(['ActionsDecided', 'ActionFailed', 'EpochEnded']);
  });

  it('takes up the next tenure after one was revoked, in a new epoch', async () => {
    const { log } = await run();
    kernel.leadership.grant();
    await until(() => log.head().nextSeq === 2);
    kernel.leadership.revoke();
    await until(() => operator?.term === undefined);
    kernel.leadership.grant();
    await until(() => log.head().nextSeq === 4);
    expect(operator?.term?.epoch).to.equal(2);
    expect(kernel.telemetry.value('rynxs_leader_election_status')).to.equal(1);
  });

  it('outlives a tenure that ends before the cluster could be listed', async () => {
    const cache = kernel.cluster.cache.bind(kernel.cluster);
    kernel.cluster.cache = (resource) =>
      Object.assign(Object.create(cache(resource)) as ReturnType<typeof cache>, {
        synced: (signal: AbortSignal) =>
          new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      });
    const { log, done } = await run();
    kernel.leadership.grant();
    await until(() => log.head().nextSeq === 2);
    kernel.leadership.revoke();
    await until(() => operator?.term === undefined);
    kernel.leadership.grant();
    await until(() => log.head().nextSeq === 4);
    expect(operator?.term?.epoch).to.equal(2);
    const stopped = operator?.stop();
    await kernel.clock.advance(500);
    await stopped;
    await done;
    expect(types().at(-1)).to.equal('EpochEnded');
  });

  it('does nothing for the cluster while it does not lead', async () => {
    await run();
    await kernel.cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    const before = kernel.cluster.requests.length;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(kernel.cluster.requests.slice(before)).to.deep.equal([]);
    expect(storage.commits).to.deep.equal([]);
  });

  it('ends with the reason when it can no longer write and leadership is not to be had again', async () => {
    await kernel.stop();
    const standalone = given(LEADERSHIP, new StandaloneLeadership(seededRandom(1)));
    kernel = await start(memoryEventStore(storage), standalone);
    const { log, done } = await run();
    await until(() => log.head().nextSeq === 2);
    storage.owner = undefined;
    await kernel.cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    const failure = await done.catch((error: unknown) => error);
    expect(hasCode(failure, 'RYNXS_LOG_CLOSED')).to.equal(true);
    expect(operator?.term).to.equal(undefined);
  });

  it('leaves nothing open when the log cannot be opened', async () => {
    await kernel.stop();
    storage.owner = memoryEventStore(storage) as typeof storage.owner;
    kernel = await start(memoryEventStore(storage));
    const failure = await run().catch((error: unknown) => error);
    expect(hasCode(failure, 'RYNXS_LOG_LOCKED')).to.equal(true);
  });
});
