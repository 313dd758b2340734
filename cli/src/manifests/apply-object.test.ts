import { ClusterError } from '@rynxs/kernel';
import { MemoryCluster } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { applyObject } from './apply-object.js';

const WIDGETS = { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const signal = new AbortController().signal;

describe('applyObject', () => {
  const widget = (spec: object) => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    spec,
  });
  const key = { namespace: 'default', name: 'w' };
  let cluster: MemoryCluster;

  beforeEach(() => {
    cluster = new MemoryCluster();
  });

  const apply = (spec: object) => applyObject(cluster, WIDGETS, widget(spec), signal);
  const specNow = async () => (await cluster.get(WIDGETS, key, { signal })).spec;

  it('creates what is not there, in the default namespace unless told otherwise', async () => {
    expect(await apply({ size: 1 })).to.equal('created');
    expect(await specNow()).to.deep.equal({ size: 1 });
  });

  it('changes what differs', async () => {
    await apply({ size: 1 });
    expect(await apply({ size: 2 })).to.equal('configured');
    expect(await specNow()).to.deep.equal({ size: 2 });
  });

  it('takes away what it applied before', async () => {
    await apply({ size: 1, color: 'red' });
    await apply({ size: 1 });
    expect(await specNow()).to.deep.equal({ size: 1 });
  });

  it('writes nothing when nothing differs', async () => {
    await apply({ size: 1 });
    const { length } = cluster.requests;
    expect(await apply({ size: 1 })).to.equal('unchanged');
    expect(cluster.requests.slice(length).map(({ verb }) => verb)).to.deep.equal(['get']);
  });

  it('leaves a mark that kubectl apply understands', async () => {
    await apply({ size: 1 });
    const { metadata } = await cluster.get(WIDGETS, key, { signal });
    const text = metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
    expect(JSON.parse(text ?? '')).to.deep.include({ kind: 'Widget', spec: { size: 1 } });
  });

  it('looks again when somebody else was faster', async () => {
    await apply({ size: 1 });
    let failures = 2;
    cluster.fault = ({ verb }, after) => {
      if (verb === 'update' && !after && failures-- > 0) throw new ClusterError('conflict', 'changed', 409);
    };
    expect(await apply({ size: 2 })).to.equal('configured');
  });

  it('passes on what cannot be cured', async () => {
    cluster.fault = ({ verb }) => {
      if (verb === 'create') throw new ClusterError('invalid', 'no', 422);
    };
    const error: unknown = await apply({ size: 1 }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ClusterError).with.property('reason', 'invalid');
  });
});
