import { expect } from 'chai';
import { CLUSTER, ClusterError } from '../contracts/cluster.js';
import { EVENT_STORE } from '../contracts/event-store.js';
import { definePlugin } from '../contracts/plugin.js';
import { RECONCILER } from '../contracts/reconciler.js';
import { hasCode } from '../errors/rynxs-error.js';
import { typesIn } from '../event-log/testing/event-logs.js';
import { MemoryStorage } from '../testing/event-store-suite/memory-event-store.js';
import { SharedEventStore } from '../testing/event-store-suite/shared-event-store.js';
import { given, startTestKernel, type TestKernel } from '../testing/index.js';
import { MemoryCluster } from '../testing/memory-cluster.js';
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
const HOLD_OFF_MS = 15_000;
const options = { signal: new AbortController().signal };

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`it never came: ${condition}`);
}

const settle = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** One of several operators over one log and one cluster. */
class Replica {
  private constructor(
    readonly kernel: TestKernel,
    readonly store: SharedEventStore,
    readonly operator: Operator,
  ) {}

  static async start(storage: MemoryStorage, cluster: MemoryCluster): Promise<Replica> {
    const store = new SharedEventStore(storage);
    const kernel = await startTestKernel({
      plugins: [widgets],
      env: { LEADERSHIP_TYPE: 'fake', LOG_ANCHOR: 'none' },
      services: [given(EVENT_STORE, store), given(CLUSTER, cluster)],
    });
    return new Replica(kernel, store, await startOperator(kernel, options));
  }

  get isReady(): boolean {
    return this.kernel.telemetry.unhealthy('ready').length === 0;
  }

  get isLeading(): boolean {
    return this.kernel.telemetry.value('rynxs_leader_election_status') === 1;
  }

  get size(): number {
    return this.operator.log.head().nextSeq;
  }

  async lead(): Promise<void> {
    this.kernel.leadership.grant();
    await until(() => this.operator.term !== undefined);
  }

  /** Ends it as a test does, whatever the log does. */
  async end(): Promise<void> {
    this.store.writes = undefined;
    this.store.hangs = undefined;
    const stopped = this.operator.stop().catch(() => undefined);
    await this.kernel.clock.advance(60_000);
    await stopped;
    await this.kernel.stop();
  }
}

describe('several operators', () => {
  let storage: MemoryStorage;
  let cluster: MemoryCluster;
  let replicas: Replica[];

  beforeEach(() => {
    storage = new MemoryStorage();
    cluster = new MemoryCluster();
    replicas = [];
  });
  afterEach(async () => {
    for (const replica of replicas) await replica.end();
  });

  const start = async () => {
    const replica = await Replica.start(storage, cluster);
    replicas.push(replica);
    return replica;
  };
  const types = () => typesIn(storage).map(({ type }) => type);
  const createWidget = (name = 'w') => cluster.create(WIDGET, widget(name, { colors: ['red'] }), options);
  const children = async () => (await cluster.list(CONFIG_MAP, options)).map(({ metadata }) => metadata.name);
  /** The next create of a child waits until its request is aborted. */
  const hangNextCreate = (isCarriedOut: boolean) => {
    const create = cluster.create.bind(cluster);
    let isHanging = false;
    cluster.create = async (resource, object, request) => {
      if (resource.plural !== CONFIG_MAP.plural || isHanging) return create(resource, object, request);
      isHanging = true;
      if (isCarriedOut) await create(resource, object, request);
      return new Promise((_, reject) => {
        const lost = () => reject(new ClusterError('ambiguous', 'no answer came'));
        request.signal.addEventListener('abort', lost, { once: true });
      });
    };
    return () => isHanging;
  };

  it('that stand by have caches and log warm, are ready, and write nothing', async () => {
    const [leader, standby] = [await start(), await start()];
    await leader.lead();
    await createWidget();
    await until(() => types().includes('ActionApplied'));
    await settle();
    const before = cluster.requests.length;
    await standby.kernel.clock.advance(2_000);
    await until(() => standby.size === leader.size);
    const state = ({ operator }: Replica) => JSON.stringify([...operator.projection.save()]);
    expect(state(standby)).to.equal(state(leader));
    expect(standby.isReady).to.equal(true);
    expect(standby.isLeading).to.equal(false);
    await standby.kernel.clock.advance(60_000);
    expect(cluster.requests.slice(before)).to.deep.equal([]);
    expect(standby.store.calls.filter((call) => call === 'append' || call === 'createObject')).to.be.empty;
  });

  it('hand over cleanly: the next one acts at once, in the next epoch', async () => {
    const [first, second] = [await start(), await start()];
    await first.lead();
    await createWidget();
    await until(() => types().includes('ActionApplied'));
    second.kernel.leadership.setHoldOff(HOLD_OFF_MS);
    await first.operator.stop();
    expect(types().at(-1)).to.equal('EpochEnded');
    expect(first.kernel.leadership.isHeld).to.equal(false);
    await second.lead();
    await createWidget('v');
    await until(() => types().filter((type) => type === 'ActionApplied').length === 2);
    expect(second.operator.term?.epoch).to.equal(2);
    expect(second.kernel.leadership.announced?.epoch).to.equal(2);
  });

  it('send nothing more when the drain is over, and take the answer to what was sent on the record', async () => {
    const first = await start();
    await first.lead();
    const create = cluster.create.bind(cluster);
    let answer: (() => void) | undefined;
    cluster.create = async (resource, object, request) => {
      if (resource.plural !== CONFIG_MAP.plural) return create(resource, object, request);
      const created = await create(resource, object, request);
      await new Promise<void>((resolve, reject) => {
        answer = resolve;
        const lost = () => reject(new ClusterError('ambiguous', 'no answer came'));
        request.signal.addEventListener('abort', lost, { once: true });
      });
      return created;
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
    await until(() => answer !== undefined);
    const stopped = first.operator.stop();
    await first.kernel.clock.advance(700);
    expect(types().at(-1)).to.equal('ActionsDecided');
    answer?.();
    await stopped;
    expect(types().slice(-3)).to.deep.equal(['ActionApplied', 'ActionFailed', 'EpochEnded']);
    expect(typesIn(storage).at(-2)?.payload).to.include({ reason: 'NotAttempted' });
    expect(await children()).to.have.lengthOf(1);
  });

  it('hand over without a time-out when Kubernetes Events are under way, and begin none for it', async () => {
    const first = await start();
    await first.lead();
    const create = cluster.create.bind(cluster);
    const answers: { readonly plural: string; readonly give: () => void }[] = [];
    cluster.create = async (resource, object, request) => {
      if (resource.plural === WIDGET.plural) return create(resource, object, request);
      // It waits for a connection first, and is not sent yet.
      await new Promise<void>((give) => answers.push({ plural: resource.plural, give }));
      const { beforeSend, ...rest } = request;
      beforeSend?.();
      await new Promise((resolve) => setImmediate(resolve));
      if (request.signal.aborted) throw new ClusterError('ambiguous', 'no answer came');
      return create(resource, object, rest);
    };
    const events = () => answers.filter(({ plural }) => plural === 'events').length;
    const answer = () => answers.shift()?.give();
    await createWidget();
    await until(() => answers.length === 1);
    answer();
    await until(() => events() === 1);
    await createWidget('v');
    await until(() => answers.length === 2);
    const stopped = first.operator.stop();
    answers.reverse();
    answer();
    await until(() => types().filter((type) => type === 'ActionApplied').length === 2);
    await settle();
    expect(events(), 'the one of before').to.equal(1);
    expect(types().at(-1)).not.to.equal('EpochEnded');
    answer();
    await stopped;
    expect(types().at(-1)).to.equal('EpochEnded');
  });

  it('wait with every write to the cluster while one that was not seen may still act', async () => {
    const [first, second] = [await start(), await start()];
    await first.lead();
    const abandoned = hangNextCreate(false);
    await createWidget();
    await until(abandoned);
    second.kernel.leadership.setHoldOff(HOLD_OFF_MS);
    await second.lead();
    await createWidget('v');
    const before = cluster.requests.length;
    await second.kernel.clock.advance(HOLD_OFF_MS - 1);
    await settle();
    expect(cluster.requests.slice(before)).to.deep.equal([]);
    expect(second.isLeading).to.equal(true);
    await second.kernel.clock.advance(1);
    await until(() => types().includes('ActionApplied'));
    expect(types()).to.include('ActionUnconfirmed');
  });

  it('leave no word of an end when they were stopped before they could act', async () => {
    const [first, second] = [await start(), await start()];
    await first.lead();
    second.kernel.leadership.setHoldOff(HOLD_OFF_MS);
    await second.lead();
    await second.operator.stop();
    expect(second.kernel.leadership.isHeld).to.equal(false);
    expect(types()).not.to.include('EpochEnded');
  });

  for (const [what, isCarriedOut, found] of [
    ['was carried out', true, 'as_decided'],
    ['was not carried out', false, 'absent'],
  ] as const) {
    it(`leave a write to the next term that was under way when leadership was lost, and ${what}`, async () => {
      const [first, second] = [await start(), await start()];
      await first.lead();
      const isHanging = hangNextCreate(isCarriedOut);
      await createWidget();
      await until(isHanging);
      first.kernel.leadership.revoke();
      await until(() => first.operator.term === undefined);
      await settle();
      expect(types().at(-1), 'nothing of what came of it').to.equal('ActionsDecided');
      await second.lead();
      await until(() => types().includes('ActionUnconfirmed'));
      const unconfirmed = typesIn(storage).find(({ type }) => type === 'ActionUnconfirmed');
      expect(unconfirmed?.payload).to.include({ decision: 3, action: 0, found });
      await until(() => types().at(-1) !== 'ActionUnconfirmed' || isCarriedOut);
      await settle();
      expect(await children()).to.deep.equal(['w-red']);
    });
  }

  it('hand over when they are asked to, and campaign again', async () => {
    const first = await start();
    await first.lead();
    first.kernel.leadership.requestHandover();
    await until(() => first.operator.term === undefined);
    expect(typesIn(storage).at(-1)?.payload).to.include({ reason: 'handed over' });
    expect(first.kernel.leadership.isHeld).to.equal(false);
    await first.lead();
    expect(first.operator.term?.epoch).to.equal(2);
  });

  it('follow the one that has fenced them, and lead again after it', async () => {
    const [first, second] = [await start(), await start()];
    await first.lead();
    await second.lead();
    await createWidget();
    await until(() => first.operator.term === undefined);
    expect(first.kernel.leadership.isHeld).to.equal(false);
    expect(first.kernel.telemetry.value('rynxs_leader_transitions_total', { event: 'lost' })).to.equal(1);
    await first.kernel.clock.advance(3_000);
    await until(() => first.size === second.size);
    expect(first.isReady).to.equal(true);
    await second.operator.stop();
    await first.lead();
    expect(first.operator.term?.epoch).to.equal(3);
  });

  it('do nothing off the record, give leadership up for a lost log, and go on by themselves', async () => {
    const first = await start();
    await first.lead();
    await until(() => types().length === 2);
    first.store.writes = 'denied';
    await createWidget();
    await settle();
    expect(first.isReady).to.equal(false);
    expect(first.kernel.telemetry.value('rynxs_log_available')).to.equal(0);
    await first.kernel.clock.advance(29_000);
    expect(first.kernel.leadership.isHeld).to.equal(true);
    await first.kernel.clock.advance(30_000);
    expect(first.kernel.leadership.isHeld).to.equal(false);
    expect(await children()).to.deep.equal([]);
    expect(first.isReady, 'it can be read').to.equal(true);

    first.store.writes = undefined;
    await first.lead();
    await until(() => types().includes('ActionApplied'));
    expect(await children()).to.deep.equal(['w-red']);
    expect(first.kernel.telemetry.value('rynxs_log_available')).to.equal(1);
    expect(types().filter((type) => type === 'EpochStarted')).to.have.lengthOf(2);
  });

  it('let longer and longer pass before they campaign for a log that none of them can write', async () => {
    const first = await start();
    first.store.writes = 'denied';
    const { leadership, clock } = first.kernel;
    const tries = () => first.store.calls.filter((call) => call === 'append').length;
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const from = clock.monotonic();
      leadership.grant();
      await settle();
      while (tries() === round) await clock.advance(100);
      waits.push(clock.monotonic() - from);
      await until(() => !leadership.isHeld);
    }
    expect(waits[0]).to.equal(0);
    for (const [index, wait] of waits.slice(1).entries()) {
      const longest = Math.min(30_000, 1_000 * 2 ** index);
      expect(wait).to.be.within(longest / 2, longest + 100);
    }
    expect(types()).to.be.empty;
  });

  it('do not campaign while they cannot read the log', async () => {
    const first = await start();
    await first.lead();
    first.store.writes = 'missing';
    first.store.reads = 'missing';
    await createWidget();
    await until(() => first.operator.term === undefined);
    first.kernel.leadership.grant();
    await first.kernel.clock.advance(600_000);
    expect(first.kernel.leadership.isHeld).to.equal(false);
    expect(first.isReady).to.equal(false);
    first.store.writes = undefined;
    first.store.reads = undefined;
    await first.kernel.clock.advance(2_000);
    await until(() => first.operator.term?.epoch === 2);
    expect(first.isReady).to.equal(true);
  });

  it('end with the reason when the log is not to be gone on with', async () => {
    const first = await start();
    await first.lead();
    await until(() => types().length === 2);
    first.kernel.leadership.revoke();
    await until(() => first.operator.term === undefined);
    storage.commits.length = 0;
    first.kernel.leadership.grant();
    const failure = await first.operator.done.catch((error: unknown) => error);
    expect(hasCode(failure, 'RYNXS_LOG_ROLLED_BACK')).to.equal(true);
    expect(first.kernel.leadership.isHeld).to.equal(false);
    expect(storage.commits).to.be.empty;
  });
});
