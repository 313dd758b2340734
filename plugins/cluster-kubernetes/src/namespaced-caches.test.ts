import type { CacheEvent, ResourceType } from '@rynxs/kernel';
import { expect } from 'chai';
import { CONFIG_MAPS, clientOf, eventually } from './testing/client-harness.test.js';
import { answerJson, type ReceivedRequest, ScriptedServer, statusObject } from './testing/scripted-server.js';
import { WatchedCollection } from './testing/watched-collection.js';

const { signal } = new AbortController();
const UNIVERSES: ResourceType = {
  group: 'universe.ai',
  version: 'v1alpha1',
  kind: 'Universe',
  plural: 'universes',
  namespaced: false,
};

/** An API that lets this user list and watch in `lab` and `ops`, and nowhere else. */
async function scopedServer(stack: AsyncDisposableStack) {
  const [lab, ops, universes] = [new WatchedCollection(), new WatchedCollection(), new WatchedCollection()];
  const places = new Map([
    ['/api/v1/namespaces/lab/configmaps', lab],
    ['/api/v1/namespaces/ops/configmaps', ops],
    ['/apis/universe.ai/v1alpha1/universes', universes],
  ]);
  const placeOf = ({ path }: ReceivedRequest) => places.get(path.split('?')[0] ?? '');
  const server = stack.use(
    await ScriptedServer.listen((request, response) => {
      const place = placeOf(request);
      if (place === undefined) answerJson(response, 403, statusObject(403, 'Forbidden', 'not there'));
      else place.answer(request, response);
    }),
  );
  const { client } = clientOf(server.url, { limits: { namespaces: ['lab', 'ops', 'lab'] } });
  stack.use(client);
  return { client, server, lab, ops };
}

const named = (objects: Iterable<{ metadata: { namespace?: string; name: string } }>) =>
  [...objects].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();

describe('a client of certain namespaces', () => {
  let stack: AsyncDisposableStack;
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  it('keeps what is in them as one cache, and asks for nothing else', async () => {
    const { client, server, lab, ops } = await scopedServer(stack);
    const owner = { uid: 'u', kind: 'Agent', apiVersion: 'x/v1', name: 'o', controller: true };
    lab.put('one', {}, { namespace: 'lab', ownerReferences: [owner] });
    ops.put('one', {}, { namespace: 'ops', labels: { 'app.kubernetes.io/instance': 'o' } });
    const cache = client.cache(CONFIG_MAPS);
    expect(cache.hasSynced).to.equal(false);
    await cache.synced(signal);

    expect([cache.hasSynced, cache.size]).to.deep.equal([true, 2]);
    expect(named(cache.list())).to.deep.equal(['lab/one', 'ops/one']);
    expect(cache.get({ namespace: 'ops', name: 'one' })?.metadata.namespace).to.equal('ops');
    expect(cache.get({ namespace: 'elsewhere', name: 'one' })).to.equal(undefined);
    expect(named(cache.ownedBy('u'))).to.deep.equal(['lab/one']);
    expect(named(cache.withLabel('app.kubernetes.io/instance', 'o'))).to.deep.equal(['ops/one']);
    expect(named(await client.list(CONFIG_MAPS, { signal }))).to.deep.equal(['lab/one', 'ops/one']);
    expect(new Set(server.requests.map(({ path }) => path.split('?')[0]))).to.deep.equal(
      new Set(['/api/v1/namespaces/lab/configmaps', '/api/v1/namespaces/ops/configmaps']),
    );
  });

  it('is told of changes in each of them, and takes own writes for theirs', async () => {
    const { client, lab, ops } = await scopedServer(stack);
    const cache = client.cache(CONFIG_MAPS);
    await cache.synced(signal);
    const events: CacheEvent[] = [];
    const subscription = cache.subscribe((event) => events.push(event));
    lab.put('one', {}, { namespace: 'lab' });
    ops.put('two', {}, { namespace: 'ops' });
    await eventually('both are there', () => events.length === 2);

    const metadata = { namespace: 'ops', name: 'three', uid: 'u3', resourceVersion: '999' };
    cache.assume({ metadata });
    cache.assume({ metadata: { ...metadata, namespace: 'elsewhere' } });
    expect(named(cache.list())).to.deep.equal(['lab/one', 'ops/three', 'ops/two']);
    subscription[Symbol.dispose]();
    cache.assume({ metadata: { ...metadata, name: 'four', resourceVersion: '1000' } });
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`).sort()).to.deep.equal([
      'added one',
      'added three',
      'added two',
    ]);
  });

  it('looks everywhere for what is in no namespace, and in one where one is named', async () => {
    const { client, server } = await scopedServer(stack);
    await client.cache(UNIVERSES).synced(signal);
    await client.cache(CONFIG_MAPS, { namespace: 'ops' }).synced(signal);
    expect(new Set(server.requests.map(({ path }) => path.split('?')[0]))).to.deep.equal(
      new Set(['/apis/universe.ai/v1alpha1/universes', '/api/v1/namespaces/ops/configmaps']),
    );
  });
});
