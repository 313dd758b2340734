import { expect } from 'chai';
import {
  type CacheEvent,
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ResourceType,
} from '../contracts/cluster.js';
import { CONFIG_MAP } from './widget-reconciler.js';

export interface ClusterSuiteOptions {
  /** What the suite is run against: `MemoryCluster`, `embedded API`. */
  readonly name: string;
  /** A cluster with an empty namespace of that name, for one test. */
  readonly create: () => Promise<ClusterHarness>;
  /** How long a watch may take to tell of a change. Default 2,000 ms. */
  readonly watchTimeoutMs?: number;
}

export interface ClusterHarness {
  readonly cluster: Cluster;
  readonly namespace: string;
  dispose(): Promise<void>;
}

const PVC: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
};

/**
 * The definition of a correct `Cluster`: what the reconcile runtime relies on. Run by mocha. It uses ConfigMaps and
 * PersistentVolumeClaims only, so that any API server can be put to it.
 */
export function clusterSuite({ name, create, watchTimeoutMs = 2_000 }: ClusterSuiteOptions): void {
  describe(`Cluster: ${name}`, () => {
    let harness: ClusterHarness;
    let cluster: Cluster;
    let namespace: string;
    const { signal } = new AbortController();
    const options = { signal };

    beforeEach(async () => {
      harness = await create();
      ({ cluster, namespace } = harness);
    });
    afterEach(() => harness.dispose());

    const configMap = (
      objectName: string,
      data: Record<string, string>,
      extra: object = {},
    ): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: objectName, namespace, ...extra },
      data,
    });
    const makeConfigMap = (objectName: string, data = { key: 'value' }, extra: object = {}) =>
      cluster.create(CONFIG_MAP, configMap(objectName, data, extra), options);
    const reasonOf = async (attempt: Promise<unknown>): Promise<string> => {
      try {
        await attempt;
      } catch (error) {
        expect(error).to.be.instanceOf(ClusterError);
        return (error as ClusterError).reason;
      }
      return 'success';
    };
    const preconditions = ({ metadata }: KubernetesObject) => ({
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
    });
    const eventually = async (condition: () => boolean): Promise<void> => {
      const deadline = performance.now() + watchTimeoutMs;
      while (!condition()) {
        if (performance.now() > deadline) throw new Error(`not within ${watchTimeoutMs} ms: ${condition}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };

    it('has an identity', async () => {
      const { uid, version, server } = await cluster.info(signal);
      expect(uid).to.match(/^[0-9a-f-]{36}$/);
      expect(version).to.match(/^v/);
      expect(server).not.to.equal('');
      expect((await cluster.info(signal)).uid).to.equal(uid);
    });

    it('creates an object with uid, resourceVersion and creationTimestamp, and gives it back', async () => {
      const created = await makeConfigMap('a');
      expect(created.metadata.uid).to.match(/^[0-9a-f-]{36}$/);
      expect(created.metadata.resourceVersion).to.match(/^\d+$/);
      expect(created.metadata.creationTimestamp).to.match(/Z$/);
      const read = await cluster.get(CONFIG_MAP, { namespace, name: 'a' }, options);
      expect(read.metadata.uid).to.equal(created.metadata.uid);
      expect(read.data).to.deep.equal({ key: 'value' });
    });

    it('says `exists` to a second create, and leaves the first object alone', async () => {
      await makeConfigMap('a', { key: 'first' });
      expect(await reasonOf(makeConfigMap('a', { key: 'second' }))).to.equal('exists');
      expect((await cluster.get(CONFIG_MAP, { namespace, name: 'a' }, options)).data).to.deep.equal({
        key: 'first',
      });
    });

    it('says `missing` of what is not there', async () => {
      expect(await reasonOf(cluster.get(CONFIG_MAP, { namespace, name: 'none' }, options))).to.equal(
        'missing',
      );
      const created = await makeConfigMap('a');
      await cluster.delete(CONFIG_MAP, { namespace, name: 'a' }, preconditions(created), options);
      expect(await reasonOf(cluster.update(CONFIG_MAP, created, options))).to.equal('missing');
    });

    it('updates what was read, and says `conflict` when it was changed meanwhile', async () => {
      const first = await makeConfigMap('a');
      const second = await cluster.update(CONFIG_MAP, { ...first, data: { key: 'new' } }, options);
      expect(Number(second.metadata.resourceVersion)).to.be.above(Number(first.metadata.resourceVersion));
      expect(
        await reasonOf(cluster.update(CONFIG_MAP, { ...first, data: { key: 'stale' } }, options)),
      ).to.equal('conflict');
      expect((await cluster.get(CONFIG_MAP, { namespace, name: 'a' }, options)).data).to.deep.equal({
        key: 'new',
      });
    });

    it('does not write when an update changes nothing', async () => {
      const first = await makeConfigMap('a');
      const second = await cluster.update(CONFIG_MAP, first, options);
      expect(second.metadata.resourceVersion).to.equal(first.metadata.resourceVersion);
    });

    it('keeps the status out of updates and the spec out of status updates', async () => {
      const claim: KubernetesObject = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'a', namespace, labels: { color: 'red' } },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
          storageClassName: 'none',
        },
      };
      const created = await cluster.create(PVC, claim, options);
      const withStatus = await cluster.updateStatus(PVC, { ...created, status: { phase: 'Lost' } }, options);
      expect((withStatus.status as { phase: string }).phase).to.equal('Lost');
      const labels = { color: 'green' };
      const relabelled = {
        ...withStatus,
        metadata: { ...withStatus.metadata, labels },
        status: { phase: 'Bound' },
      };
      const updated = await cluster.update(PVC, relabelled, options);
      expect(updated.metadata.labels).to.deep.equal(labels);
      expect((updated.status as { phase: string }).phase).to.equal('Lost');
    });

    it('deletes only the object that was meant', async () => {
      const first = await makeConfigMap('a');
      const key = { namespace, name: 'a' };
      const changed = await cluster.update(CONFIG_MAP, { ...first, data: { key: 'new' } }, options);
      expect(await reasonOf(cluster.delete(CONFIG_MAP, key, preconditions(first), options))).to.equal(
        'conflict',
      );
      const other = {
        uid: '00000000-0000-4000-8000-000000000000',
        resourceVersion: preconditions(changed).resourceVersion,
      };
      expect(await reasonOf(cluster.delete(CONFIG_MAP, key, other, options))).to.equal('conflict');
      await cluster.delete(CONFIG_MAP, key, preconditions(changed), options);
      expect(await reasonOf(cluster.get(CONFIG_MAP, key, options))).to.equal('missing');
      await cluster.delete(CONFIG_MAP, key, preconditions(changed), options);
    });

    it('lists the objects of a namespace', async () => {
      await makeConfigMap('a');
      await makeConfigMap('b');
      const listed = await cluster.list(CONFIG_MAP, { ...options, namespace });
      expect(listed.map((object) => object.metadata.name)).to.include.members(['a', 'b']);
      for (const object of listed) expect(object.metadata.namespace).to.equal(namespace);
    });

    it('sends nothing when beforeSend throws, and nothing when the signal has aborted', async () => {
      const refused = new Error('not any more');
      const beforeSend = () => {
        throw refused;
      };
      const attempt = cluster.create(CONFIG_MAP, configMap('a', {}), { signal, beforeSend });
      expect(await attempt.catch((error: unknown) => error)).to.equal(refused);
      const aborted = cluster.create(CONFIG_MAP, configMap('a', {}), { signal: AbortSignal.abort() });
      expect(await reasonOf(aborted)).to.equal('aborted');
      expect(await reasonOf(cluster.get(CONFIG_MAP, { namespace, name: 'a' }, options))).to.equal('missing');
    });

    it('keeps a cache that starts with what is there and follows every change in order', async () => {
      await makeConfigMap('before');
      const cache = cluster.cache(CONFIG_MAP);
      await cache.synced(signal);
      expect(cache.get({ namespace, name: 'before' })?.data).to.deep.equal({ key: 'value' });
      const events: string[] = [];
      const record = ({ type, object }: CacheEvent) => {
        if (object.metadata.namespace === namespace && object.metadata.name === 'after') {
          events.push(`${type} ${JSON.stringify(object.data)}`);
        }
      };
      using _ = cache.subscribe(record);
      const created = await makeConfigMap('after', { key: '1' });
      const updated = await cluster.update(CONFIG_MAP, { ...created, data: { key: '2' } }, options);
      await cluster.delete(CONFIG_MAP, { namespace, name: 'after' }, preconditions(updated), options);
      await eventually(() => events.length >= 3);
      expect(events).to.deep.equal(['added {"key":"1"}', 'modified {"key":"2"}', 'deleted {"key":"2"}']);
      expect(cache.get({ namespace, name: 'after' })).to.equal(undefined);
    });

    it('tells a new subscriber of what is cached already', async () => {
      await makeConfigMap('a');
      const cache = cluster.cache(CONFIG_MAP);
      await cache.synced(signal);
      await eventually(() => cache.get({ namespace, name: 'a' }) !== undefined);
      const seen: string[] = [];
      using _ = cache.subscribe(({ type, object }) => seen.push(`${type} ${object.metadata.name}`));
      expect(seen).to.include('added a');
    });

    it('finds cached objects by owner and by label', async () => {
      const cache = cluster.cache(CONFIG_MAP);
      await cache.synced(signal);
      const owner = await makeConfigMap('owner');
      const uid = owner.metadata.uid ?? '';
      const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid, controller: true };
      const labels = { 'app.kubernetes.io/instance': 'one' };
      await makeConfigMap('owned', {} as { key: string }, { ownerReferences: [reference], labels });
      await eventually(() => cache.ownedBy(uid).length === 1);
      expect(cache.ownedBy(uid)[0]?.metadata.name).to.equal('owned');
      const labelled = cache.withLabel('app.kubernetes.io/instance', 'one');
      expect(labelled.map((object) => object.metadata.name)).to.deep.equal(['owned']);
      expect(cache.withLabel('app.kubernetes.io/instance', 'two')).to.have.lengthOf(0);
    });

    it('tells subscribers of an assumed write at once, and once', async () => {
      const cache = cluster.cache(CONFIG_MAP);
      await cache.synced(signal);
      const created = await makeConfigMap('a', { key: '1' });
      await eventually(() => cache.get({ namespace, name: 'a' }) !== undefined);
      const seen: string[] = [];
      using _ = cache.subscribe(({ type, object }) => {
        if (object.metadata.namespace === namespace)
          seen.push(`${type} ${object.metadata.name} ${JSON.stringify(object.data)}`);
      });
      seen.splice(0);
      cache.assume(await cluster.update(CONFIG_MAP, { ...created, data: { key: '2' } }, options));
      expect(seen).to.deep.equal(['modified a {"key":"2"}']);
      await makeConfigMap('b');
      await eventually(() => seen.length > 1);
      expect(seen.slice(1)).to.deep.equal(['added b {"key":"value"}']);
    });

    it('does not bring back what the watch has told the end of', async () => {
      const cache = cluster.cache(CONFIG_MAP);
      await cache.synced(signal);
      const isCached = () => cache.get({ namespace, name: 'a' }) !== undefined;
      const created = await makeConfigMap('a', { key: '1' });
      await eventually(isCached);
      const updated = await cluster.update(CONFIG_MAP, { ...created, data: { key: '2' } }, options);
      await cluster.delete(CONFIG_MAP, { namespace, name: 'a' }, preconditions(updated), options);
      await eventually(() => !isCached());
      cache.assume(updated);
      expect(isCached()).to.equal(false);
    });

    it('shows an assumed write at once, and never goes back behind it', async () => {
      const cache = cluster.cache(CONFIG_MAP);
      await cache.synced(signal);
      const created = await makeConfigMap('a', { key: '1' });
      const updated = await cluster.update(CONFIG_MAP, { ...created, data: { key: '2' } }, options);
      cache.assume(updated);
      expect(cache.get({ namespace, name: 'a' })?.data).to.deep.equal({ key: '2' });
      cache.assume(created);
      expect(cache.get({ namespace, name: 'a' })?.data).to.deep.equal({ key: '2' });
      const last = await makeConfigMap('b');
      await eventually(() => cache.get({ namespace, name: last.metadata.name }) !== undefined);
      expect(cache.get({ namespace, name: 'a' })?.data).to.deep.equal({ key: '2' });
    });
  });
}
