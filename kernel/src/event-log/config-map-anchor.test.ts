import { checkpointOrigin, formatCheckpointNote } from '@rynxs/log';
import { expect } from 'chai';
import { ClusterError, type ResourceType } from '../contracts/cluster.js';
import { MemoryCluster } from '../testing/index.js';
import { ConfigMapAnchor } from './config-map-anchor.js';
import type { AnchorEntry } from './log-anchor.js';

const { signal } = new AbortController();
const go = () => undefined;
const CONFIG_MAP: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

function entry(size: number, logId = 'a'): AnchorEntry {
  const origin = checkpointOrigin(logId);
  return { logId, size, text: formatCheckpointNote({ origin, size, root: Buffer.alloc(32, size) }, []) };
}

describe('ConfigMapAnchor', () => {
  let cluster: MemoryCluster;
  let anchor: ConfigMapAnchor;
  const data = async (name = 'rynxs-log-anchor') =>
    (await cluster.get(CONFIG_MAP, { namespace: 'system', name }, { signal })).data as Record<string, string>;

  beforeEach(() => {
    cluster = new MemoryCluster();
    anchor = new ConfigMapAnchor(cluster, 'system', 'default');
  });

  it('is empty before it is first moved', async () => {
    expect(await anchor.read(signal)).to.deep.equal(new Map());
    expect(cluster.requests.filter(({ verb }) => verb !== 'get')).to.deep.equal([]);
  });

  it('remembers the checkpoint of each log, and moves upwards only', async () => {
    await anchor.advance(entry(5), signal, go);
    await anchor.advance(entry(9), signal, go);
    await anchor.advance(entry(7), signal, go);
    await anchor.advance(entry(2, 'b'), signal, go);
    expect(await data()).to.deep.equal({ a: entry(9).text, b: entry(2, 'b').text });
    expect((await anchor.read(signal)).get('a')).to.equal(entry(9).text);
  });

  it('keeps what others have in the object', async () => {
    await cluster.create(
      CONFIG_MAP,
      {
        metadata: { namespace: 'system', name: 'rynxs-log-anchor', labels: { own: 'label' } },
        data: { b: 'x' },
      },
      { signal },
    );
    await anchor.advance(entry(5), signal, go);
    const live = await cluster.get(CONFIG_MAP, { namespace: 'system', name: 'rynxs-log-anchor' }, { signal });
    expect(live.data).to.deep.equal({ a: entry(5).text, b: 'x' });
    expect(live.metadata.labels).to.deep.equal({ own: 'label' });
  });

  it('begins again when somebody else was faster, and never moves back by that', async () => {
    await anchor.advance(entry(5), signal, go);
    const rival = new ConfigMapAnchor(cluster, 'system', 'default');
    let beaten = false;
    await anchor.advance(entry(6), signal, () => {
      if (beaten) return;
      beaten = true;
      void rival.advance(entry(8), signal, go);
    });
    expect((await data()).a).to.equal(entry(8).text);
  });

  it('sends nothing when it may not act any more', async () => {
    const refuse = () => {
      throw new Error('leadership was lost');
    };
    await anchor.advance(entry(5), signal, refuse).catch(() => undefined);
    expect(await anchor.read(signal)).to.deep.equal(new Map());
  });

  it('puts what is replaced aside', async () => {
    await anchor.advance(entry(9), signal, go);
    await anchor.replace(entry(4), signal);
    expect(await data()).to.deep.equal({ a: entry(4).text, 'a.replaced-9': entry(9).text });
    expect(await anchor.read(signal)).to.deep.equal(new Map([['a', entry(4).text]]));
    await anchor.advance(entry(5), signal, go);
    expect((await anchor.read(signal)).get('a')).to.equal(entry(5).text);
  });

  it('is another object for each shard, whatever the shard is called', async () => {
    await new ConfigMapAnchor(cluster, 'system', 'team-a').advance(entry(1), signal, go);
    expect(await data('rynxs-log-anchor-team-a')).to.deep.equal({ a: entry(1).text });
    const odd = new ConfigMapAnchor(cluster, 'system', 'Team A/ü');
    expect(odd.location).to.match(/^ConfigMap system\/rynxs-log-anchor-[0-9a-f]{16}$/);
    expect(await anchor.read(signal)).to.deep.equal(new Map());
  });

  it('throws what the cluster refuses', async () => {
    cluster.fault = () => {
      throw new ClusterError('denied', 'configmaps is forbidden', 403);
    };
    const failure = await anchor.read(signal).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ClusterError);
  });
});
