import type { LogRecord } from '@rynxs/log';
import { expect } from 'chai';
import { ClusterError, type KubernetesObject } from '../contracts/cluster.js';
import type { Reconciler } from '../contracts/reconciler.js';
import { EventLog, type WritingTerm } from '../event-log/event-log.js';
import { StandaloneLeadership } from '../leadership/standalone.js';
import { SystemRandom } from '../random/system-random.js';
import { replayLog } from '../replay/index.js';
import { MemoryStorage, memoryEventStore } from '../testing/event-store-suite/memory-event-store.js';
import { capturingLogger, FakeClock, FakeTelemetry } from '../testing/index.js';
import { MemoryCache, MemoryCluster } from '../testing/memory-cluster.js';
import { CONFIG_MAP, WIDGET, WidgetReconciler, widget } from '../testing/widget-reconciler.js';
import { Controller } from './controller.js';
import { DecisionBarrier } from './decision-barrier.js';
import { Projection } from './projection.js';
import { RepeatBackoff } from './repeat-backoff.js';

const { signal } = new AbortController();
const options = { signal };

/** One operator process over a storage and a cluster that outlive it. */
class Process {
  readonly clock: FakeClock;
  readonly records: LogRecord[] = [];
  readonly projection: Projection;
  readonly cluster: MemoryCluster;
  readonly telemetry = new FakeTelemetry();
  readonly #reconciler: Reconciler;
  readonly #storage: MemoryStorage;
  readonly logger = capturingLogger();
  #controller: Controller | undefined;
  #running: Promise<void> | undefined;
  log: EventLog | undefined;
  term: WritingTerm | undefined;

  constructor(
    storage: MemoryStorage,
    cluster: MemoryCluster,
    clock = new FakeClock(),
    reconciler: Reconciler = new WidgetReconciler(),
  ) {
    this.#storage = storage;
    this.cluster = cluster;
    this.clock = clock;
    this.#reconciler = reconciler;
    this.projection = new Projection([reconciler]);
  }

  async start(): Promise<this> {
    const { clock, cluster, projection } = this;
    const random = new SystemRandom();
    const { logger, telemetry } = this;
    this.#storage.owner = undefined;
    const onRecord = (record: LogRecord) => {
      projection.apply(record);
      this.records.push(record);
    };
    const store = memoryEventStore(this.#storage);
    this.log = await EventLog.open({ store, clock, random, telemetry, onRecord }, signal);
    for await (const tenure of new StandaloneLeadership(random).campaign(signal)) {
      this.term = await this.log.startTerm(tenure, { clusterUid: 'c', shard: 'default' }, signal);
      break;
    }
    const { term } = this;
    if (term === undefined) throw new Error('no term');
    this.#controller = new Controller({
      reconciler: this.#reconciler,
      cluster,
      projection,
      clock,
      random,
      logger,
      telemetry,
      driftBackoff: new RepeatBackoff(clock),
      digestKey: 'key',
      workers: 4,
      term,
      barrier: new DecisionBarrier((drafts) => term.append(drafts)),
    });
    this.#running = this.#controller.run(Promise.resolve());
    return this;
  }

  /** The types of the recorded events, from `since` on. */
  types(since = 0): string[] {
    return this.records.slice(since).map(({ event }) => event.type);
  }

  async stop(): Promise<void> {
    this.#controller?.stop();
    await this.#running;
    await this.log?.close();
  }
}

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

describe('Controller', () => {
  let storage: MemoryStorage;
  let cluster: MemoryCluster;
  let running: Process[];
  beforeEach(() => {
    storage = new MemoryStorage();
    cluster = new MemoryCluster();
    running = [];
  });
  afterEach(async () => {
    for (const process of running) await process.stop();
    const result = await replayLog({
      chunks: memoryEventStore(storage).read(0, signal),
      reconcilers: [new WidgetReconciler()],
    });
    expect(result.differences, 'decisions that do not follow from the log').to.deep.equal([]);
  });

  const start = async (clock?: FakeClock): Promise<Process> => {
    const process = await new Process(storage, cluster, clock).start();
    running.push(process);
    return process;
  };
  const get = (name: string) => cluster.get(CONFIG_MAP, { namespace: 'default', name }, options);
  const getWidget = (name: string) => cluster.get(WIDGET, { namespace: 'default', name }, options);
  const children = async () =>
    (await cluster.list(CONFIG_MAP, options)).map(({ metadata }) => metadata.name).sort();
  const status = async (name: string) =>
    (await getWidget(name)).status as Record<string, unknown> | undefined;
  const isReady = (process: Process, name: string) => () => {
    const cached = process.cluster.cache(WIDGET).get({ namespace: 'default', name });
    return (cached?.status as { ready?: boolean } | undefined)?.ready === true;
  };

  it('turns an object into its children: observed, decided, applied, reported, in that order', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
    await until(isReady(process, 'w'));
    expect(process.types()).to.deep.equal([
      'EpochStarted',
      'WidgetObserved',
      'ActionsDecided',
      'ActionApplied',
      'ActionApplied',
    ]);
    expect(await children()).to.deep.equal(['w-blue', 'w-red']);
    const last = process.records.at(-1);
    expect(await status('w')).to.deep.include({
      observedGeneration: 1,
      lastEvent: { seq: last?.event.seq, hash: last?.hash },
    });
  });

  it('writes each child once, the status at most twice and one Event, and nothing when nothing changes', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
    await until(isReady(process, 'w'));
    await settle();
    const writes = cluster.requests.filter(({ verb }) => verb !== 'get' && verb !== 'list');
    const count = (verb: string, plural: string) =>
      writes.filter((one) => one.verb === verb && one.plural === plural).length;
    expect(count('create', 'configmaps')).to.equal(2);
    expect(count('updateStatus', 'widgets')).to.be.within(1, 2);
    expect(count('create', 'events')).to.equal(1);
    const before = { requests: cluster.requests.length, records: process.records.length };
    await process.clock.advance(3_600_000);
    await settle();
    expect(process.types(before.records)).to.deep.equal(['WidgetReady']);
    expect(cluster.requests.slice(before.requests)).to.deep.equal([]);
  });

  it('records every decision before it acts on it', async () => {
    const process = await start();
    const order: string[] = [];
    cluster.fault = ({ verb, plural }) => {
      if (plural === 'configmaps' && verb === 'create') order.push(process.types().at(-1) ?? '');
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    expect(order[0]).to.equal('ActionsDecided');
  });

  it('does nothing when the log cannot be written', async () => {
    const process = await start();
    await settle();
    storage.owner = undefined;
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => process.term?.signal.aborted === true);
    await settle();
    expect(await children()).to.deep.equal([]);
  });

  it('updates and deletes children when the spec changes, and takes out fields that are no longer wanted', async () => {
    const process = await start();
    const created = await cluster.create(
      WIDGET,
      widget('w', { colors: ['red', 'blue'], note: 'hello' }),
      options,
    );
    await until(isReady(process, 'w'));
    expect((await get('w-red')).data).to.deep.equal({ color: 'red', note: 'hello' });
    const current = await getWidget('w');
    await cluster.update(WIDGET, { ...current, spec: { colors: ['red', 'green'] } }, options);
    await until(() => process.types().filter((type) => type === 'ActionApplied').length === 5);
    expect(await children()).to.deep.equal(['w-green', 'w-red']);
    expect((await get('w-red')).data).to.deep.equal({ color: 'red' });
    expect(created.metadata.uid).to.equal(current.metadata.uid);
  });

  it('repairs what was changed by hand or deleted, and records both', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    const live = await get('w-red');
    await cluster.update(CONFIG_MAP, { ...live, data: { color: 'black', theirs: 'kept' } }, options);
    await until(() => process.types().filter((type) => type === 'ActionApplied').length === 2);
    expect((await get('w-red')).data).to.deep.equal({ color: 'red', theirs: 'kept' });
    const drift = process.records.find(({ event }) => event.type === 'DriftObserved');
    expect(drift?.event.payload).to.deep.include({ child: 'ConfigMap/w-red', paths: ['/data/color'] });

    const { uid = '', resourceVersion = '' } = (await get('w-red')).metadata;
    await cluster.delete(
      CONFIG_MAP,
      { namespace: 'default', name: 'w-red' },
      { uid, resourceVersion },
      options,
    );
    await until(() => process.types().filter((type) => type === 'ActionApplied').length === 3);
    expect((await get('w-red')).metadata.uid).not.to.equal(uid);
  });

  it('never touches an object of somebody else, says so, and goes on when it is gone', async () => {
    const theirs: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'w-red', namespace: 'default' },
      data: { mine: 'yes' },
    };
    const foreign = await cluster.create(CONFIG_MAP, theirs, options);
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => process.types().includes('ActionFailed'));
    expect((await get('w-red')).data).to.deep.equal({ mine: 'yes' });
    const failed = process.records.find(({ event }) => event.type === 'ActionFailed');
    expect(failed?.event.payload).to.deep.include({ reason: 'NotOwned', permanent: false });
    const { uid = '', resourceVersion = '' } = foreign.metadata;
    await cluster.delete(
      CONFIG_MAP,
      { namespace: 'default', name: 'w-red' },
      { uid, resourceVersion },
      options,
    );
    await process.clock.advance(60_000);
    await until(isReady(process, 'w'));
    expect((await get('w-red')).data).to.deep.equal({ color: 'red' });
  });

  it('backs off from what fails, and gives up what only a change can mend', async () => {
    const process = await start();
    cluster.fault = ({ verb, plural }) => {
      if (verb === 'create' && plural === 'configmaps') throw new ClusterError('unavailable', 'no', 500);
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => process.types().includes('ActionFailed'));
    for (let minute = 0; minute < 60; minute += 1) {
      await process.clock.advance(60_000);
      await settle();
    }
    const failures = process.types().filter((type) => type === 'ActionFailed').length;
    expect(failures).to.be.within(10, 25);

    cluster.fault = ({ verb, plural }) => {
      if (verb === 'create' && plural === 'configmaps')
        throw new ClusterError('invalid', 'Invalid value: "red"', 422);
    };
    await process.clock.advance(2_000_000);
    await until(() => process.records.some(({ event }) => event.payload.permanent === true));
    const given = process.records.length;
    await process.clock.advance(10_000_000);
    await settle();
    expect(process.types(given).filter((type) => type !== 'WidgetDegraded')).to.deep.equal([]);
    cluster.fault = undefined;
    const current = await getWidget('w');
    await cluster.update(WIDGET, { ...current, spec: { colors: ['green'] } }, options);
    await until(isReady(process, 'w'));
  });

  it('tells of a failure that stays the same now and then, and of another one at once', async () => {
    const process = await start();
    let message = 'no';
    cluster.fault = ({ verb, plural }) => {
      if (verb === 'create' && plural === 'configmaps') throw new ClusterError('unavailable', message, 500);
    };
    const told = () => cluster.requests.filter(({ plural }) => plural === 'events').length;
    const minute = async () => {
      for (let second = 0; second < 60; second += 1) {
        await process.clock.advance(1_000);
        await settle();
      }
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await minute();
    expect(process.types().filter((type) => type === 'ActionFailed').length, 'failures').to.be.above(8);
    expect(told(), 'Events').to.be.within(1, 4);
    expect(
      process.logger.lines.filter(({ message }) => message === 'an action failed').at(-1)?.fields,
    ).to.include({
      key: 'default/w',
      reason: 'Unavailable',
      detail: 'create ConfigMap/w-red: no',
      controller: 'widget',
    });
    const before = told();
    message = 'never';
    await minute();
    await minute();
    expect(told()).to.equal(before + 1);
  });

  it('calls for a pass also by a child that does not say any more whose it is', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    await settle();
    const red = await get('w-red');
    const { ownerReferences, ...metadata } = red.metadata;
    await cluster.update(CONFIG_MAP, { ...red, metadata }, options);
    await until(() => process.types().includes('DriftObserved'));
    await settle();
    expect((await get('w-red')).metadata.ownerReferences).to.deep.equal(ownerReferences);
  });

  it('tries again when it is time, also when something else has called for a pass before', async () => {
    const process = await start();
    let tries = 0;
    cluster.fault = ({ verb, plural }) => {
      if (verb !== 'create' || plural !== 'configmaps') return;
      tries += 1;
      // A delay beyond the 30 s after which the failure is recorded as the health of the object.
      throw new ClusterError('throttled', 'later', 429, 60_000);
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => tries === 1);
    await settle();
    await process.clock.advance(59_000);
    await settle();
    expect({ tries, last: process.types().at(-1) }).to.deep.equal({ tries: 1, last: 'WidgetDegraded' });
    await process.clock.advance(1_000);
    await until(() => tries === 2);
  });

  it('does not try again before it is time, whatever else happens to the object meanwhile', async () => {
    const process = await start();
    cluster.fault = ({ verb, name }) => {
      if (verb === 'create' && name === 'w-red') throw new ClusterError('unavailable', 'no', 500);
    };
    await cluster.create(WIDGET, widget('w', { colors: ['blue', 'red'] }), options);
    await until(() => process.types().includes('ActionFailed'));
    for (let poke = 0; poke < 10; poke += 1) {
      const blue = await get('w-blue');
      const labels = { ...blue.metadata.labels, poke: String(poke) };
      await cluster.update(CONFIG_MAP, { ...blue, metadata: { ...blue.metadata, labels } }, options);
      await settle();
    }
    const failures = () =>
      process.records.filter(({ event }) => event.payload.reason === 'Unavailable').length;
    expect(failures()).to.equal(1);
    await process.clock.advance(5);
    await until(() => failures() === 2);
    cluster.fault = undefined;
    await process.clock.advance(1_000);
    await until(isReady(process, 'w'));

    // After success, delays begin anew.
    cluster.fault = ({ verb, name }) => {
      if (verb === 'create' && name === 'w-green') throw new ClusterError('unavailable', 'no', 500);
    };
    await cluster.update(WIDGET, { ...(await getWidget('w')), spec: { colors: ['green'] } }, options);
    await until(() => failures() === 3);
    await process.clock.advance(5);
    await until(() => failures() === 4);
  });

  it('writes the status anew when somebody was faster, although that was nothing to it', async () => {
    const process = await start();
    let isFaster = true;
    const updateStatus = cluster.updateStatus.bind(cluster);
    cluster.updateStatus = async (resource, object, request) => {
      if (isFaster) {
        isFaster = false;
        const live = await getWidget('w');
        await cluster.update(
          WIDGET,
          { ...live, metadata: { ...live.metadata, labels: { theirs: '1' } } },
          options,
        );
      }
      return updateStatus(resource, object, request);
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => !isFaster);
    await settle();
    expect(await status('w')).to.equal(undefined);
    await process.clock.advance(50);
    await until(isReady(process, 'w'));
    expect((await getWidget('w')).metadata.labels).to.deep.equal({ theirs: '1' });
  });

  it('writes a status less and less often as long as a newer object is in the way', async () => {
    const process = await start();
    let conflicts = 0;
    cluster.updateStatus = () => {
      conflicts += 1;
      return Promise.reject(new ClusterError('conflict', 'newer', 409));
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => conflicts === 1);
    for (let second = 0; second < 60; second += 1) {
      await process.clock.advance(1_000);
      await settle();
    }
    expect(conflicts).to.be.within(8, 16);
  });

  it('puts a status right that somebody else has changed, and does not quarrel about it', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    await settle();
    const written = await status('w');
    let repairs = 0;
    for (let second = 0; second < 60; second += 1) {
      if ((await status('w'))?.ready === true) {
        repairs += 1;
        await cluster.updateStatus(WIDGET, { ...(await getWidget('w')), status: { ready: false } }, options);
      }
      await process.clock.advance(1_000);
      await settle();
    }
    expect(repairs).to.be.within(4, 7);
    await process.clock.advance(10_000);
    await until(isReady(process, 'w'));
    expect(await status('w')).to.deep.equal(written);
  });

  it('leaves no subscription behind, also when it is stopped before it has begun to work', async () => {
    const cache = cluster.cache.bind(cluster);
    const isListed = Promise.withResolvers<void>();
    let open = 0;
    cluster.cache = (resource) => {
      const real = cache(resource);
      return Object.assign(Object.create(real) as typeof real, {
        synced: () => isListed.promise,
        get: (key: Parameters<typeof real.get>[0]) => real.get(key),
        list: () => real.list(),
        subscribe: (listener: Parameters<typeof real.subscribe>[0]) => {
          const subscription = real.subscribe(listener);
          open += 1;
          return {
            [Symbol.dispose]: () => {
              open -= 1;
              subscription[Symbol.dispose]();
            },
          };
        },
      });
    };
    const process = await start();
    const stopped = process.stop();
    isListed.resolve();
    await stopped;
    running = [];
    expect(open).to.equal(0);
  });

  it('makes no second pass for its own writes', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
    await until(isReady(process, 'w'));
    await settle();
    expect(
      process.telemetry.observations('rynxs_reconcile_duration_seconds', { reconciler: 'widget' }),
    ).to.have.lengthOf(1);
  });

  it('measures its passes under the names of controller-runtime', async () => {
    const process = await start();
    const value = (suffix: string, more = {}) =>
      process.telemetry.value(`controller_runtime_${suffix}`, { controller: 'widget', ...more });
    expect(
      ['success', 'error', 'requeue_after'].map((result) => value('reconcile_total', { result })),
    ).to.deep.equal([0, 0, 0]);
    expect(value('max_concurrent_reconciles')).to.be.greaterThan(0);
    await cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
    await until(isReady(process, 'w'));
    await settle();
    expect(value('reconcile_total', { result: 'success' })).to.equal(1);
    expect([value('active_workers'), value('reconcile_errors_total')]).to.deep.equal([0, 0]);
    expect(
      process.telemetry.observations('controller_runtime_reconcile_time_seconds', { controller: 'widget' }),
    ).to.have.lengthOf(1);
  });

  it('counts its objects by how they do, and none when it has stopped', async () => {
    const process = await start();
    const count = (health: string) =>
      process.telemetry.value('rynxs_objects', { reconciler: 'widget', health });
    expect(['ready', 'progressing', 'degraded', 'suspended'].map(count)).to.deep.equal([0, 0, 0, 0]);
    for (const name of ['v', 'w']) await cluster.create(WIDGET, widget(name, { colors: ['red'] }), options);
    await until(() => count('ready') === 2);
    const { uid = '', resourceVersion = '' } = (await getWidget('v')).metadata;
    await cluster.delete(WIDGET, { namespace: 'default', name: 'v' }, { uid, resourceVersion }, options);
    await until(() => count('ready') === 1);
    await process.stop();
    expect(count('ready')).to.equal(0);
  });

  it('names in its lines the trace of what it records', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    await settle();
    const traces = process.records.slice(1).map(({ event }) => event.meta.trace_id);
    expect(new Set(traces), 'one trace for one pass').to.have.lengthOf(1);
    const lines = process.logger.lines.filter(({ fields }) => fields.trace_id === traces[0]);
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal([
      'info: decided',
      'debug: a pass has ended',
    ]);
    expect(lines[0]?.fields).to.deep.include({
      controller: 'widget',
      key: 'default/w',
      reason: 'Reconciled',
      detail: 'created ConfigMap/w-red (log seq 2)',
    });
  });

  it('names the trace of a pass that fails', async () => {
    const process = await start();
    cluster.fault = ({ verb }) => {
      if (verb === 'updateStatus') throw new ClusterError('denied', 'you may not', 403);
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    const failed = () => process.logger.lines.find(({ message }) => message.startsWith('reconcile failed'));
    await until(() => failed() !== undefined);
    expect(failed()?.fields.trace_id).to.equal(process.records.at(-1)?.event.meta.trace_id);
  });

  it('does nothing more for an object that is being deleted', async () => {
    const process = await start();
    const { metadata, ...rest } = widget('w', { colors: ['red'] });
    await cluster.create(
      WIDGET,
      { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
      options,
    );
    await settle();
    expect(process.types()).to.deep.equal(['EpochStarted']);
  });

  it('knows a child by its uid when somebody took its owner out before an unfinished decision about it', async () => {
    const first = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(first, 'w'));
    const child = await get('w-red');
    const { ownerReferences, ...metadata } = child.metadata;
    let updates = 0;
    cluster.fault = ({ verb, plural }, after) => {
      if (verb !== 'update' || plural !== 'configmaps' || after) return;
      updates += 1;
      // The first one is of whoever takes the owner out.
      if (updates === 1) return;
      storage.owner = undefined;
      throw new ClusterError('ambiguous', 'the process is dead');
    };
    await cluster.update(CONFIG_MAP, { ...child, metadata }, options);
    await until(() => first.term?.signal.aborted === true);
    cluster.fault = undefined;
    running = [];
    const second = await start();
    await until(
      () => second.types().includes('ActionUnconfirmed') && second.types().at(-1) === 'ActionApplied',
    );
    const unconfirmed = second.records.find(({ event }) => event.type === 'ActionUnconfirmed');
    expect(unconfirmed?.event.payload).to.deep.include({ found: 'different', uid: child.metadata.uid });
    expect((await get('w-red')).metadata.ownerReferences).to.deep.equal(ownerReferences);
  });

  it('leaves it to the next decision what an unfinished one of somebody else’s object was about', async () => {
    const first = await start();
    cluster.fault = ({ verb, plural }) => {
      if (verb !== 'create' || plural !== 'configmaps') return;
      storage.owner = undefined;
      throw new ClusterError('ambiguous', 'the process is dead');
    };
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => first.term?.signal.aborted === true);
    cluster.fault = undefined;
    running = [];
    const theirs: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'w-red', namespace: 'default' },
    };
    await cluster.create(CONFIG_MAP, theirs, options);
    const second = await start();
    await until(() => second.types().includes('ActionFailed'));
    const unconfirmed = second.records.find(({ event }) => event.type === 'ActionUnconfirmed');
    expect(unconfirmed?.event.payload).to.deep.include({ found: 'foreign', uid: null });
    expect((await get('w-red')).data).to.equal(undefined);
  });

  it('slows down when somebody keeps changing a child back', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    let repairs = 0;
    for (let second = 0; second < 3_600; second += 5) {
      const live = await get('w-red');
      if ((live.data as { color: string }).color === 'red') {
        repairs += 1;
        await cluster.update(CONFIG_MAP, { ...live, data: { color: 'black' } }, options);
      }
      await process.clock.advance(5_000);
      await settle();
    }
    expect(repairs).to.be.within(5, 20);
    expect(process.records.length).to.be.at.most(60 + 10);
    expect(await status('w')).to.deep.include({ contested: ['ConfigMap/w-red'] });
  });

  it('records nothing when the generation rises but nothing that it observes has changed', async () => {
    const process = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    const before = process.records.length;
    const updated = await cluster.update(WIDGET, { ...(await getWidget('w')), unobserved: true }, options);
    expect(updated.metadata.generation).to.equal(2);
    await settle();
    expect(process.types(before)).to.deep.equal([]);
    expect(await status('w')).to.deep.include({ observedGeneration: 2 });
  });

  it('bears a new object no grudge for what its namesake went through', async () => {
    const process = await start();
    const blacken = async () =>
      cluster.update(CONFIG_MAP, { ...(await get('w-red')), data: { color: 'black' } }, options);
    const repairs = () => process.types().filter((type) => type === 'DriftObserved').length;
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    await process.clock.advance(29_000);
    await blacken();
    await until(() => repairs() === 1);
    await blacken();
    await settle();
    expect(repairs(), 'the second one waits').to.equal(1);

    for (const [type, name] of [
      [WIDGET, 'w'],
      [CONFIG_MAP, 'w-red'],
    ] as const) {
      const { uid = '', resourceVersion = '' } = (
        await cluster.get(type, { namespace: 'default', name }, options)
      ).metadata;
      await cluster.delete(type, { namespace: 'default', name }, { uid, resourceVersion }, options);
    }
    await until(() => process.types().includes('WidgetDeleted'));
    await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(process, 'w'));
    await blacken();
    await until(() => repairs() === 2);
    await process.clock.advance(1_000);
    await settle();
    expect(process.types(), 'health of the old one').not.to.include('WidgetReady');
    await process.clock.advance(29_000);
    await until(() => process.types().includes('WidgetReady'));
  });

  it('records a deadline when it comes, once', async () => {
    const clock = new FakeClock();
    const process = await start(clock);
    const deadline = new Date(clock.now() + 60_000).toISOString();
    await cluster.create(WIDGET, widget('w', { colors: ['red'], deadline }), options);
    await until(isReady(process, 'w'));
    await clock.advance(59_000);
    await settle();
    expect(process.types()).not.to.include('DeadlineReached');
    await clock.advance(1_000);
    await until(() => process.types().filter((type) => type === 'ActionApplied').length === 2);
    expect(await children()).to.deep.equal([]);
    await clock.advance(600_000);
    await settle();
    expect(process.types().filter((type) => type === 'DeadlineReached')).to.have.lengthOf(1);
  });

  it('records that an object is gone, also when nobody watched, and starts anew for its namesake', async () => {
    const first = await start();
    const created = await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(isReady(first, 'w'));
    await first.stop();
    running = [];
    const { uid = '', resourceVersion = '' } = (await getWidget('w')).metadata;
    await cluster.delete(WIDGET, { namespace: 'default', name: 'w' }, { uid, resourceVersion }, options);
    const red = (await get('w-red')).metadata;
    await cluster.delete(
      CONFIG_MAP,
      { namespace: 'default', name: 'w-red' },
      { uid: red.uid ?? '', resourceVersion: red.resourceVersion ?? '' },
      options,
    );
    await cluster.create(WIDGET, widget('w', { colors: ['green'] }), options);

    const second = await start();
    await until(isReady(second, 'w'));
    const deleted = second.records.find(({ event }) => event.type === 'WidgetDeleted');
    expect(deleted?.event.payload).to.deep.include({ uid: created.metadata.uid, found: 'at_start' });
    expect(await children()).to.deep.equal(['w-green']);
  });

  describe('whose cache has not heard of all that an earlier leader saw', () => {
    let cache: MemoryCache;
    beforeEach(() => {
      cache = new MemoryCache(WIDGET, new Map());
    });
    const takesOver = async (): Promise<Process> => {
      for (const process of running) await process.stop();
      running = [];
      const cacheOf = cluster.cache.bind(cluster);
      cluster.cache = (resource) => (resource.plural === WIDGET.plural ? cache : cacheOf(resource));
      return start();
    };

    it('records no end of what is there, and goes on with its children', async () => {
      await start();
      await cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
      await until(isReady(running[0] as Process, 'w'));
      const second = await takesOver();
      await settle();
      expect(second.types()).not.to.include('WidgetDeleted');
      cache.assume(
        await cluster.update(WIDGET, { ...(await getWidget('w')), spec: { colors: ['red'] } }, options),
      );
      await until(() => second.types().filter((type) => type === 'ActionApplied').length === 3);
      expect(await children()).to.deep.equal(['w-red']);
    });

    it('records nothing a second time that was changed since', async () => {
      const first = await start();
      cache.assume(await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options));
      await until(isReady(first, 'w'));
      await cluster.update(WIDGET, { ...(await getWidget('w')), spec: { colors: ['blue'] } }, options);
      await until(() => first.types().filter((type) => type === 'ActionApplied').length === 3);
      const second = await takesOver();
      await settle();
      expect(second.types().filter((type) => type === 'WidgetObserved')).to.have.lengthOf(2);
      expect(await children()).to.deep.equal(['w-blue']);
    });

    it('asks again when the server does not answer', async () => {
      const first = await start();
      await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
      await until(isReady(first, 'w'));
      let asked = 0;
      cluster.fault = ({ verb, plural }, after) => {
        if (after || verb !== 'list' || plural !== WIDGET.plural || asked++ > 0) return;
        throw new ClusterError('unavailable', 'made to fail', 503);
      };
      const second = await takesOver();
      await settle();
      await second.clock.advance(1_000);
      await until(() => cache.size === 1);
      expect(second.types()).not.to.include('WidgetDeleted');
      expect(asked).to.equal(2);
    });

    it('asks nothing when the cache shows what was recorded', async () => {
      const first = await start();
      await cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
      await until(isReady(first, 'w'));
      cache.assume(await getWidget('w'));
      const before = cluster.requests.length;
      await takesOver();
      await settle();
      expect(cluster.requests.slice(before)).to.deep.equal([]);
    });
  });

  it('does not do again what an earlier process did, and repeats nothing on restart', async () => {
    const first = await start();
    await cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
    await until(isReady(first, 'w'));
    await settle();
    await first.stop();
    running = [];
    const before = cluster.requests.length;
    const second = await start();
    await settle();
    const writes = cluster.requests.slice(before).filter(({ verb }) => verb !== 'get' && verb !== 'list');
    expect(writes).to.deep.equal([]);
    expect(second.types().slice(-1)).to.deep.equal(['EpochStarted']);
  });

  for (const [when, afterEffect] of [
    ['before an action had its effect', false],
    ['after it had its effect', true],
  ] as const) {
    it(`settles a decision that a crash left open ${when}`, async () => {
      const first = await start();
      cluster.fault = ({ verb, plural, name }, after) => {
        if (verb !== 'create' || plural !== 'configmaps' || name !== 'w-red' || after !== afterEffect) return;
        // The process dies here: nothing that it would do from now on happens.
        storage.owner = undefined;
        throw new ClusterError('ambiguous', 'the process is dead');
      };
      await cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
      await until(() => first.term?.signal.aborted === true);
      cluster.fault = undefined;
      running = [];
      const second = await start();
      await until(isReady(second, 'w'));
      const unconfirmed = second.records.filter(({ event }) => event.type === 'ActionUnconfirmed');
      expect(unconfirmed.map(({ event }) => event.payload.found)).to.deep.equal([
        afterEffect ? 'as_decided' : 'absent',
        'absent',
      ]);
      expect(await children()).to.deep.equal(['w-blue', 'w-red']);
      const creates = cluster.requests.filter(({ verb, name }) => verb === 'create' && name === 'w-red');
      expect(creates).to.have.lengthOf(afterEffect ? 1 : 2);
    });
  }
});
