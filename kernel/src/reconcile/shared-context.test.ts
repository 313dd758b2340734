import { setImmediate as nextTurn } from 'node:timers/promises';
import { canonicalize, type JsonMap, type LogEvent, type LogRecord } from '@rynxs/log';
import { expect } from 'chai';
import { ClusterError } from '../contracts/cluster.js';
import { type Batch, EVENT_STORE } from '../contracts/event-store.js';
import { definePlugin } from '../contracts/plugin.js';
import { RECONCILER } from '../contracts/reconciler.js';
import { type Operator, startOperator } from '../operator/operator.js';
import { replayLog } from '../replay/index.js';
import { MemoryEventStore, MemoryStorage } from '../testing/event-store-suite/memory-event-store.js';
import { given, startTestKernel, type TestKernel } from '../testing/index.js';
import {
  LimitedWidgetReconciler,
  PALETTE,
  PaletteReconciler,
  palette,
} from '../testing/palette-reconcilers.js';
import { CONFIG_MAP, WIDGET, widget } from '../testing/widget-reconciler.js';
import { Projection } from './projection.js';

const { signal } = new AbortController();
const options = { signal };

const plugin = definePlugin({
  id: 'palettes',
  apiVersion: 1,
  provides: [
    RECONCILER.as(
      'widget',
      class extends LimitedWidgetReconciler {
        static readonly inject = [];
      },
    ),
    RECONCILER.as(
      'palette',
      class extends PaletteReconciler {
        static readonly inject = [];
      },
    ),
  ],
});

/** A store whose commits wait while the gate is closed. */
class GatedStore extends MemoryEventStore {
  gate: PromiseWithResolvers<void> | undefined;
  waiting = 0;

  override async append(batch: Batch, abort: AbortSignal): Promise<void> {
    this.waiting += 1;
    await this.gate?.promise;
    this.waiting -= 1;
    await super.append(batch, abort);
  }
}

describe('a shared context', () => {
  let storage: MemoryStorage;
  let store: GatedStore;
  let kernel: TestKernel;
  let operator: Operator;
  let events: LogEvent[];

  beforeEach(async () => {
    storage = new MemoryStorage();
    store = new GatedStore(storage);
    kernel = await startTestKernel({ plugins: [plugin], services: [given(EVENT_STORE, store)] });
    events = [];
  });
  afterEach(async () => {
    store.gate?.resolve();
    await operator.stop();
    await kernel.stop();
  });

  const start = async () => {
    operator = await startOperator(kernel, options);
    operator.log.subscribe(({ event }) => events.push(event as LogEvent));
    kernel.leadership.grant();
    await until(() => operator.term !== undefined);
  };
  const exists = (name: string) =>
    kernel.cluster.cache(CONFIG_MAP).get({ namespace: 'default', name }) !== undefined;
  const changePalette = async (colors: readonly string[]) => {
    const live = await kernel.cluster.get(PALETTE, { name: 'p' }, options);
    await kernel.cluster.update(PALETTE, { ...live, spec: { colors: [...colors] } }, options);
  };
  const differences = async () => {
    await operator.stop();
    const reconcilers = kernel.getAll(RECONCILER);
    return (await replayLog({ chunks: new MemoryEventStore(storage).read(0, signal), reconcilers }))
      .differences;
  };

  it('has an object decided anew because of an event of another one, which is named as the cause', async () => {
    await start();
    await kernel.cluster.create(WIDGET, widget('w', { colors: ['red', 'blue'] }), options);
    await until(() => exists('w-red') && exists('w-blue'));
    await kernel.cluster.create(PALETTE, palette('p', ['blue']), options);
    await until(() => !exists('w-red'));
    await until(() => events.at(-1)?.type === 'ActionApplied');
    const observed = events.find(({ type }) => type === 'PaletteObserved');
    expect(observed?.aggregate_id).to.equal('palettes/p');
    const decided = events.findLast(({ type }) => type === 'ActionsDecided');
    expect(decided).to.deep.include({ aggregate_id: 'widgets/default/w' });
    expect(decided?.payload.cause).to.equal(observed?.seq);
    await changePalette(['blue', 'red']);
    await until(() => exists('w-red'));
    expect(await differences()).to.deep.equal([]);
  });

  it('leaves objects alone for which nothing is otherwise', async () => {
    await start();
    await kernel.cluster.create(WIDGET, widget('w', { colors: ['blue'] }), options);
    await until(() => exists('w-blue'));
    await kernel.cluster.create(PALETTE, palette('p', ['blue']), options);
    await until(() => events.at(-1)?.type === 'PaletteObserved');
    const { requests } = kernel.cluster;
    const sent = requests.length;
    await kernel.clock.advance(10_000);
    expect(requests.slice(sent).filter(({ plural }) => plural !== PALETTE.plural)).to.deep.equal([]);
    expect(events.at(-1)?.type).to.equal('PaletteObserved');
  });

  it('is known before the first object that depends on it is looked at', async () => {
    for (let index = 0; index < 8; index += 1)
      await kernel.cluster.create(WIDGET, widget(`w-${index}`, { colors: ['red'] }), options);
    await kernel.cluster.create(PALETTE, palette('p', ['blue']), options);
    const listed = Promise.withResolvers<void>();
    kernel.cluster.cache(PALETTE).synced = () => listed.promise;
    await start();
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    listed.resolve();
    await until(() => events.filter(({ type }) => type === 'WidgetObserved').length === 8);
    expect(events.map(({ type }) => type).indexOf('PaletteObserved')).to.be.lessThan(
      events.map(({ type }) => type).indexOf('WidgetObserved'),
    );
    await kernel.clock.advance(1_000);
    expect(events.filter(({ type }) => type === 'ActionsDecided')).to.deep.equal([]);
  });

  it('is waited for no longer than it takes to record it, whatever becomes of its status', async () => {
    kernel.cluster.fault = ({ verb, plural }) => {
      if (verb === 'updateStatus' && plural === PALETTE.plural)
        throw new ClusterError('denied', 'you may not', 403);
    };
    await kernel.cluster.create(PALETTE, palette('p', ['red']), options);
    await kernel.cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await start();
    await until(() => exists('w-red'));
  });

  it('lets no decision stand after an event that it depends on and has not seen', async () => {
    await kernel.cluster.create(PALETTE, palette('p', ['red']), options);
    await start();
    kernel.cluster.fault = ({ verb, plural }) => {
      if (verb === 'create' && plural === CONFIG_MAP.plural)
        throw new ClusterError('unavailable', 'not now', 500);
    };
    await kernel.cluster.create(WIDGET, widget('w', { colors: ['red'] }), options);
    await until(() => events.at(-1)?.type === 'ActionFailed');
    kernel.cluster.fault = undefined;

    // On its way to the log: red is not allowed any more. Meanwhile it is time to try again.
    store.gate = Promise.withResolvers();
    await changePalette(['blue']);
    await until(() => store.waiting === 1);
    await kernel.clock.advance(1_000);
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    store.gate.resolve();
    store.gate = undefined;
    await until(() => events.at(-1)?.type === 'PaletteObserved');
    await kernel.clock.advance(1_000);
    expect(events.at(-1)?.type).to.equal('PaletteObserved');
    expect(exists('w-red')).to.equal(false);
    expect(await differences()).to.deep.equal([]);
  });

  it('is built again from a snapshot, and goes on the same', () => {
    const reconcilers = () => [new LimitedWidgetReconciler(), new PaletteReconciler()];
    const whole = new Projection(reconcilers());
    let restored = new Projection(reconcilers());
    const history: readonly (readonly [string, string, JsonMap])[] = [
      ['WidgetObserved', 'widgets/default/w', { uid: 'w', spec: { colors: ['red', 'blue'] } }],
      ['PaletteObserved', 'palettes/p', { uid: 'p', spec: { colors: ['blue'] } }],
      ['WidgetObserved', 'widgets/default/v', { uid: 'v', spec: { colors: ['red'] } }],
      ['PaletteObserved', 'palettes/p', { uid: 'p', spec: { colors: ['red'] } }],
      ['PaletteDeleted', 'palettes/p', { uid: 'p', found: 'watching' }],
      ['WidgetObserved', 'widgets/default/w', { uid: 'w', spec: { colors: ['blue'] } }],
    ];
    for (const [seq, [type, id, payload]] of history.entries()) {
      for (const projection of [whole, restored]) projection.apply(recordOf(seq, type, id, payload));
      const saved = savedBy(whole);
      expect(savedBy(restored), `after ${seq}`).to.equal(saved);
      const next = new Projection(reconcilers());
      next.restore(saved.split('\n').map((line) => JSON.parse(line) as JsonMap));
      restored = next;
    }
  });
});

function savedBy(projection: Projection): string {
  const entries = [...projection.save()].map((entry) => JSON.parse(JSON.stringify(entry)) as JsonMap);
  return entries.map((entry) => canonicalize(entry)).join('\n');
}

function recordOf(seq: number, type: string, aggregateId: string, payload: JsonMap): LogRecord {
  const meta = { batch: 'b', epoch: 1, trace_id: 't', writer: 'w' };
  const ts = '2026-01-01T00:00:00.000Z';
  const fields = { v: 1, generation: 1, manager: null, managed_at: null, ...payload };
  const event: LogEvent = {
    aggregate_id: aggregateId,
    hash_version: 'v3',
    meta,
    payload: fields,
    seq,
    ts,
    type,
  };
  return { event, hash: String(seq) };
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000; turn += 1) {
    if (condition()) return;
    await nextTurn();
  }
  throw new Error(`it never came: ${condition}`);
}
