import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, parseMark, type ShellBlock, shellBlocks } from '../docs/documents.js';
import { ReaderShell } from '../docs/reader-shell.js';
import { bucketServer } from './chart/bucket-server.js';
import { ChartCluster } from './chart/chart-cluster.js';
import { loadMinio, loadVersitygw } from './chart/images.js';
import { freePort } from './real-cluster/ports.js';
import { programOf } from './real-cluster/programs.js';

/** Ports of this machine that pages name. */
const METRICS_PORT = '18080';
const S3_PORT = '19000';
/** The S3 servers here have one user. */
const USER = 'minioadmin';

/** What a page takes for granted that its reader has. */
interface Brought {
  readonly atFirst?: (page: Page) => Promise<void>;
  readonly before?: (block: ShellBlock, page: Page) => Promise<void>;
}

const BROUGHT: Readonly<Record<string, Brought>> = {
  'docs/MINIO.md': {
    async atFirst({ kubectl }) {
      kubectl(['create', 'namespace', 'storage']);
      kubectl(['apply', '--namespace', 'storage', '--filename', '-'], bucketServer('s3', ['rynxs-events']));
    },
  },
  'docs/PROMETHEUS_ALERTS.md': {
    async atFirst({ kubectl }) {
      kubectl(['apply', '--filename', '-'], DEFINITIONS_OF_PROMETHEUS);
    },
  },
  'docs/PRODUCTION_CHECKLIST.md': {
    async atFirst({ kubectl, reader }) {
      kubectl(['apply', '--filename', '-'], DEFINITIONS_OF_PROMETHEUS);
      writeFileSync(join(reader.clone, 'my-values.yaml'), VALUES_FOR_ONE_NODE);
    },
    // The bucket is in the cluster here.
    async before({ commands }, { reader }) {
      if (!commands.some(({ text }) => text.includes('"$STORE"'))) return;
      await reader.goOn(
        `kubectl port-forward --namespace rynxs service/minio-service ${S3_PORT}:9000`,
        'Forwarding from',
      );
    },
  },
};

/** As much of the definitions of the Prometheus operator as the chart's objects need to be taken. */
const DEFINITIONS_OF_PROMETHEUS = ['ServiceMonitor', 'PrometheusRule']
  .map(
    (kind) => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${kind.toLowerCase()}s.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  names: {kind: ${kind}, plural: ${kind.toLowerCase()}s, singular: ${kind.toLowerCase()}}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`,
  )
  .join('---\n');

/** There is one node, without a zone, and a bucket of the bundled server. */
const VALUES_FOR_ONE_NODE = `topologySpread: {zones: soft}
resources: {requests: {cpu: 10m, memory: 128Mi}}
minio: {enabled: true}
logSink: {s3: {bucket: rynxs-events, accessKeySecret: my-s3-credentials}}
`;

interface Page {
  readonly reader: ReaderShell;
  kubectl(args: readonly string[], input?: string): void;
}

/** What documents have their readers do on a cluster, page by page, from the first command to the last. */
describe('on a cluster, a reader can follow', function () {
  this.timeout(300_000);
  let cluster: ChartCluster;
  let kubeconfig: string;

  before(async () => {
    cluster = await ChartCluster.start();
    const { node } = cluster.cluster;
    if (node === undefined) throw new Error('the cluster has no node');
    await Promise.all([loadMinio(node), loadVersitygw(node)]);
    kubeconfig = cluster.cluster.kubeconfig;
  });

  after(() => cluster?.[Symbol.asyncDispose]());

  for (const document of documents()) {
    const blocks = shellBlocks(document).filter(isForACluster);
    if (blocks.length === 0) continue;
    it(document, async () => {
      const [metricsPort, s3Port] = [await freePort(), await freePort()];
      await using reader = new ReaderShell({
        programs: {
          kubectl: `exec '${programOf('RYNXS_TEST_KUBECTL')}' "$@"`,
          helm: `exec '${programOf('RYNXS_TEST_HELM4')}' "$@"`,
        },
        env: {
          KUBECONFIG: kubeconfig,
          OPERATOR_KEY: USER,
          OPERATOR_SECRET: USER,
          READER_KEY: USER,
          READER_SECRET: USER,
          STORE: 's3://rynxs-events/events',
          S3_ENDPOINT: `http://127.0.0.1:${s3Port}`,
        },
        inPlaceOf: {
          [METRICS_PORT]: String(metricsPort),
          [S3_PORT]: String(s3Port),
          'AWS_ACCESS_KEY_ID=rynxs-operator': `AWS_ACCESS_KEY_ID=${USER}`,
        },
      });
      const page = { reader, kubectl };
      const brought = BROUGHT[document];
      await brought?.atFirst?.(page);
      for (const block of blocks) {
        await brought?.before?.(block, page);
        await reader.follow(block);
      }
      await reader.end();
    });
  }

  function kubectl(args: readonly string[], input = ''): void {
    execFileSync(programOf('RYNXS_TEST_KUBECTL'), args, {
      input,
      // kubectl keeps what it has found out about a server in the home directory.
      env: { PATH: process.env.PATH, HOME: cluster.directory, KUBECONFIG: kubeconfig },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }
});

function isForACluster({ mark = '' }: ShellBlock): boolean {
  const parsed = parseMark(mark);
  return parsed?.kind === 'run' && parsed.place === 'cluster';
}
