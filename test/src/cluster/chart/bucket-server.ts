import { stringify } from 'yaml';
import { VERSITYGW_IMAGE } from './images.js';

/** What the examples of the documents call the user of the S3 server, and its password. */
const USER = 'minioadmin';
const PORT = 9000;
const LABELS = { app: 'bucket-server' } as const;
const DATA = '/data';

/** Manifests of an S3 server with some buckets, and of a Service of that name which leads to it. */
export function bucketServer(name: string, buckets: readonly string[]): string {
  return [deployment(name, buckets), serviceOf(name)].map((object) => stringify(object)).join('---\n');
}

function serviceOf(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: LABELS, ports: [{ port: PORT, targetPort: PORT }] },
  };
}

function deployment(name: string, buckets: readonly string[]) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(buckets) },
    },
  };
}

/** A directory of versitygw's is a bucket. */
function podSpec(buckets: readonly string[]) {
  const directories = buckets.map((bucket) => `${DATA}/${bucket}`).join(' ');
  return {
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsUser: 65532, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'server',
        image: VERSITYGW_IMAGE,
        command: ['sh', '-c', `mkdir -p ${directories} && exec versitygw --port :${PORT} posix ${DATA}`],
        env: [
          { name: 'ROOT_ACCESS_KEY', value: USER },
          { name: 'ROOT_SECRET_KEY', value: USER },
        ],
        readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        volumeMounts: [{ name: 'data', mountPath: DATA }],
      },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
  };
}
