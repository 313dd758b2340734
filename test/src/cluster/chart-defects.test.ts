import { expect } from 'chai';
import { ChartRenderer, type RenderRequest } from '../chart/chart-renderer.js';
import { GOLDEN_RENDERS } from '../chart/golden.js';
import type { ChartObject, RenderedChart } from '../chart/rendered-chart.js';

const MINIO: RenderRequest = { values: { minio: { enabled: true } } };
const HA: RenderRequest = GOLDEN_RENDERS['ha-s3']!;
const POD = ['spec', 'template', 'spec'] as const;
const CONTAINER = [...POD, 'containers', 'operator'] as const;

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** What was wrong with the chart before this one, and must not be again. */
describe('the chart', function () {
  this.timeout(120_000);
  let renderer: ChartRenderer;

  before(() => {
    renderer = new ChartRenderer();
  });
  after(() => renderer?.[Symbol.dispose]());

  const rendered = (request: RenderRequest = {}): Promise<RenderedChart> => renderer.render(request);
  const all = (): Promise<readonly RenderedChart[]> =>
    Promise.all(Object.values(GOLDEN_RENDERS).map((request) => rendered(request)));

  it('serves health and metrics on ports of their own', async () => {
    const chart = await rendered({ values: { metrics: { enabled: true } } });
    const container = chart.at('Deployment', 'rynxs-operator', ...CONTAINER) as Record<string, unknown>;
    expect(container.ports).to.deep.equal([
      { name: 'metrics', containerPort: 8080 },
      { name: 'health', containerPort: 8081 },
    ]);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      expect(container[probe]).to.have.nested.property('httpGet.port', 'health');
    }
    expect(chart.at('Service', 'rynxs-operator-metrics', 'spec', 'ports', 0, 'targetPort')).to.equal(
      'metrics',
    );
    expect(chart.at('Deployment', 'rynxs-operator', ...CONTAINER, 'env', 'METRICS_PORT', 'value')).to.equal(
      '8080',
    );
    expect(chart.at('Deployment', 'rynxs-operator', ...CONTAINER, 'env', 'HEALTH_PORT', 'value')).to.equal(
      '8081',
    );
  });

  it('asks for health where the operator serves it', async () => {
    const chart = await rendered();
    const path = (probe: string) =>
      chart.at('Deployment', 'rynxs-operator', ...CONTAINER, probe, 'httpGet', 'path');
    expect(['startupProbe', 'livenessProbe', 'readinessProbe'].map(path)).to.deep.equal([
      '/livez',
      '/livez',
      '/readyz',
    ]);
  });

  it('uses the Secrets that exist, in the server and in the operator', async () => {
    const chart = await rendered({ values: { minio: { enabled: true, existingSecret: 'mine' } } });
    const secretOf = (deployment: string, container: string, name: string) =>
      chart.at(
        'Deployment',
        deployment,
        ...POD,
        'containers',
        container,
        'env',
        name,
        'valueFrom',
        'secretKeyRef',
        'name',
      );
    expect(secretOf('rynxs-minio', 'minio', 'MINIO_ROOT_USER')).to.equal('mine');
    expect(secretOf('rynxs-operator', 'operator', 'AWS_ACCESS_KEY_ID')).to.equal('mine');
    const keyed = await rendered({ values: { signingKey: { existingSecret: 'mine' } } });
    expect(
      keyed.at('Deployment', 'rynxs-operator', ...POD, 'volumes', 'signing-key', 'secret', 'secretName'),
    ).to.equal('mine');
  });

  it('gives the bundled server the credentials that the operator was given', async () => {
    const chart = await rendered({
      files: ['helm/rynxs/examples/s3.yaml'],
      values: { minio: { enabled: true } },
    });
    expect(
      chart.at(
        'Deployment',
        'rynxs-minio',
        ...POD,
        ...['containers', 'minio', 'env', 'MINIO_ROOT_USER', 'valueFrom', 'secretKeyRef', 'name'],
      ),
    ).to.equal('rynxs-s3-credentials');
  });

  it('has nothing that an installation would wait for in vain: no hooks but the test, and no jobs', async () => {
    for (const { objects } of await all()) {
      for (const { kind, metadata } of objects) {
        expect(kind).not.to.equal('Job');
        const hook = metadata.annotations?.['helm.sh/hook'];
        expect(hook, `${kind} ${metadata.name}`).to.equal(kind === 'Pod' ? 'test' : undefined);
      }
    }
  });

  it('makes the bucket before the server starts, so that there is no moment without it', async () => {
    const chart = await rendered(MINIO);
    expect(
      chart.at('Deployment', 'rynxs-minio', ...POD, 'initContainers', 'bucket', 'command'),
    ).to.deep.equal([...['mkdir', '-p', '/data/rynxs-events']]);
    expect(chart.at('Deployment', 'rynxs-operator', ...CONTAINER, 'env', 'S3_BUCKET', 'value')).to.equal(
      'rynxs-events',
    );
  });

  it('has selectors that find their own pods and no others', async () => {
    for (const chart of [await rendered(MINIO), await rendered(GOLDEN_RENDERS['ha-minio'])]) {
      const selectors = chart.objects.flatMap((object) => {
        const selector = selectorOf(object);
        return selector === undefined ? [] : [{ object, selector }];
      });
      expect(selectors.length).to.be.greaterThan(2);
      for (const { object, selector } of selectors) {
        const found = chart
          .podLabels()
          .filter((labels) => Object.entries(selector).every(([name, value]) => labels[name] === value));
        expect(found, `${object.kind} ${object.metadata.name}`).to.have.length(1);
      }
    }
  });

  it('finds the operators, and nothing else, by the label that users know', async () => {
    const labels = (await rendered(MINIO)).podLabels();
    const found = labels.filter((pod) => pod['app.kubernetes.io/name'] === 'rynxs');
    expect(found.map((pod) => pod['app.kubernetes.io/component'])).to.deep.equal(['operator']);
  });

  it('satisfies the restricted profile of Pod Security in every pod', async () => {
    for (const chart of await all()) {
      expect(chart.podSpecs().length).to.be.greaterThan(1);
      for (const { securityContext, containers, initContainers = [] } of chart.podSpecs()) {
        expect(securityContext).to.deep.include({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const container of [...containers, ...initContainers]) {
          expect(container.securityContext, container.name).to.deep.include({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
        }
      }
    }
  });

  it('may write Events, and enters no pods', async () => {
    const rules = await rulesOf('ClusterRole');
    expect(rules).to.deep.include({ apiGroups: [''], resources: ['events'], verbs: ['create'] });
    // The earlier chart lacked pods/exec, which that operator called. This one never enters a pod: docs/RBAC.md.
    expect(rules.flatMap(({ resources = [] }) => resources)).not.to.include('pods/exec');
  });

  it('may touch Leases in its own namespace only, by their name, and only where it has replicas', async () => {
    const inCluster = (await rulesOf('ClusterRole', HA)).flatMap(({ apiGroups = [] }) => apiGroups);
    expect(inCluster).not.to.include('coordination.k8s.io');
    const leases = (rules: readonly Rule[]) => rules.filter(({ resources }) => resources?.includes('leases'));
    expect(leases(await rulesOf('Role', HA))).to.deep.equal([
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: ['rynxs-operator-leader'],
        verbs: ['get', 'list', 'watch', 'update'],
      },
    ]);
    expect(leases(await rulesOf('Role'))).to.deep.equal([]);
  });

  it('has no rule with a wildcard', async () => {
    for (const chart of await all()) {
      for (const role of [...chart.all('ClusterRole'), ...chart.all('Role')]) {
        expect(JSON.stringify(role.rules)).not.to.include('*');
      }
    }
  });

  it('may do nothing to Agents in namespaces that it does not watch', async () => {
    const chart = await rendered(GOLDEN_RENDERS['scoped-exec-policy']);
    const resources = (chart.at('ClusterRole', 'rynxs-operator', 'rules') as readonly Rule[]).flatMap(
      (rule) => rule.resources ?? rule.nonResourceURLs ?? [],
    );
    expect(resources).to.have.members(['/version', 'namespaces', 'universes', 'universes/status']);
    const roles = chart.all('Role').filter(({ metadata }) => metadata.name === 'rynxs-operator-agents');
    expect(roles.map(({ metadata }) => metadata.namespace)).to.deep.equal(['team-a', 'team-b']);
    const unscoped = await rulesOf('ClusterRole');
    const scoped = roles[0]?.rules as readonly Rule[];
    expect(
      unscoped.filter((rule) => !resources.includes((rule.resources ?? rule.nonResourceURLs)?.[0] ?? '')),
    ).to.deep.equal(scoped);
  });

  it('ends one operator before it starts the next, where they would share a volume or have no leader', async () => {
    const strategy = async (request?: RenderRequest) =>
      (await rendered(request)).at('Deployment', 'rynxs-operator', 'spec', 'strategy', 'type');
    expect(await strategy()).to.equal('Recreate');
    expect(await strategy(GOLDEN_RENDERS.s3)).to.equal('Recreate');
    expect(await strategy({ values: { leaderElection: { enabled: true } } })).to.equal('Recreate');
    expect(await strategy(HA)).to.equal('RollingUpdate');
    expect((await rendered(MINIO)).at('Deployment', 'rynxs-minio', 'spec', 'strategy', 'type')).to.equal(
      'Recreate',
    );
  });

  it('keeps the log when the release is removed', async () => {
    const chart = await rendered(MINIO);
    const claims = [
      ...chart.all('PersistentVolumeClaim'),
      ...(await rendered()).all('PersistentVolumeClaim'),
    ];
    expect(claims.map(({ metadata }) => metadata.name)).to.deep.equal(['rynxs-minio', 'rynxs-operator-logs']);
    for (const { metadata } of claims)
      expect(metadata.annotations).to.deep.include({ 'helm.sh/resource-policy': 'keep' });
  });

  it('renders no key and no password where the cluster cannot be seen: the next rendering would have others', async () => {
    for (const chart of await all()) expect(chart.all('Secret')).to.deep.equal([]);
    const text = await renderer.text(MINIO);
    expect(await renderer.text(MINIO)).to.equal(text);
  });

  it('has no anchor for a log that is lost with the pod, and says that it is lost', async () => {
    const chart = await rendered(GOLDEN_RENDERS.minimal);
    expect(chart.at('Deployment', 'rynxs-operator', ...CONTAINER, 'env', 'LOG_ANCHOR', 'value')).to.equal(
      'none',
    );
    expect(chart.all('Role')).to.deep.equal([]);
  });

  it('has a budget for replicas only, which lets nodes be drained', async () => {
    expect((await rendered()).all('PodDisruptionBudget')).to.deep.equal([]);
    expect(
      (await rendered(HA)).at('PodDisruptionBudget', 'rynxs-operator', 'spec', 'maxUnavailable'),
    ).to.equal(1);
  });

  it('spreads replicas softly, and in production over zones', async () => {
    const spread = async (request: RenderRequest) =>
      (
        (await rendered(request)).at('Deployment', 'rynxs-operator', ...POD, 'topologySpreadConstraints') as
          | readonly { readonly topologyKey: string; readonly whenUnsatisfiable: string }[]
          | undefined
      )?.map(({ topologyKey, whenUnsatisfiable }) => `${topologyKey} ${whenUnsatisfiable}`);
    expect(await spread({})).to.equal(undefined);
    expect(await spread(HA)).to.deep.equal([
      'kubernetes.io/hostname ScheduleAnyway',
      'topology.kubernetes.io/zone ScheduleAnyway',
    ]);
    expect(await spread(GOLDEN_RENDERS.production!)).to.deep.equal([
      'kubernetes.io/hostname ScheduleAnyway',
      'topology.kubernetes.io/zone DoNotSchedule',
    ]);
  });

  it('sets each environment variable once', async () => {
    const chart = await rendered({ values: { extraEnv: [{ name: 'LOG_LEVEL', value: 'warn' }] } });
    const env = chart.at('Deployment', 'rynxs-operator', ...CONTAINER, 'env') as readonly { name: string }[];
    expect(env.map(({ name }) => name)).to.have.length(new Set(env.map(({ name }) => name)).size);
  });

  it('changes nothing but annotations in CustomResourceDefinitions that it manages', async () => {
    const managed = (await rendered({ values: { crds: { manage: true } } })).all('CustomResourceDefinition');
    const installed = await renderer.helm.run('show', 'crds', './helm/rynxs');
    const { parseAllDocuments } = await import('yaml');
    const definitions = parseAllDocuments(installed).map((document) => document.toJS() as ChartObject);
    expect(managed).to.have.length(3);
    for (const definition of managed) {
      const { annotations, ...metadata } = definition.metadata;
      expect(annotations).to.deep.equal({ 'helm.sh/resource-policy': 'keep' });
      expect(definitions).to.deep.include({ ...definition, metadata });
    }
  });

  async function rulesOf(kind: 'ClusterRole' | 'Role', request?: RenderRequest): Promise<readonly Rule[]> {
    return ((await rendered(request)).at(kind, 'rynxs-operator', 'rules') ?? []) as readonly Rule[];
  }
});

function selectorOf({ kind, spec }: ChartObject): Readonly<Record<string, string>> | undefined {
  const { selector, podSelector } = (spec ?? {}) as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  >;
  switch (kind) {
    case 'Service':
      return selector as Readonly<Record<string, string>>;
    case 'Deployment':
    case 'PodDisruptionBudget':
      return selector?.matchLabels as Readonly<Record<string, string>>;
    case 'NetworkPolicy':
      return podSelector?.matchLabels as Readonly<Record<string, string>>;
    default:
      return undefined;
  }
}
