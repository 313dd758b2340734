import { Damage } from '@rynxs/log';
import { expect } from 'chai';
import { EVENT_STORE } from '../contracts/event-store.js';
import { definePlugin } from '../contracts/plugin.js';
import { type Manifest, RECONCILER, type Reconciler } from '../contracts/reconciler.js';
import { startOperator } from '../operator/operator.js';
import { MemoryStorage, memoryEventStore } from '../testing/event-store-suite/memory-event-store.js';
import { given, startTestKernel } from '../testing/index.js';
import type { MemoryCluster } from '../testing/memory-cluster.js';
import {
  CONFIG_MAP,
  WIDGET,
  WidgetReconciler,
  type WidgetState,
  widget,
} from '../testing/widget-reconciler.js';
import { compareCluster, replayLog } from './index.js';

const { signal } = new AbortController();
const options = { signal };

/** Decides something else each time: what replay is there to find. */
class ImpureReconciler extends WidgetReconciler {
  #calls = 0;
  override manifests(state: WidgetState): readonly Manifest[] {
    this.#calls += 1;
    return super.manifests(state).map(({ resource, object }) => {
      const annotations = { call: String(this.#calls) };
      return { resource, object: { ...object, metadata: { ...object.metadata, annotations } } };
    });
  }
}

class NewerReconciler extends WidgetReconciler {
  override readonly version = 2;
}

describe('replay', () => {
  let storage: MemoryStorage;
  let cluster: MemoryCluster;

  before(async () => {
    storage = new MemoryStorage();
    class Widgets extends WidgetReconciler {
      static readonly inject = [];
    }
    const widgets = definePlugin({
      id: 'widgets',
      apiVersion: 1,
      provides: [RECONCILER.as('widget', Widgets)],
    });
    await using kernel = await startTestKernel({
      plugins: [widgets],
      services: [given(EVENT_STORE, memoryEventStore(storage))],
    });
    ({ cluster } = kernel);
    const operator = await startOperator(kernel, { signal });
    kernel.leadership.grant();
    await cluster.create(WIDGET, widget('a', { colors: ['red', 'blue'] }), options);
    await cluster.create(WIDGET, widget('b', { colors: ['green'] }), options);
    // EpochStarted, ConfigurationObserved; per widget Observed, Decided and an outcome for each ConfigMap.
    while (operator.log.head().nextSeq < 2 + 2 * 2 + 3) await new Promise((resolve) => setImmediate(resolve));
    await operator.stop();
  });

  const replay = (reconciler: Reconciler, at?: number) =>
    replayLog({
      chunks: memoryEventStore(storage).read(0, signal),
      reconcilers: [reconciler],
      ...(at === undefined ? {} : { at }),
    });

  it('computes every decision again and finds the same bytes', async () => {
    const result = await replay(new WidgetReconciler());
    expect(result).to.deep.include({
      records: 10,
      epochs: 1,
      decisions: 2,
      notRecomputed: 0,
      differences: [],
    });
    expect([...result.projection.aggregates()].map(({ id }) => id)).to.have.members([
      'widgets/default/a',
      'widgets/default/b',
    ]);
  });

  it('finds a reconciler that decides otherwise, and names the decisions', async () => {
    const { differences } = await replay(new ImpureReconciler());
    expect(differences.map(({ aggregateId }) => aggregateId)).to.have.members([
      'widgets/default/a',
      'widgets/default/b',
    ]);
    const [first] = differences;
    expect(first?.recorded.actions[0]?.digest).not.to.equal(first?.recomputed.actions[0]?.digest);
    expect(first?.recorded.actions[0]?.child).to.equal(first?.recomputed.actions[0]?.child);
  });

  it('counts decisions of another version as not recomputed', async () => {
    expect(await replay(new NewerReconciler())).to.include({ decisions: 2, notRecomputed: 2 });
    expect((await replay(new NewerReconciler())).differences).to.deep.equal([]);
  });

  it('stops after the record that it is told', async () => {
    const result = await replay(new WidgetReconciler(), 2);
    expect(result.records).to.equal(3);
    const lines = Buffer.concat(storage.commits.map(({ bytes }) => bytes))
      .toString()
      .split('\n');
    expect(lines[2]).to.include(`"event_hash":"${result.headHash}"`);
    expect([...result.projection.aggregates()]).to.have.lengthOf(1);
  });

  it('refuses a log that does not verify', async () => {
    const bytes = Buffer.concat(storage.commits.map((commit) => commit.bytes));
    bytes.write('X', bytes.indexOf('widgets/default/b'));
    const damaged = async function* () {
      yield bytes;
    };
    const failure = await replayLog({ chunks: damaged(), reconcilers: [] }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Damage);
  });

  it('compares the state with what exists', async () => {
    const { projection } = await replay(new WidgetReconciler());
    expect(await compareCluster(projection, cluster, signal)).to.deep.equal({ compared: 5, differences: [] });
    const key = { namespace: 'default', name: 'a-red' };
    const live = await cluster.get(CONFIG_MAP, key, options);
    await cluster.update(CONFIG_MAP, { ...live, data: { color: 'black' } }, options);
    const green = (await cluster.get(CONFIG_MAP, { ...key, name: 'b-green' }, options)).metadata;
    const preconditions = { uid: green.uid ?? '', resourceVersion: green.resourceVersion ?? '' };
    await cluster.delete(CONFIG_MAP, { ...key, name: 'b-green' }, preconditions, options);
    const { differences } = await compareCluster(projection, cluster, signal);
    expect(differences).to.have.deep.members([
      { aggregateId: 'widgets/default/a', child: 'ConfigMap/a-red', what: 'differs', paths: ['/data/color'] },
      { aggregateId: 'widgets/default/b', child: 'ConfigMap/b-green', what: 'missing', paths: [] },
    ]);
  });
});
