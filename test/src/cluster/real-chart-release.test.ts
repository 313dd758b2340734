import { NoteSigner } from '@rynxs/log';
import { expect } from 'chai';
import { CHART, ChartRenderer } from '../chart/chart-renderer.js';
import { GOLDEN_RENDERS } from '../chart/golden.js';
import type { ChartObject } from '../chart/rendered-chart.js';
import { TestDirectory } from '../rynxs-process.js';
import { HELM_VERSIONS, Helm, type HelmVersion } from './helm.js';
import { until } from './local-operator.js';
import { untilServed } from './real-cluster/crds.js';
import { readKubeconfig } from './real-cluster/kubeconfig.js';
import { ApiClient, type ApiObject, RealCluster } from './real-cluster.js';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const AGENT_DEFINITION = `${DEFINITIONS}/agents.universe.ai`;
const KEY_FILE = 'log-signing.key';
/** Kinds whose definitions this cluster has not got. */
const ELSEWHERE = ['PrometheusRule', 'ServiceMonitor'];

/** Releases at a real API server, without nodes: what Helm makes, keeps and takes over again. */
describe('a release of the chart at a real API server', function () {
  this.timeout(180_000);
  let cluster: RealCluster;
  let home: TestDirectory;

  before(async () => {
    home = new TestDirectory();
    cluster = await RealCluster.start();
    for (const name of ['rynxs', 'team-a', 'team-b', 'agents'])
      await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name } });
  });
  after(async () => {
    home?.[Symbol.dispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const removeDefinition = async (plural: string): Promise<void> => {
    const path = `${DEFINITIONS}/${plural}.universe.ai`;
    await untilServed(cluster.api, `/apis/universe.ai/v1alpha1/${plural}`);
    await cluster.api.must('DELETE', path);
    await until(`${plural} are not defined any more`, async () =>
      (await cluster.api.send('GET', path)).status === 404 ? true : undefined,
    );
  };
  const helm = (version: HelmVersion): Helm => new Helm(version, home.path, cluster.kubeconfig);
  const secret = (namespace: string, name: string): string =>
    `/api/v1/namespaces/${namespace}/secrets/${name}`;
  const claim = (namespace: string): string =>
    `/api/v1/namespaces/${namespace}/persistentvolumeclaims/rynxs-operator-logs`;

  for (const version of HELM_VERSIONS) {
    const other = version === 3 ? 4 : 3;
    it(`keeps the key and the claim: made by helm ${version}, used again by helm ${other}`, async () => {
      const namespace = `kept-by-${version}`;
      const own = ['-n', namespace];
      await helm(version).run('install', 'rynxs', CHART, ...own, '--create-namespace');
      const made = await cluster.api.must('GET', secret(namespace, 'rynxs-signing-key'));
      const volume = await cluster.api.must('GET', claim(namespace));
      expect(signerOf(made).verifier.publicKey).to.have.length(32);

      await helm(version).run('upgrade', 'rynxs', CHART, ...own, '--set', 'workers=4');
      await helm(version).run('rollback', 'rynxs', '1', ...own);
      expect(identity(await cluster.api.must('GET', secret(namespace, 'rynxs-signing-key')))).to.deep.equal(
        identity(made),
      );

      await helm(version).run('uninstall', 'rynxs', ...own);
      expect(
        (await cluster.api.send('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/rynxs-operator`))
          .status,
      ).to.equal(404);
      expect(identity(await cluster.api.must('GET', secret(namespace, 'rynxs-signing-key')))).to.deep.equal(
        identity(made),
      );

      await helm(other).run('install', 'rynxs', CHART, ...own, '--set', 'minio.enabled=true');
      expect(identity(await cluster.api.must('GET', secret(namespace, 'rynxs-signing-key')))).to.deep.equal(
        identity(made),
      );
      expect((await cluster.api.must('GET', claim(namespace))).metadata.uid).to.equal(volume.metadata.uid);
      const password = await cluster.api.must('GET', secret(namespace, 'rynxs-minio'));
      await helm(other).run('upgrade', 'rynxs', CHART, ...own, '--set', 'minio.enabled=true,workers=4');
      expect(identity(await cluster.api.must('GET', secret(namespace, 'rynxs-minio')))).to.deep.equal(
        identity(password),
      );
      await helm(other).run('uninstall', 'rynxs', ...own);
    });
  }

  it('uses a key that somebody else has made, as it is', async () => {
    const namespace = 'own-key';
    await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    const made = await cluster.api.must('POST', `/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name: 'rynxs-signing-key' },
      data: { [KEY_FILE]: Buffer.from(NoteSigner.generate('rynxs').export()).toString('base64') },
    });
    await helm(4).run('install', 'rynxs', CHART, '-n', namespace);
    await helm(4).run('uninstall', 'rynxs', '-n', namespace);
    const left = await cluster.api.must('GET', secret(namespace, 'rynxs-signing-key'));
    expect(left.metadata.resourceVersion).to.equal(made.metadata.resourceVersion);
  });

  for (const version of HELM_VERSIONS) {
    it(`takes over CustomResourceDefinitions with helm ${version}, upgrades them, and keeps them`, async () => {
      const own = ['-n', `definitions-${version}`];
      await helm(version).run('install', 'rynxs', CHART, ...own, '--create-namespace');
      const { uid } = (await cluster.api.must('GET', AGENT_DEFINITION)).metadata;
      // As if an earlier version had been installed.
      await cluster.api.must('PATCH', AGENT_DEFINITION, { spec: { names: { shortNames: ['earlier'] } } });

      const managed = ['upgrade', 'rynxs', CHART, ...own, '--set', 'crds.manage=true'];
      expect((await helm(version).end(...managed)).code).not.to.equal(0);
      const forced = version === 4 ? ['--force-conflicts'] : [];
      await helm(version).run(...managed, '--take-ownership', ...forced);
      const upgraded = await cluster.api.must('GET', AGENT_DEFINITION);
      expect(upgraded.spec).to.have.nested.property('names.shortNames').that.deep.equals(['ag']);

      await helm(version).run('uninstall', 'rynxs', ...own);
      expect((await cluster.api.must('GET', AGENT_DEFINITION)).metadata.uid).to.equal(uid);
      for (const plural of ['agents', 'sessions', 'universes']) await removeDefinition(plural);
    });
  }

  it('is valid for the API server to the last field, in every variant', async () => {
    using renderer = new ChartRenderer();
    const rendered = await Promise.all(
      Object.values(GOLDEN_RENDERS).map((request) => renderer.render(request)),
    );
    const objects = rendered
      .flatMap((chart) => chart.objects)
      .filter(({ kind }) => !ELSEWHERE.includes(kind));
    expect(objects.length).to.be.greaterThan(50);
    const isPod = ({ kind }: ChartObject) => kind === 'Pod';
    for (const object of objects.filter((candidate) => !isPod(candidate))) await isValid(object);
    // The API server takes no pod without its ServiceAccount.
    const account = { metadata: { name: 'rynxs-operator' } };
    await cluster.api.must('POST', '/api/v1/namespaces/rynxs/serviceaccounts', account);
    for (const object of objects.filter(isPod)) await isValid(object);
    await cluster.api.must('DELETE', '/api/v1/namespaces/rynxs/serviceaccounts/rynxs-operator');
  });

  it('denies commands in the pods of Agents to all but the groups that are named', async () => {
    const set = 'execPolicy.enabled=true,execPolicy.namespaces={agents},execPolicy.allowedGroups={support}';
    for (const namespace of ['agents', 'rynxs']) {
      await cluster.api.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
        metadata: { name: 'default' },
      });
      const spec = { serviceAccountName: 'default', containers: [{ name: 'a', image: 'a' }] };
      await cluster.api.must('POST', `/api/v1/namespaces/${namespace}/pods`, {
        metadata: { name: 'a' },
        spec,
      });
    }
    await helm(4).run('install', 'rynxs', CHART, '-n', 'rynxs', '--set', set);
    using user = await clientOf(['system:masters']);
    using supporter = await clientOf(['system:masters', 'support']);
    const command = async (client: ApiClient, namespace: string, what: string) =>
      (await client.send('POST', `/api/v1/namespaces/${namespace}/pods/a/${what}?command=true&stdout=true`))
        .body;

    for (const what of ['exec', 'attach']) {
      await until(`${what} is denied`, async () => {
        const { message = '' } = await command(user, 'agents', what);
        return message.includes('only members of support may run them directly') ? true : undefined;
      });
      // The pod is on no node: that is as far as those come who are let through.
      expect((await command(supporter, 'agents', what)).message).to.include('does not have a host assigned');
      expect((await command(user, 'rynxs', what)).message).to.include('does not have a host assigned');
    }
    await helm(4).run('uninstall', 'rynxs', '-n', 'rynxs');
  });

  async function isValid(object: ChartObject): Promise<void> {
    const path = `${collectionOf(object)}?dryRun=All&fieldValidation=Strict`;
    const { status, body } = await cluster.api.send('POST', path, object);
    expect(status, `${object.kind} ${object.metadata.name}: ${body.message}`).to.equal(201);
  }

  async function clientOf(groups: readonly string[]): Promise<ApiClient> {
    const kubeconfig = await cluster.kubeconfigFor({ user: groups.join('-'), groups });
    const { server, credentials } = readKubeconfig(kubeconfig);
    return ApiClient.of(server, credentials);
  }
});

/** What must not change, of an object that is kept. */
function identity({ metadata, data }: ApiObject): unknown {
  return { uid: metadata.uid, data };
}

function signerOf({ data }: ApiObject): NoteSigner {
  const { [KEY_FILE]: key = '' } = data as Readonly<Record<string, string>>;
  return NoteSigner.fromPem(Buffer.from(key, 'base64').toString('utf8'), 'rynxs');
}

/** Where the API server has objects of this kind. */
function collectionOf({ apiVersion, kind, metadata }: ChartObject): string {
  const plural = kind.endsWith('Policy') ? `${kind.slice(0, -1).toLowerCase()}ies` : `${kind.toLowerCase()}s`;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return metadata.namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${metadata.namespace}/${plural}`;
}
