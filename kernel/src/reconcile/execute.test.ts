import { expect } from 'chai';
import { ClusterError, type KubernetesObject } from '../contracts/cluster.js';
import type { Action, Manifest } from '../contracts/reconciler.js';
import { rynxsError } from '../errors/rynxs-error.js';
import { MemoryCluster } from '../testing/memory-cluster.js';
import { CONFIG_MAP } from '../testing/widget-reconciler.js';
import { type ExecuteContext, execute } from './execute.js';

const { signal } = new AbortController();
const options = { signal };
const key = { namespace: 'default', name: 'child' };
const OWNER = 'owner-uid';

describe('execute', () => {
  let cluster: MemoryCluster;
  let asserted: number[];
  let isTermOver: boolean;
  beforeEach(() => {
    cluster = new MemoryCluster();
    asserted = [];
    isTermOver = false;
  });

  const manifest = (data: Record<string, string>, owner = OWNER): Manifest => ({
    resource: CONFIG_MAP,
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        ...key,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Widget', name: 'w', uid: owner, controller: true }],
      },
      data,
    },
  });
  const context = (): ExecuteContext => ({
    cluster,
    term: {
      epoch: 1,
      holder: 'test',
      signal,
      writeTimeoutMs: 7_000,
      assert: (remainingMs) => {
        asserted.push(remainingMs);
        if (isTermOver) throw rynxsError('RYNXS_LEADERSHIP_LOST', { detail: 'the test says so' });
      },
    },
    cacheOf: (resource) => cluster.cache(resource),
    assume: (resource, object) => cluster.cache(resource).assume(object),
    ownerUid: OWNER,
    previous: undefined,
  });
  const make = (data: Record<string, string>, owner = OWNER) =>
    cluster.create(CONFIG_MAP, manifest(data, owner).object, options);
  const act = (action: Omit<Action, 'resource' | 'key'>) =>
    execute({ resource: CONFIG_MAP, key, ...action }, context());
  const live = () => cluster.get(CONFIG_MAP, key, options);
  const changeBehind = async (data: Record<string, string>): Promise<KubernetesObject> =>
    cluster.update(CONFIG_MAP, { ...(await live()), data }, options);

  it('asserts the term for the whole time-out directly before each write, and writes nothing once it is over', async () => {
    expect(await act({ verb: 'create', manifest: manifest({ a: '1' }) })).to.include({ kind: 'applied' });
    expect(asserted).to.deep.equal([7_000]);
    isTermOver = true;
    const { uid = '' } = (await live()).metadata;
    for (const action of [
      { verb: 'update', uid, manifest: manifest({ a: '2' }) },
      { verb: 'delete', uid },
    ] as const) {
      expect(await act(action)).to.include({ kind: 'failed', reason: 'NotAttempted', permanent: false });
    }
    expect((await live()).data).to.deep.equal({ a: '1' });
  });

  it('takes an existing object that is its own as created, and makes it what it should be', async () => {
    const existing = await make({ a: 'old' });
    const outcome = await act({ verb: 'create', manifest: manifest({ a: 'new' }) });
    expect(outcome).to.deep.equal({ kind: 'applied', uid: existing.metadata.uid });
    expect((await live()).data).to.deep.equal({ a: 'new' });
  });

  it('leaves an object of another owner alone', async () => {
    await make({ a: 'theirs' }, 'somebody-else');
    const outcome = await act({ verb: 'create', manifest: manifest({ a: 'mine' }) });
    expect(outcome).to.include({ kind: 'failed', reason: 'NotOwned', permanent: false, ambiguous: false });
    expect((await live()).data).to.deep.equal({ a: 'theirs' });
  });

  it('does not update a namesake of the object that is meant', async () => {
    await make({ a: '1' });
    const outcome = await act({ verb: 'update', uid: 'gone-by-now', manifest: manifest({ a: '2' }) });
    expect(outcome).to.include({ kind: 'failed', reason: 'NotOwned' });
    expect((await live()).data).to.deep.equal({ a: '1' });
  });

  it('reads again and merges anew when somebody was faster, a few times', async () => {
    const { uid = '' } = (await make({ a: '1' })).metadata;
    let rivals = 0;
    const update = cluster.update.bind(cluster);
    cluster.update = async (resource, object, request) => {
      if (rivals < 2) {
        rivals += 1;
        const fresh = await live();
        await update(
          resource,
          { ...fresh, data: { ...(fresh.data as object), theirs: `${rivals}` } },
          options,
        );
      }
      return update(resource, object, request);
    };
    expect(await act({ verb: 'update', uid, manifest: manifest({ a: '2' }) })).to.include({
      kind: 'applied',
    });
    expect((await live()).data).to.deep.equal({ a: '2', theirs: '2' });

    cluster.update = async () => {
      throw new ClusterError('conflict', 'always', 409);
    };
    const given = await act({ verb: 'update', uid, manifest: manifest({ a: '3' }) });
    expect(given).to.include({ kind: 'failed', reason: 'Conflict', permanent: false, ambiguous: false });
  });

  it('deletes the object that is meant and no other, and is content when it is gone', async () => {
    const { uid = '' } = (await make({ a: '1' })).metadata;
    cluster.cache(CONFIG_MAP);
    await changeBehind({ a: 'newer' });
    expect(await act({ verb: 'delete', uid: 'another' })).to.deep.equal({ kind: 'applied', uid: 'another' });
    expect((await live()).metadata.uid).to.equal(uid);
    expect(await act({ verb: 'delete', uid })).to.deep.equal({ kind: 'applied', uid });
    expect(await act({ verb: 'delete', uid })).to.deep.equal({ kind: 'applied', uid });
  });

  it('says what a failure means for the next try', async () => {
    const failing = async (error: unknown) => {
      cluster.fault = () => {
        throw error;
      };
      const {
        kind: _,
        message: __,
        ...outcome
      } = (await act({ verb: 'create', manifest: manifest({}) })) as Record<string, unknown>;
      return outcome;
    };
    expect(await failing(new ClusterError('invalid', 'no'))).to.deep.equal({
      reason: 'Invalid',
      permanent: true,
      ambiguous: false,
    });
    expect(await failing(new ClusterError('ambiguous', 'lost'))).to.deep.equal({
      reason: 'Ambiguous',
      permanent: false,
      ambiguous: true,
    });
    expect(await failing(new ClusterError('throttled', 'later', 429, 3_000))).to.deep.equal({
      reason: 'Throttled',
      permanent: false,
      ambiguous: false,
      retryAfterMs: 3_000,
    });
    expect(await failing(new TypeError('a defect'))).to.deep.equal({
      reason: 'Unknown',
      permanent: false,
      ambiguous: true,
    });
  });
});
