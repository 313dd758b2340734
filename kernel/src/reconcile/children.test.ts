import type { LogEvent } from '@rynxs/log';
import { expect } from 'chai';
import type { ChildrenState } from '../contracts/children.js';
import type { Manifest } from '../contracts/reconciler.js';
import { CONFIG_MAP } from '../testing/widget-reconciler.js';
import { decideChildren, manifestDigest, reduceChildren } from './children.js';

const manifest = (name: string, value = '1'): Manifest => ({
  resource: CONFIG_MAP,
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } },
});
const child = 'ConfigMap/a';
const wanted = manifest('a');
const digest = manifestDigest(wanted);

function event(type: string, payload: object, seq = 7): LogEvent {
  const meta = { batch: 'b', epoch: 1, trace_id: 't', writer: 'w' };
  const ts = '2026-01-01T00:00:00.000Z';
  return { aggregate_id: 'x', hash_version: 'v3', meta, payload: { v: 1, ...payload }, seq, ts, type };
}

const decide = (children: ChildrenState<string>, manifests: readonly Manifest[] = [wanted]) =>
  decideChildren(manifests, children, [CONFIG_MAP], 'default').map(
    ({ verb, key, uid }) => `${verb} ${key.name} ${uid ?? '-'}`,
  );
const decided = (verb: string) =>
  event('ActionsDecided', { actions: [{ verb, child, digest: verb === 'delete' ? null : digest }] });
const outcome = (type: string, verb: string, rest: object) =>
  event(type, { decision: 7, action: 0, child, verb, ...rest }, 8);

describe('children', () => {
  it('are created when they are not known, updated when they differ, deleted when they are not wanted', () => {
    expect(decide({})).to.deep.equal(['create a -']);
    expect(decide({ [child]: { uid: 'u', digest: 'other' } })).to.deep.equal(['update a u']);
    expect(decide({ [child]: { uid: 'u' } })).to.deep.equal(['update a u']);
    expect(decide({ [child]: { uid: 'u', digest } })).to.deep.equal([]);
    expect(decide({ [child]: { uid: 'u', digest } }, [])).to.deep.equal(['delete a u']);
  });

  it('are left alone while an action is under way', () => {
    const pending = reduceChildren<string>({}, decided('create'), 'basis');
    expect(decide(pending)).to.deep.equal([]);
    const leaving = reduceChildren<string>({ [child]: { uid: 'u', digest } }, decided('delete'), 'basis');
    expect(decide(leaving, [])).to.deep.equal([]);
  });

  it('know after success what was applied and what it was made of', () => {
    const pending = reduceChildren<string>({}, decided('create'), 'basis');
    const applied = reduceChildren(pending, outcome('ActionApplied', 'create', { uid: 'u' }), 'later');
    expect(applied).to.deep.equal({ [child]: { uid: 'u', digest, basis: 'basis' } });
    const gone = reduceChildren(applied, outcome('ActionApplied', 'delete', { uid: 'u' }), 'later');
    expect(gone).to.deep.equal({ [child]: {} });
    expect(decide(gone)).to.deep.equal(['create a -']);
    expect(decide(gone, [])).to.deep.equal([]);
  });

  it('are tried again after a failure, unless only a change can help', () => {
    const pending = reduceChildren<string>({}, decided('create'), 'basis');
    const fail = (permanent: boolean) =>
      reduceChildren(
        pending,
        outcome('ActionFailed', 'create', { reason: 'R', message: 'm', permanent, ambiguous: false }),
        'basis',
      );
    expect(decide(fail(false))).to.deep.equal(['create a -']);
    expect(decide(fail(true))).to.deep.equal([]);
    expect(decide(fail(true), [manifest('a', '2')])).to.deep.equal(['create a -']);
  });

  it('are not believed any more when nobody knows whether an update happened', () => {
    const known = { [child]: { uid: 'u', digest, basis: 'basis' } };
    const pending = reduceChildren<string>(known, decided('update'), 'basis');
    const fail = (ambiguous: boolean) =>
      reduceChildren(
        pending,
        outcome('ActionFailed', 'update', { reason: 'R', message: 'm', permanent: false, ambiguous }),
        'basis',
      );
    expect(decide(fail(false))).to.deep.equal([]);
    expect(decide(fail(true))).to.deep.equal(['update a u']);
  });

  it('are what was found of them when a decision had no outcome', () => {
    const pending = reduceChildren<string>({}, decided('create'), 'basis');
    const found = (what: string, uid: string | null) =>
      decide(reduceChildren(pending, outcome('ActionUnconfirmed', 'create', { found: what, uid }), 'basis'));
    expect(found('as_decided', 'u')).to.deep.equal([]);
    expect(found('different', 'u')).to.deep.equal(['update a u']);
    expect(found('absent', null)).to.deep.equal(['create a -']);
    expect(found('foreign', null)).to.deep.equal(['create a -']);
  });

  it('are made anew after drift', () => {
    const known: ChildrenState<string> = { [child]: { uid: 'u', digest, basis: 'basis' } };
    const drift = (uid: string | null) =>
      decide(reduceChildren(known, event('DriftObserved', { child, uid }), 'basis'));
    expect(drift('u')).to.deep.equal(['update a u']);
    expect(drift(null)).to.deep.equal(['create a -']);
  });

  it('are deleted when they turn up again after nobody wanted them any more', () => {
    const back = reduceChildren<string>(
      { [child]: {} },
      event('DriftObserved', { child, uid: 'u' }),
      'basis',
    );
    expect(decide(back, [])).to.deep.equal(['delete a u']);
  });
});
