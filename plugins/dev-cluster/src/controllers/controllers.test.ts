import { expect } from 'chai';
import type { JsonObject } from '../storage/json.js';
import { deployment, TestCluster, until } from '../testing/test-cluster.test.js';

type Item = JsonObject & { metadata: JsonObject & { name: string; uid: string } };

describe('controllers', () => {
  let cluster: TestCluster;
  let ns: string;
  let core: string;
  let apps: string;
  before(async () => {
    cluster = await TestCluster.start();
  });
  after(() => cluster[Symbol.asyncDispose]());
  beforeEach(async () => {
    ns = await cluster.namespace();
    core = `/api/v1/namespaces/${ns}`;
    apps = `/apis/apps/v1/namespaces/${ns}`;
  });

  const list = async (path: string) =>
    ((await cluster.ok('GET', path)) as unknown as { items: Item[] }).items;
  const pods = () => list(`${core}/pods`);
  const get = (path: string) => cluster.ok('GET', path) as Promise<Item>;
  const gone = async (path: string) => (await cluster.call('GET', path)).code === 404;
  const merge = { type: 'application/merge-patch+json' };

  /** Plays the node: all pods of the namespace become ready. */
  const makeReady = async () => {
    for (const pod of await pods()) {
      await cluster.ok('POST', `${core}/pods/${pod.metadata.name}/binding`, { target: { name: 'node' } });
      await cluster.ok(
        'PATCH',
        `${core}/pods/${pod.metadata.name}/status`,
        {
          status: {
            phase: 'Running',
            conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
          },
        },
        merge,
      );
    }
  };

  describe('deployments', () => {
    it('become a ReplicaSet and pods, and report when these are ready', async () => {
      await cluster.ok('POST', `${apps}/deployments`, deployment('web', { replicas: 2 }));
      await until(async () => (await pods()).length === 2, 'two pods');
      const [set] = await list(`${apps}/replicasets`);
      const hash = (set!.metadata.labels as JsonObject)['pod-template-hash'];
      expect(set!.metadata.name).to.equal(`web-${String(hash)}`);
      for (const pod of await pods()) {
        expect(pod.metadata.name).to.match(new RegExp(`^web-${String(hash)}-[a-z0-9]{5}$`));
        expect(pod.metadata.labels).to.deep.equal({ app: 'web', 'pod-template-hash': hash });
        expect(pod.metadata.ownerReferences).to.have.nested.property('[0].uid', set!.metadata.uid);
        expect(pod.status).to.deep.include({ phase: 'Pending', qosClass: 'BestEffort' });
      }
      const before = (await get(`${apps}/deployments/web`)).status as JsonObject;
      expect(before).to.include({
        replicas: 2,
        updatedReplicas: 2,
        unavailableReplicas: 2,
        observedGeneration: 1,
      });
      await makeReady();
      await until(
        async () => ((await get(`${apps}/deployments/web`)).status as JsonObject).availableReplicas === 2,
        'availability',
      );
      const { conditions, ...status } = (await get(`${apps}/deployments/web`)).status as JsonObject;
      expect(status).to.deep.equal({
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        observedGeneration: 1,
      });
      expect(
        (conditions as JsonObject[]).map((each) => `${each.type}=${each.status} ${each.reason}`),
      ).to.deep.equal(['Available=True MinimumReplicasAvailable', 'Progressing=True NewReplicaSetAvailable']);
    });

    it('scale up and down, the least useful pod first', async () => {
      await cluster.ok('POST', `${apps}/deployments`, deployment('web', { replicas: 1 }));
      await until(async () => (await pods()).length === 1, 'one pod');
      await makeReady();
      const [first] = await pods();
      await cluster.ok('PATCH', `${apps}/deployments/web/scale`, { spec: { replicas: 3 } }, merge);
      await until(async () => (await pods()).length === 3, 'three pods');
      await cluster.ok('PATCH', `${apps}/deployments/web/scale`, { spec: { replicas: 1 } }, merge);
      await until(async () => (await pods()).length === 1, 'one pod');
      expect((await pods())[0]?.metadata.uid).to.equal(first!.metadata.uid);
    });

    it('make new pods only when the old ones are gone', async () => {
      await cluster.ok('POST', `${apps}/deployments`, deployment('web'));
      await until(async () => (await pods()).length === 1, 'one pod');
      const [old] = await pods();
      await cluster.ok('POST', `${core}/pods/${old!.metadata.name}/binding`, { target: { name: 'node' } });
      const image = { spec: { template: { spec: { containers: [{ name: 'main', image: 'busybox:2' }] } } } };
      await cluster.ok('PATCH', `${apps}/deployments/web`, image, {
        type: 'application/strategic-merge-patch+json',
      });
      await until(
        async () => (await pods())[0]?.metadata.deletionTimestamp !== undefined,
        'the end of the old pod',
      );
      expect(await list(`${apps}/replicasets`)).to.have.length(1);
      await cluster.ok('DELETE', `${core}/pods/${old!.metadata.name}`, { gracePeriodSeconds: 0 });
      await until(
        async () => (await pods())[0]?.metadata.uid !== old!.metadata.uid && (await pods()).length === 1,
        'the new pod',
      );
      expect((await pods())[0]).to.have.nested.property('spec.containers[0].image', 'busybox:2');
      expect((await get(`${apps}/deployments/web`)).metadata.annotations).to.include({
        'deployment.kubernetes.io/revision': '2',
      });
    });

    it('replace a pod that was deleted by hand', async () => {
      await cluster.ok('POST', `${apps}/deployments`, deployment('web'));
      await until(async () => (await pods()).length === 1, 'one pod');
      const [first] = await pods();
      await cluster.ok('DELETE', `${core}/pods/${first!.metadata.name}`);
      await until(
        async () => (await pods()).length === 1 && (await pods())[0]!.metadata.uid !== first!.metadata.uid,
        'another pod',
      );
    });

    it('change nothing more once all is as it should be', async () => {
      await cluster.ok('POST', `${apps}/deployments`, deployment('web'));
      await until(async () => (await pods()).length === 1, 'one pod');
      await makeReady();
      await until(
        async () => ((await get(`${apps}/deployments/web`)).status as JsonObject).availableReplicas === 1,
        'availability',
      );
      const version = cluster.server.storage.resourceVersion;
      await cluster.ok('GET', `${apps}/deployments/web`);
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(cluster.server.storage.resourceVersion).to.equal(version);
    });
  });

  describe('garbage collection', () => {
    const owned = (name: string, owner: Item, extra: JsonObject = {}) =>
      cluster.ok('POST', `${core}/configmaps`, {
        metadata: {
          name,
          ownerReferences: [
            {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              name: owner.metadata.name,
              uid: owner.metadata.uid,
              ...extra,
            },
          ],
        },
      }) as Promise<Item>;
    const owner = (name = 'owner') =>
      cluster.ok('POST', `${core}/configmaps`, { metadata: { name } }) as Promise<Item>;
    const path = (name: string) => `${core}/configmaps/${name}`;

    it('takes dependents along, and their dependents', async () => {
      await owned('grandchild', await owned('child', await owner()));
      await cluster.ok('DELETE', path('owner'));
      await until(
        async () => (await gone(path('child'))) && (await gone(path('grandchild'))),
        'the end of all',
      );
    });

    it('spares what has another living owner, and forgets the dead one', async () => {
      const [first, second] = [await owner('first'), await owner('second')];
      const references = [first, second].map(({ metadata: { name, uid } }) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name,
        uid,
      }));
      await cluster.ok('POST', `${core}/configmaps`, {
        metadata: { name: 'shared', ownerReferences: references },
      });
      await cluster.ok('DELETE', path('first'));
      await until(
        async () => ((await get(path('shared'))).metadata.ownerReferences as unknown[]).length === 1,
        'one owner',
      );
      await cluster.ok('DELETE', path('second'));
      await until(() => gone(path('shared')), 'the end of the shared one');
    });

    it('deletes what names an owner that does not exist, or one of another uid', async () => {
      const real = await owner();
      await owned('lost', { ...real, metadata: { ...real.metadata, uid: 'not-the-uid' } });
      await until(() => gone(path('lost')), 'the end of the lost one');
      expect(await gone(path('owner'))).to.equal(false);
    });

    it('waits for blocking dependents in the foreground', async () => {
      const child = await owned('child', await owner(), { blockOwnerDeletion: true });
      await cluster.ok('PATCH', path('child'), { metadata: { finalizers: ['example.org/wait'] } }, merge);
      await cluster.ok('DELETE', path('owner'), { propagationPolicy: 'Foreground' });
      await until(
        async () => (await get(path('child'))).metadata.deletionTimestamp !== undefined,
        'the deletion of the child',
      );
      expect((await get(path('owner'))).metadata.finalizers).to.deep.equal(['foregroundDeletion']);
      await cluster.ok('PUT', path('child'), {
        metadata: { name: child.metadata.name, ownerReferences: child.metadata.ownerReferences },
      });
      await until(async () => (await gone(path('child'))) && (await gone(path('owner'))), 'the end of both');
    });

    it('sets dependents free when they are to be orphans', async () => {
      await owned('child', await owner());
      await cluster.ok('DELETE', path('owner'), { propagationPolicy: 'Orphan' });
      await until(() => gone(path('owner')), 'the end of the owner');
      expect((await get(path('child'))).metadata).not.to.have.property('ownerReferences');
    });
  });

  describe('namespaces', () => {
    it('have a default service account', async () => {
      await until(async () => !(await gone(`${core}/serviceaccounts/default`)), 'the service account');
    });

    it('go with everything in them, and take nothing new meanwhile', async () => {
      await cluster.ok('POST', `${apps}/deployments`, deployment('web'));
      await cluster.ok('POST', `${core}/configmaps`, {
        metadata: { name: 'held', finalizers: ['example.org/wait'] },
      });
      const ending = await cluster.ok('DELETE', `/api/v1/namespaces/${ns}`);
      expect(ending.status).to.deep.equal({ phase: 'Terminating' });
      await until(async () => (await list(`${apps}/deployments`)).length === 0, 'the end of the deployment');
      const refused = await cluster.call('POST', `${core}/configmaps`, { metadata: { name: 'late' } });
      expect(refused.code).to.equal(403);
      expect(refused.body).to.have.nested.property('details.causes[0].reason', 'NamespaceTerminating');
      await cluster.ok('PUT', `${core}/configmaps/held`, { metadata: { name: 'held' } });
      await until(() => gone(`/api/v1/namespaces/${ns}`), 'the end of the namespace');
    });
  });

  it('keep the namespaces that the cluster cannot do without', async () => {
    for (const name of ['default', 'kube-system']) {
      const { code, body } = await cluster.call('DELETE', `/api/v1/namespaces/${name}`);
      expect(code).to.equal(403);
      expect(body.message).to.contain('this namespace may not be deleted');
    }
  });

  describe('claims', () => {
    const claim = (name: string, spec: JsonObject = {}) =>
      cluster.ok('POST', `${core}/persistentvolumeclaims`, {
        metadata: { name },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
      }) as Promise<Item>;
    const path = (name: string) => `${core}/persistentvolumeclaims/${name}`;
    const phase = async (name: string) => ((await get(path(name))).status as JsonObject).phase;

    it('are bound', async () => {
      const made = await claim('data');
      await until(async () => (await phase('data')) === 'Bound', 'the binding');
      const bound = await get(path('data'));
      expect((bound.spec as JsonObject).volumeName).to.equal(`pvc-${made.metadata.uid}`);
      expect(bound.status).to.deep.equal({
        phase: 'Bound',
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
      });
    });

    it('of a storage class that does not exist stay Pending, and an Event says so', async () => {
      await claim('data', { storageClassName: 'fast' });
      await until(async () => (await list(`${core}/events`)).length === 1, 'an event');
      expect((await list(`${core}/events`))[0]).to.include({
        reason: 'ProvisioningFailed',
        message: 'storageclass.storage.k8s.io "fast" not found',
      });
      expect(await phase('data')).to.equal('Pending');
    });

    it('stay while a pod uses them', async () => {
      await claim('data');
      await cluster.ok('POST', `${core}/pods`, {
        metadata: { name: 'user' },
        spec: {
          containers: [{ name: 'c', image: 'i' }],
          volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
        },
      });
      await cluster.ok('DELETE', path('data'));
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(await gone(path('data'))).to.equal(false);
      await cluster.ok('DELETE', `${core}/pods/user`);
      await until(() => gone(path('data')), 'the end of the claim');
    });
  });
});
