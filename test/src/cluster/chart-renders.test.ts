import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CHART, ChartRenderer, type RenderRequest } from '../chart/chart-renderer.js';
import { differenceFromGolden, GOLDEN_RENDERS } from '../chart/golden.js';
import { ROOT } from '../rynxs-process.js';
import { HELM_VERSIONS } from './helm.js';

const EXAMPLES = 'helm/rynxs/examples';
const KUBERNETES_VERSIONS = Array.from({ length: 11 }, (_, index) => `1.${24 + index}`);
/** What examples need besides to be whole. */
const TOGETHER_WITH: Readonly<Record<string, readonly string[]>> = {
  'ha.yaml': [`${EXAMPLES}/s3.yaml`],
};

/** All kinds that need no later Kubernetes. */
const EVERYTHING: RenderRequest = {
  files: ['helm/rynxs/values-production.yaml', `${EXAMPLES}/s3-role.yaml`, `${EXAMPLES}/scoped.yaml`],
  values: {
    minio: { enabled: true },
    crds: { manage: true },
    plugins: [{ package: 'a', id: 'a', config: { b: 1 } }],
  },
};

/** Kinds that the chart may render, by the API that serves them since Kubernetes 1.24. */
const SERVED: Readonly<Record<string, readonly string[]>> = {
  v1: ['ConfigMap', 'PersistentVolumeClaim', 'Pod', 'Service', 'ServiceAccount'],
  'apps/v1': ['Deployment'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
  'policy/v1': ['PodDisruptionBudget'],
  'rbac.authorization.k8s.io/v1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'apiextensions.k8s.io/v1': ['CustomResourceDefinition'],
  'monitoring.coreos.com/v1': ['PrometheusRule', 'ServiceMonitor'],
};

describe('what the chart renders', function () {
  this.timeout(120_000);
  let renderer: ChartRenderer;

  before(() => {
    renderer = new ChartRenderer();
  });
  after(() => renderer?.[Symbol.dispose]());

  for (const [name, request] of Object.entries(GOLDEN_RENDERS)) {
    it(`is as it was, golden: ${name}`, async () => {
      expect(differenceFromGolden(name, await renderer.render(request))).to.equal(undefined);
    });
  }

  for (const version of HELM_VERSIONS) {
    it(`passes helm ${version} lint --strict with the values of every example`, async () => {
      using own = new ChartRenderer(version);
      await own.helm.run('lint', '--strict', CHART);
      for (const files of exampleFiles()) {
        await own.helm.run('lint', '--strict', CHART, ...files.flatMap((file) => ['--values', file]));
      }
    });
  }

  it('is the same with helm 3 and helm 4', async () => {
    using helm3 = new ChartRenderer(3);
    for (const request of [{}, GOLDEN_RENDERS.production!]) {
      expect((await helm3.render(request)).objects).to.deep.equal((await renderer.render(request)).objects);
    }
  });

  it('is served by every Kubernetes from 1.24 to 1.34', async () => {
    const requests = KUBERNETES_VERSIONS.flatMap((kubernetes) => [
      { kubernetes },
      { ...EVERYTHING, kubernetes },
    ]);
    await renderer.prepare(requests);
    for (const request of requests) {
      for (const { apiVersion, kind } of (await renderer.render(request)).objects) {
        expect(SERVED[apiVersion], `${request.kubernetes}: ${apiVersion} ${kind}`).to.include(kind);
      }
    }
  });

  it('has fields that came later only where they are known', async () => {
    const request = GOLDEN_RENDERS['ha-s3']!;
    const fields = async (kubernetes: string) => {
      const chart = await renderer.render({ ...request, kubernetes });
      return [
        chart.at('PodDisruptionBudget', 'rynxs-operator', 'spec', 'unhealthyPodEvictionPolicy'),
        chart.at(
          'Deployment',
          'rynxs-operator',
          ...['spec', 'template', 'spec', 'topologySpreadConstraints'],
          0,
          'matchLabelKeys',
        ),
      ];
    };
    expect(await fields('1.26')).to.deep.equal([undefined, undefined]);
    expect(await fields('1.27')).to.deep.equal(['AlwaysAllow', ['pod-template-hash']]);
  });

  it('is refused below Kubernetes 1.24', async () => {
    expect(await renderer.refusal({ kubernetes: '1.23' })).to.include('1.24.0');
  });

  it('is called after the release, with rynxs in its name once', async () => {
    const names = {
      rynxs: 'rynxs-operator',
      'rynxs-operator': 'rynxs-operator',
      'my-rynxs': 'my-rynxs-operator',
      prod: 'prod-rynxs-operator',
    };
    for (const [release, name] of Object.entries(names)) {
      const chart = await renderer.render({ release, values: { minio: { enabled: true } } });
      expect(chart.find('Deployment', name), release).not.to.equal(undefined);
      expect(chart.find('ClusterRole', name), release).not.to.equal(undefined);
      for (const { kind, metadata } of chart.objects) {
        if (kind === 'CustomResourceDefinition') continue;
        expect(metadata.name.match(/rynxs/g)?.length ?? 0, `${kind} ${metadata.name}`).to.be.at.most(1);
        expect(metadata.name.length).to.be.at.most(63);
      }
    }
  });

  it('has no name that is too long, whatever the release is called', async () => {
    const release = 'a-release-with-a-name-of-fifty-three-characters-00000';
    for (const { metadata } of (await renderer.render({ release })).objects) {
      expect(metadata.name.length).to.be.at.most(63);
    }
  });
});

/** The values of each example, and of production with what it leaves open. */
function exampleFiles(): readonly (readonly string[])[] {
  const examples = readdirSync(join(ROOT, EXAMPLES)).map((name) => [
    `${EXAMPLES}/${name}`,
    ...(TOGETHER_WITH[name] ?? []),
  ]);
  return [...examples, ['helm/rynxs/values-production.yaml', `${EXAMPLES}/s3-role.yaml`]];
}
