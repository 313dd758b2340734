import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { CLUSTER, type Cluster, type KubernetesObject, type ResourceCache } from '@rynxs/kernel';
import { startTestKernel, type TestKernel } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { parse } from 'yaml';
import { RealCluster } from './real-cluster.js';

const { signal } = new AbortController();
const NAMESPACE = 'client';
const PATH = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const PATIENCE_MS = 30_000;
const POLL_MS = 20;
const CONFIG_MAPS = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };

describe('the Kubernetes client on a real API server', function () {
  this.timeout(120_000);
  let server: RealCluster;
  let kernel: TestKernel;
  let cluster: Cluster;
  let cache: ResourceCache;

  before(async () => {
    server = await RealCluster.start();
  });
  after(() => server?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await server.api.send('POST', '/api/v1/namespaces', namespace);
    await server.api.must('DELETE', PATH);
    kernel = await startTestKernel({ plugins: [clusterKubernetes], env: { KUBECONFIG: server.kubeconfig } });
    cluster = kernel.get(CLUSTER);
    cache = cluster.cache(CONFIG_MAPS, { namespace: NAMESPACE });
    await cache.synced(signal);
  });
  afterEach(() => kernel?.stop());

  /** Waits for the server, while the client's clock goes with the real one. */
  async function eventually(what: string, isTrue: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isTrue()) {
      if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      await kernel.clock.advance(POLL_MS);
    }
  }

  const put = async (name: string, data: Readonly<Record<string, string>>): Promise<void> => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE }, data };
    const answer = await server.api.send('PUT', `${PATH}/${name}`, body);
    if (answer.status === 404) await server.api.must('POST', PATH, body);
    else expect(answer.status, JSON.stringify(answer.body)).to.be.within(200, 201);
  };
  /** What the cache holds, and what the server has. */
  const cached = () => versionsOf(cache.list());
  const listed = async () => {
    const { items } = (await server.api.must('GET', PATH)) as unknown as {
      items: readonly KubernetesObject[];
    };
    return versionsOf(items);
  };
  const versionsOf = (objects: Iterable<KubernetesObject>) =>
    [...objects]
      .map(({ metadata: { name, uid, resourceVersion } }) => `${name} ${uid} ${resourceVersion}`)
      .sort();
  const has = (name: string) => cache.get({ namespace: NAMESPACE, name }) !== undefined;

  it('loses and doubles no change when it crashes and comes again', async () => {
    const events: string[] = [];
    cache.subscribe(({ type, object }) => events.push(`${type} ${object.metadata.name}`));
    await put('before', { round: '1' });
    await eventually('the first change is told', () => has('before'));
    await server.stopApiServer('SIGKILL');
    const read = cluster.list(CONFIG_MAPS, { signal, namespace: NAMESPACE }).then(
      () => expect.fail('nobody is there to answer'),
      (error: unknown) => error,
    );
    expect(await read)
      .to.have.property('reason')
      .that.is.oneOf(['unavailable', 'ambiguous']);
    await server.startApiServer();
    await put('before', { round: '2' });
    await put('after', {});
    await eventually('all is told', () => has('after'));
    // Whether it goes on where it was, or lists again, is the server's to say; a list has an order of objects of its own.
    const eventsOf = (name: string) => events.filter((event) => event.endsWith(` ${name}`));
    expect(eventsOf('before')).to.deep.equal(['added before', 'modified before']);
    expect(eventsOf('after')).to.deep.equal(['added after']);
    expect(events.filter((event) => !event.endsWith('kube-root-ca.crt'))).to.have.lengthOf(3);
    expect(cached()).to.deep.equal(await listed());
  });

  it('is followed when its store was set back to a backup', async () => {
    await put('kept', {});
    await put('changed', { key: 'old' });
    await put('deleted', {});
    const backup = await server.snapshot();
    await put('changed', { key: 'new' });
    await server.api.must('DELETE', `${PATH}/deleted`);
    for (let count = 0; count < 300; count += 1) await put('lost', { count: String(count) });
    await eventually('all is told', () => has('lost') && !has('deleted'));
    await server.restore(backup);
    await eventually('what was deleted is there again', () => has('deleted') && !has('lost'));
    expect(cached()).to.deep.equal(await listed());
    await put('new', {});
    await eventually('changes are told again', () => has('new'));
    expect(kernel.log.lines.map(({ message }) => message)).to.include(
      'the API server has gone back to an earlier version, listing again',
    );
  });

  it('names the rule that a user lacks, which is enough when it is granted', async () => {
    const KUBECONFIG = await server.kubeconfigFor({ user: 'nobody' });
    const start = () => startTestKernel({ plugins: [clusterKubernetes], env: { KUBECONFIG } });
    const refused: unknown = await start().then(
      () => expect.fail('nobody may do nothing'),
      (error: unknown) => error,
    );
    const [, rule = ''] =
      /RYNXS_CLUSTER_DENIED.*with this rule in a Role or ClusterRole: (\{.*?\})/s.exec(String(refused)) ?? [];
    const metadata = { name: 'nobody' };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'nobody' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'nobody' }];
    await server.api.must('POST', `${RBAC}/clusterroles`, { metadata, rules: [parse(rule)] });
    await server.api.must('POST', `${RBAC}/clusterrolebindings`, { metadata, roleRef, subjects });
    await using allowed = await start();
    expect((await allowed.get(CLUSTER).info(signal)).uid).to.match(/^[0-9a-f-]{36}$/);
  });
});
