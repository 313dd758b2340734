import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { runRynxs } from '../../rynxs-process.js';
import { bucketServer } from './bucket-server.js';
import type { ChartCluster, ChartUser } from './chart-cluster.js';
import { CHART, WAIT } from './commands.js';
import { verifiedLog } from './operator-log.js';
import { oneOfThreeLeads } from './pods.js';

const BUCKET = 'my-event-log';
const MONITORING = 'monitoring.coreos.com';
/** What values-production.yaml asks the reader for. */
const MY_VALUES = `logSink:
  s3:
    endpoint: bucket-server.production.svc:9000
    bucket: ${BUCKET}
    accessKeySecret: my-s3-credentials
`;
const CREDENTIALS = [
  '--from-literal=AWS_ACCESS_KEY_ID=minioadmin',
  '--from-literal=AWS_SECRET_ACCESS_KEY=minioadmin',
] as const;

/** values-production.yaml, with what its first lines and the checklist ask for; the node is in a zone here, too. */
export function production(cluster: () => ChartCluster): void {
  describe('as values-production.yaml has it', () => {
    let user: ChartUser;

    before(async () => {
      user = await cluster().namespace('production');
      const prometheusOperator = ['servicemonitors', 'prometheusrules'].map(customResource).join('---\n');
      await user.kubectl('apply', '-f', user.file('monitoring.yaml', prometheusOperator));
      await user.kubectl('apply', '-f', user.file('s3.yaml', bucketServer('bucket-server', [BUCKET])));
      await user.kubectl('label', 'node', 'node', 'topology.kubernetes.io/zone=zone-1');
      await user.kubectl('create', 'secret', 'generic', 'my-s3-credentials', ...CREDENTIALS);
      await runRynxs(['keys', 'generate', '--out', 'log-signing.key'], user.home);
      const key = `--from-file=${user.home}/log-signing.key`;
      await user.kubectl('create', 'secret', 'generic', 'rynxs-signing-key', key);
      await user.kubectl('rollout', 'status', 'deploy/bucket-server', '--timeout=60s');
    });
    after(() => user?.uninstall(4));

    it('installs', async () => {
      const mine = user.file('my-values.yaml', MY_VALUES);
      const values = ['--values', './helm/rynxs/values-production.yaml', '--values', mine];
      await user.helm(4, 'install', 'rynxs', CHART, ...values, ...WAIT);
      await oneOfThreeLeads(user);
      await verifiedLog(user, `s3://${BUCKET}/events`);
    });

    it('signs with the key of its keepers, which no release holds', async () => {
      const { stdout } = await runRynxs(['keys', 'show', '--key', 'log-signing.key'], user.home);
      const verify = ['log', 'verify', '--store', `s3://${BUCKET}/events`, '--key', stdout.trim()];
      expect(await user.rynxs(...verify)).to.include({ trust: 'key', intact: true });
      const secret = readFileSync(`${user.home}/log-signing.key`, 'utf8').trim();
      expect(await user.helm(4, 'get', 'all', 'rynxs')).to.not.include(secret);
    });

    it('brings what watches over it', async () => {
      const kinds = `servicemonitors.${MONITORING},prometheusrules.${MONITORING},configmaps,networkpolicies,pdb`;
      const found = await user.kubectl('get', kinds, '-l', 'app.kubernetes.io/name=rynxs', '-o', 'name');
      for (const kind of ['servicemonitor', 'prometheusrule', 'configmap', 'networkpolicy', 'poddisruption'])
        expect(found).to.match(new RegExp(`^${kind}`, 'm'));
    });

    it('passes its own tests, and asks for nothing that its permissions do not allow', async () => {
      expect(await user.helm(4, 'test', 'rynxs', '--timeout', '4m')).to.match(/Phase:\s+Succeeded/);
      expect(await user.forbidden()).to.deep.equal([]);
    });
  });
}

/** A kind of the Prometheus operator's, which takes any content; JSON, which is YAML. */
function customResource(plural: string): string {
  const kinds: Readonly<Record<string, string>> = {
    servicemonitors: 'ServiceMonitor',
    prometheusrules: 'PrometheusRule',
  };
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } };
  const names = { plural, singular: plural.slice(0, -1), kind: kinds[plural] };
  return `${JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${MONITORING}` },
    spec: { group: MONITORING, scope: 'Namespaced', names, versions: [version] },
  })}\n`;
}
