import type { JsonMap, LogEvent, LogRecord } from '@rynxs/log';
import { expect } from 'chai';
import { WidgetReconciler, type WidgetState } from '../testing/widget-reconciler.js';
import { Projection } from './projection.js';

/** Keeps the configuration that it was given. */
class ConfiguredReconciler extends WidgetReconciler {
  override reduce(
    state: WidgetState | undefined,
    event: LogEvent,
    configuration: JsonMap,
  ): WidgetState | undefined {
    const next = super.reduce(state, event, configuration);
    return next === undefined ? undefined : ({ ...next, configuration } as WidgetState);
  }
}

describe('Projection', () => {
  let projection: Projection;
  let seq: number;
  beforeEach(() => {
    projection = new Projection([new ConfiguredReconciler()]);
    seq = 0;
  });

  const apply = (type: string, aggregateId: string, payload: JsonMap): LogRecord => {
    const meta = { batch: 'b', epoch: 1, trace_id: 't', writer: 'w' };
    const event: LogEvent = {
      aggregate_id: aggregateId,
      hash_version: 'v3',
      meta,
      payload: { v: 1, ...payload },
      seq,
      ts: '2026-01-01T00:00:00.000Z',
      type,
    };
    const record = { event, hash: String(seq) };
    seq += 1;
    projection.apply(record);
    return record;
  };
  const observe = (name: string) =>
    apply('WidgetObserved', `widgets/default/${name}`, { uid: name, generation: 1, spec: {} });
  const configure = (configuration: JsonMap) =>
    apply('ConfigurationObserved', 'log', { reconcilers: { widget: { version: 1, configuration } } });
  const configurationOf = (name: string) =>
    (projection.get(`widgets/default/${name}`)?.state as { configuration?: JsonMap } | undefined)
      ?.configuration;

  it('is not changed by events of the earlier versions, whatever they hold', () => {
    const fields = { seq: 0, aggregate_id: 'widgets/default/a', type: 'WidgetObserved', payload: null };
    for (const event of [fields, { ...fields, hash_version: 'v2' }, { seq: 0 }]) {
      projection.apply({ event: event as unknown as LogEvent, hash: 'h' });
    }
    expect([...projection.aggregates()]).to.deep.equal([]);
  });

  it('hands the newest recorded configuration to the reducer, for objects that come and for those that are there', () => {
    observe('a');
    expect(configurationOf('a')).to.deep.equal({});
    configure({ size: '1Gi' });
    expect(configurationOf('a')).to.deep.equal({ size: '1Gi' });
    observe('b');
    expect(configurationOf('b')).to.deep.equal({ size: '1Gi' });
  });

  it('knows the last event of each object, and forgets what was deleted', () => {
    observe('a');
    const { event, hash } = observe('b');
    expect(projection.get('widgets/default/b')?.lastEvent).to.deep.equal({ seq: event.seq, hash });
    expect(projection.get('widgets/default/a')?.lastEvent.seq).to.equal(0);
    apply('WidgetDeleted', 'widgets/default/b', { uid: 'b', found: 'watching' });
    expect([...projection.aggregates()].map(({ id }) => id)).to.deep.equal(['widgets/default/a']);
  });

  it('keeps decided actions as pending until each has its outcome', () => {
    observe('a');
    const action = { verb: 'create', child: 'ConfigMap/a', digest: 'd' };
    const id = 'widgets/default/a';
    const { event } = apply('ActionsDecided', id, { actions: [action, { ...action, child: 'ConfigMap/b' }] });
    expect(projection.get(id)?.pending.map(({ action: index }) => index)).to.deep.equal([0, 1]);
    const outcome = { decision: event.seq, child: 'ConfigMap/a', verb: 'create', uid: 'u' };
    apply('ActionApplied', id, { ...outcome, action: 0 });
    expect(projection.get(id)?.pending.map(({ action: index }) => index)).to.deep.equal([1]);
    apply('ActionUnconfirmed', id, { ...outcome, action: 1, found: 'absent' });
    expect(projection.get(id)?.pending).to.deep.equal([]);
  });

  it('ignores objects that no reconciler is there for', () => {
    apply('GadgetObserved', 'gadgets/default/g', { uid: 'g', generation: 1, spec: {} });
    expect([...projection.aggregates()]).to.deep.equal([]);
  });
});
