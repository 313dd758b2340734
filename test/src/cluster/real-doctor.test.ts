import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { OPERATOR_NEEDS, ruleOf } from 'rynxs';
import { RYNXS, RynxsProcess, runRynxs } from '../rynxs-process.js';
import { until } from './local-operator.js';
import { userBoundTo } from './rbac/bound-user.js';
import type { PolicyRule, RbacRules } from './rbac/rules.js';
import { freePort } from './real-cluster/ports.js';
import { RealCluster } from './real-cluster.js';
import { CREDENTIALS, S3Server } from './s3-server.js';

const NAMESPACE = 'rynxs-system';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/rynxs-operator-leader`;
const RULES: RbacRules = {
  clusterRules: OPERATOR_NEEDS.filter(({ scope }) => scope === 'cluster').map(ruleOf),
  namespaceRules: OPERATOR_NEEDS.filter(({ scope }) => scope === 'namespace').map(ruleOf),
};

interface Report {
  readonly checks: readonly {
    readonly name: string;
    readonly status: string;
    readonly findings: readonly { readonly message: string; readonly remedy?: string }[];
  }[];
}

describe('rynxs doctor on a real API server', function () {
  this.timeout(120_000);
  let cluster: RealCluster;
  let s3: S3Server;
  let env: Record<string, string>;
  const stack = new AsyncDisposableStack();

  before(async () => {
    [cluster, s3] = await Promise.all([RealCluster.start({ crds: true }), S3Server.start('versitygw')]);
    stack.use(cluster);
    stack.use(s3);
    await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    const [metrics, health] = [await freePort(), await freePort()];
    const directory = join(cluster.directory, 'doctor');
    mkdirSync(directory);
    const key = join(directory, 'key');
    await runRynxs(['keys', 'generate', '--out', key], directory);
    env = {
      ...CREDENTIALS,
      KUBECONFIG: await userBoundTo(RULES, 'doctor', NAMESPACE, cluster),
      POD_NAMESPACE: NAMESPACE,
      LEADERSHIP_TYPE: 'lease',
      EVENT_STORE_TYPE: 's3',
      S3_BUCKET: await s3.createBucket(),
      S3_ENDPOINT: s3.endpoint,
      LOG_SIGNING_KEY_FILE: key,
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: String(metrics),
      HEALTH_PORT: String(health),
    };
  });
  after(() => stack.disposeAsync());

  async function examine(args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) {
    const { code, stdout, stderr } = await runRynxs(
      ['doctor', '--output', 'json', ...args],
      cluster.directory,
      {
        ...env,
        ...more,
      },
    );
    expect(stderr).to.equal('');
    const { checks } = JSON.parse(stdout) as Report;
    const messages = checks.flatMap(({ name, status, findings }) =>
      findings.map(({ message, remedy = '' }) => `${status} ${name}: ${message} ${remedy}`.trim()),
    );
    return { code, statuses: Object.fromEntries(checks.map(({ name, status }) => [name, status])), messages };
  }

  it('finds all well beside an operator that leads with a log in S3, by the operator’s own permissions', async () => {
    await using operator = new RynxsProcess(
      [...RYNXS, 'start'],
      mkdtempSync(join(cluster.directory, 'cwd-')),
      env,
    );
    await operator.printed('"leading"');
    const found = await until('all is well', async () => {
      const one = await examine();
      return one.code === 0 && one.statuses.anchor === 'ok' && one.statuses.leader === 'ok' ? one : undefined;
    });
    expect(found.messages.filter((message) => !message.startsWith('ok '))).to.deep.equal([]);
    const text = found.messages.join('\n');
    expect(text)
      .to.include('of 32 that created one name at once, one did')
      .and.include('the clock of the store agrees with this one')
      .and.include('the clock of the API server agrees with this one')
      .and.match(/all \d+ permissions that the operator needs are given/)
      .and.include('agents.universe.ai is installed, with the schema of this version')
      .and.include('signed by a trusted key')
      .and.include('an operator is ready');
    operator.signal('SIGTERM');
    expect((await operator.ended()).code).to.equal(0);
  });

  it('writes nothing to the cluster', async () => {
    const user = 'only-looks';
    const kubeconfig = await userBoundTo(RULES, user, NAMESPACE, cluster);
    const begin = await cluster.audit.end();
    await examine([], { KUBECONFIG: kubeconfig });
    const requests = (await cluster.audit.since(begin)).filter((one) => one.user.username === user);
    const writes = requests.filter(
      ({ verb, requestURI }) => !/^(?:get|list|watch)$/.test(verb) && !requestURI.includes('accessreviews'),
    );
    expect(requests).not.to.deep.equal([]);
    expect(writes.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).to.deep.equal([]);
  });

  it('names each verb that is missing, with the rule to add', async () => {
    const cases = [...RULES.clusterRules, ...RULES.namespaceRules];
    const user = `without-${randomUUID().slice(0, 8)}`;
    const halved: RbacRules = {
      clusterRules: RULES.clusterRules.map(withoutLastVerb).filter(({ verbs }) => verbs.length > 0),
      namespaceRules: RULES.namespaceRules.map(withoutLastVerb).filter(({ verbs }) => verbs.length > 0),
    };
    const KUBECONFIG = await userBoundTo(halved, user, NAMESPACE, cluster);
    const { code, messages } = await examine(['--check', 'permissions'], { KUBECONFIG });
    expect(code).to.equal(1);
    for (const { apiGroups, resources = [], nonResourceURLs, resourceNames, verbs } of cases) {
      // What everybody may do in a usual cluster, or another rule allows as well, is not missing.
      if (nonResourceURLs !== undefined) continue;
      if (resources[0] === 'configmaps' && resourceNames === undefined && verbs.length === 1) continue;
      const rule = `resources: [${resources[0]}], ${resourceNames === undefined ? '' : `resourceNames: [${resourceNames.join(', ')}], `}verbs: [${verbs.at(-1)}]`;
      const told = messages.filter((message) => message.includes(rule));
      expect(told, `${apiGroups?.[0]} ${rule}\n${messages.join('\n')}`).not.to.deep.equal([]);
    }
  });

  it('finds a definition of another version, and one that is not there', async () => {
    const name = 'agents.universe.ai';
    const agents = await cluster.api.must('GET', `${CRDS}/${name}`);
    const older = JSON.parse(JSON.stringify(agents).replace('"ttl":', '"timeToLive":')) as object;
    await cluster.api.must('PUT', `${CRDS}/${name}`, older);
    await cluster.api.must('DELETE', `${CRDS}/sessions.universe.ai`);
    const crds = ['--check', 'crds'];
    const messages = await until('the API server publishes both', async () => {
      const found = (await examine(crds)).messages;
      const isTold = ['sessions.universe.ai is not installed', 'spec.lifecycle.ttl'].every((text) =>
        found.some((message) => message.includes(text)),
      );
      return isTold ? found : undefined;
    });
    expect(messages.join('\n')).to.include(
      `${name} is installed, and is of another version: spec.lifecycle.ttl`,
    );
    const current = await cluster.api.must('GET', `${CRDS}/${name}`);
    await cluster.api.must('PUT', `${CRDS}/${name}`, { ...current, spec: agents.spec });
  });

  it('finds a Lease whose holder is no more, and one with another log', async () => {
    const lease = await cluster.api.must('GET', LEASE);
    const annotations = { ...(lease.metadata.annotations as object), 'rynxs.universe.ai/log-id': 'another' };
    await cluster.api.must('PUT', LEASE, {
      ...lease,
      metadata: { ...lease.metadata, annotations },
      spec: { holderIdentity: 'killed_1', leaseDurationSeconds: 1, renewTime: '2026-01-01T00:00:00.000000Z' },
    });
    const { code, messages } = await examine(['--check', 'leader', '--check', 'owner']);
    expect(code).to.equal(1);
    expect(messages.join('\n'))
      .to.include('the claim of killed_1 is stale')
      .and.include('killed_1 leads with the log another');
  });

  it('looks at the rest while the API server hangs', async () => {
    const { statuses } = await cluster.whileApiServerHangs(() =>
      examine(['--timeout', '12s'], { KUBE_REQUEST_TIMEOUT: '2s' }),
    );
    expect(statuses).to.include({ 'api-server': 'failed', store: 'ok', log: 'ok', keys: 'ok' });
  });
});

function withoutLastVerb(rule: PolicyRule): PolicyRule {
  return { ...rule, verbs: rule.verbs.slice(0, -1) };
}
