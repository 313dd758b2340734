import { expect } from 'chai';
import { ChartRenderer, type RenderRequest, type Values } from '../chart/chart-renderer.js';
import { HELM_VERSIONS } from './helm.js';

const EXAMPLES = 'helm/rynxs/examples';
const S3 = { type: 's3', s3: { bucket: 'my-event-log' } };
const REPLICAS = { replicaCount: 3, leaderElection: { enabled: true }, logSink: S3 };

interface Refusal extends RenderRequest {
  /** What the reason and the remedy have in them. */
  readonly says: readonly string[];
}

/** Values that do not go together, or that cannot work. */
const REFUSED: Readonly<Record<string, Refusal>> = {
  'replicas that choose no leader': {
    values: { replicaCount: 2, logSink: S3 },
    says: ['replicaCount is 2', 'leaderElection:\n  enabled: true'],
  },
  'the HA example alone': {
    files: [`${EXAMPLES}/ha.yaml`],
    says: ['replicaCount is 3', 'logSink:\n  type: s3\n  s3:\n    bucket:', 'minio:\n  enabled: true'],
  },
  's3 without a bucket': {
    values: { logSink: { type: 's3' } },
    says: ['logSink.s3.bucket', 'bucket: my-event-log'],
  },
  's3 enabled beside another type': {
    values: {
      logSink: { type: 'sqlite', s3: { enabled: true, bucket: 'my-event-log' } },
      plugins: [{ package: 'a' }],
    },
    says: ['logSink.type is sqlite', 'logSink.s3.enabled: false'],
  },
  'a type that nobody provides': {
    values: { logSink: { type: 'sqlite' } },
    says: ['logSink.type is sqlite', '`plugins`'],
  },
  'replicas that share the volume of a plugin’s store': {
    values: { ...REPLICAS, logSink: { type: 'remote' }, plugins: [{ package: 'a' }] },
    says: ['one volume', 'persistence.enabled: false'],
  },
  'a budget that keeps all replicas': {
    values: { ...REPLICAS, podDisruptionBudget: { minAvailable: 3 } },
    says: ['minAvailable is 3 of 3', 'maxUnavailable: 1'],
  },
  'a budget that keeps all replicas by its percentage, which is rounded up': {
    values: { ...REPLICAS, podDisruptionBudget: { minAvailable: '67%' } },
    says: ['minAvailable is 67% of 3'],
  },
  'a budget that lets none go': {
    values: { ...REPLICAS, podDisruptionBudget: { maxUnavailable: 0 } },
    says: ['maxUnavailable is 0', 'maxUnavailable: 1'],
  },
  'a budget that lets none go, in percent': {
    values: { ...REPLICAS, podDisruptionBudget: { maxUnavailable: '0%' } },
    says: ['maxUnavailable is 0%'],
  },
  'a budget of two kinds': {
    values: { ...REPLICAS, podDisruptionBudget: { minAvailable: 1, maxUnavailable: 1 } },
    says: ['both minAvailable and maxUnavailable'],
  },
  'timings by which two could lead': {
    values: {
      ...REPLICAS,
      leaderElection: { enabled: true, leaseDuration: '15s', renewDeadlineSeconds: 12 },
    },
    says: ['16700 ms', '15000 ms', 'Raise leaseDuration'],
  },
  'a ServiceMonitor of no Service': {
    values: { metrics: { serviceMonitor: { enabled: true } } },
    says: ['metrics.serviceMonitor.enabled', 'metrics:\n  enabled: true'],
  },
  'alerts on metrics that nobody reads': {
    values: { metrics: { prometheusRule: { enabled: true } } },
    says: ['metrics.prometheusRule.enabled'],
  },
  'an exec policy without namespaces': {
    values: { execPolicy: { enabled: true } },
    says: ['execPolicy:\n  namespaces:'],
  },
  'an exec policy before Kubernetes 1.30': {
    values: { execPolicy: { enabled: true, namespaces: ['agents'] } },
    kubernetes: '1.29',
    says: ['Kubernetes 1.30', 'v1.29.0'],
  },
  'settings of a plugin without its id': {
    values: { plugins: [{ package: 'a', config: { b: 1 } }] },
    says: ['plugins[0] (a)', 'Add id'],
  },
  'a key before without a key': {
    values: { signingKey: { create: false, previousSecret: 'old' } },
    says: ['signingKey.previousSecret', 'signingKey.existingSecret'],
  },
};

/** Values that are wrong in themselves, and the place that the schema names. */
const TYPOS: readonly (readonly [values: Values, place: string])[] = [
  [{ replicaCounts: 3 }, 'replicaCounts'],
  [{ leaderElection: { leaseDurations: '15s' } }, 'leaseDurations'],
  [{ logSink: { s3: { buckets: 'a' } } }, 'buckets'],
  [{ metrics: { serviceMonitor: { metricRelabellings: [] } } }, 'metricRelabellings'],
  [{ minio: { persistence: { sizes: '1Gi' } } }, 'sizes'],
  [{ plugins: [{ packages: 'a' }] }, 'packages'],
  [{ extraEnv: [{ name: 'A', values: 'b' }] }, 'values'],
  [{ resources: { limit: {} } }, 'limit'],
  [{ podSecurityContext: { runAsNonroot: true } }, 'runAsNonroot'],
  [{ replicaCount: 'three' }, 'replicaCount'],
  [{ leaderElection: { leaseDuration: 'soon' } }, 'leaseDuration'],
  [{ persistence: { size: '10 GB' } }, 'size'],
  [{ logging: { level: 'verbose' } }, 'level'],
  [{ minio: { image: { tag: 'latest' } } }, 'tag'],
  [{ topologySpread: { zones: true } }, 'zones'],
  [{ podDisruptionBudget: { minAvailable: '110%' } }, 'minAvailable'],
];

describe('what the chart refuses', function () {
  this.timeout(120_000);

  for (const version of HELM_VERSIONS) {
    describe(`with helm ${version}`, () => {
      let renderer: ChartRenderer;

      before(() => {
        renderer = new ChartRenderer(version);
      });
      after(() => renderer?.[Symbol.dispose]());

      for (const [what, { says, ...request }] of Object.entries(REFUSED)) {
        it(`${what}, with the remedy`, async () => {
          const refusal = await renderer.refusal(request);
          for (const words of says) expect(refusal).to.include(words);
        });
      }

      it('names that it does not know, with their place', async () => {
        for (const [values, place] of TYPOS) {
          expect(await renderer.refusal({ values }), JSON.stringify(values)).to.include(place);
        }
      });
    });
  }
});
