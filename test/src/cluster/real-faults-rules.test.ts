import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { CONTROLLERS, eventually, Fleet } from './fault-fleet.js';
import { momentsOf, mostPerSecond, ofOperator } from './fault-ledger.js';
import { FaultedOperator } from './fault-operator.js';
import { FaultyWebhook } from './fault-webhook.js';
import { installCrds } from './real-cluster/crds.js';
import { ApiClient, RealCluster } from './real-cluster.js';

const SIZE = 20;
/** So many Agents that are made at once need 140, and retries of all of them 200; a loop without pauses, more than 1,000. */
const REQUESTS_PER_SECOND = 400;
/** After so long the pauses are longer than a second. */
const REFUSED_MS = 2_000;
/** Of each Agent a try and what the status tells of it, and a few more; without pauses it is five times as much. */
const REFUSED_PER_SECOND = SIZE * 4;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
/** Shorter than it takes until everything is made. */
const TOKEN_MS = 5_000;
/** As long as a label may be: what is recorded of a failure holds the rule all the same. */
const LONG_NAMESPACE = 'a-namespace-'.padEnd(63, 'x');
/** A rule, as the operator asks for it. */
const ASKED = /with this rule in a Role or ClusterRole: (\{.*?\})\)/gs;

describe('an operator that its API server refuses something', function () {
  this.timeout(180_000);
  let cluster: RealCluster;
  let operator: FaultedOperator | undefined;
  let place: number;

  before(async () => {
    const controllers = [...CONTROLLERS, 'resourcequota-controller'];
    cluster = await RealCluster.start({ crds: true, controllers });
    await cluster.api.must('POST', '/api/v1/namespaces/default/serviceaccounts', {
      metadata: { name: 'operator' },
    });
  });
  after(() => cluster?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    place = await cluster.audit.end();
  });
  afterEach(async () => {
    await operator?.[Symbol.asyncDispose]();
    operator = undefined;
  });

  /** What all these faults have in common: when they are mended, all is as it would have been without them. */
  async function assertConverged(fleet: Fleet): Promise<void> {
    await fleet.settled();
    const requests = momentsOf(ofOperator(await cluster.audit.since(place)));
    expect(mostPerSecond(requests), 'requests in a second').to.be.below(REQUESTS_PER_SECOND);
    await operator?.assertNothingLostOrDoubled(fleet.namespace);
  }

  /** A failure is said in the log of the operator, in conditions and in Events, and what fails is not tried all the time. */
  async function assertSaid(fleet: Fleet, reason: string, words: readonly string[]): Promise<void> {
    const message = await fleet.degraded(reason);
    const events = await fleet.events();
    const lines = (operator?.lines ?? []).map(({ detail = '' }) => detail);
    for (const word of words) {
      expect(message, 'the condition').to.contain(word);
      expect(
        events.filter((event) => event.includes(word)),
        `Events: ${word}`,
      ).not.to.deep.equal([]);
      expect(
        lines.filter((line) => line.includes(word)),
        `lines: ${word}`,
      ).not.to.deep.equal([]);
    }
    await sleep(REFUSED_MS);
    const late = await cluster.audit.end();
    await sleep(1_000);
    const tried = ofOperator(await cluster.audit.since(late));
    expect(tried.length, 'requests in a second').to.be.below(REFUSED_PER_SECOND);
  }

  for (const [fault, reason, words] of [
    ['deny', 'Denied', ['no team has signed for it', 'or the policy that forbids it']],
    ['silent', 'Unavailable', ['failed calling webhook', 'mend the webhook']],
  ] as const) {
    it(`says what to do about a webhook that is of no help (${fault}), and goes on without it`, async () => {
      operator = await FaultedOperator.start(cluster);
      await using fleet = await Fleet.make(cluster, `webhook-${fault}`);
      await using webhook = await FaultyWebhook.start(cluster.api, fleet.namespace, fault);
      await fleet.grow(SIZE / 2);
      await assertSaid(fleet, reason, [webhook.name, ...words]);
      await webhook.remove();
      await assertConverged(fleet);
    });
  }

  it('says which quota is used up, and goes on when it is raised', async () => {
    operator = await FaultedOperator.start(cluster);
    await using fleet = await Fleet.make(cluster, 'quota');
    const quotas = `/api/v1/namespaces/${fleet.namespace}/resourcequotas`;
    const hard = (count: number) => ({
      spec: { hard: { 'count/networkpolicies.networking.k8s.io': count } },
    });
    await cluster.api.must('POST', quotas, { metadata: { name: 'small' }, ...hard(0) });
    await eventually('the quota is in force', async () => {
      const { status } = await cluster.api.must('GET', `${quotas}/small`);
      return JSON.stringify(status).includes('"hard"') ? [] : ['it has no status'];
    });
    await fleet.grow(SIZE);
    await assertSaid(fleet, 'Denied', ['exceeded quota: small', 'raise the ResourceQuota']);
    await cluster.api.must('PATCH', `${quotas}/small`, hard(SIZE));
    await assertConverged(fleet);
  });

  it('goes on with the next token when the one before has expired', async () => {
    await bind('cluster-admin');
    const tokenFile = join(cluster.directory, 'token');
    const token = await cluster.serviceAccountToken('default', 'operator', TOKEN_MS);
    writeFileSync(tokenFile, token);
    operator = await FaultedOperator.start(cluster, kubeconfigWith({ tokenFile }));
    await using fleet = await Fleet.make(cluster, 'token', SIZE / 2);
    await fleet.settled();
    using client = ApiClient.of(cluster.server, { token });
    await eventually('the token has expired', async () => {
      const { status } = await client.send('GET', '/api/v1/namespaces');
      return status === 401 ? [] : [`it is answered with ${status}`];
    });
    await fleet.change('second');
    await operator.printed('the credentials were not accepted: renew them in the kubeconfig');
    writeFileSync(tokenFile, await cluster.serviceAccountToken('default', 'operator'));
    await assertConverged(fleet);
    await unbind();
  });

  it('asks for the rules that it lacks until it has all, in words to paste', async () => {
    const rules: object[] = [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get'] }];
    const role = `${RBAC}/clusterroles/asked-for`;
    await cluster.api.must('POST', `${RBAC}/clusterroles`, { metadata: { name: 'asked-for' }, rules });
    await bind('asked-for');
    const kubeconfig = await cluster.kubeconfigForServiceAccount('default', 'operator');
    operator = await FaultedOperator.start(cluster, kubeconfig);
    await using fleet = await Fleet.make(cluster, LONG_NAMESPACE, 2);
    const asked = new Set<string>();
    await eventually('nothing more is asked for', async () => {
      const told = [operator?.output ?? '', ...(await conditionsOf(fleet))].join('\n').replaceAll('\\"', '"');
      for (const [, rule = ''] of told.matchAll(ASKED)) {
        if (asked.has(rule)) continue;
        asked.add(rule);
        rules.push(parse(rule));
        await cluster.api.must('PATCH', role, { rules });
      }
      return await fleet.problems();
    });
    expect([...asked].some((rule) => rule.includes('agents/status'))).to.equal(true);
    await assertConverged(fleet);
    await unbind();
  });

  it('waits for a definition that is not there, and bears that it goes and comes again', async () => {
    const path = `${DEFINITIONS}/agents.universe.ai`;
    const removed = async () => {
      await cluster.api.must('DELETE', path);
      await eventually('the definition is gone', async () => {
        const { status } = await cluster.api.send('GET', path);
        return status === 404 ? [] : [`it is answered with ${status}`];
      });
    };
    await removed();
    operator = await FaultedOperator.start(cluster);
    await operator.printed('install its CustomResourceDefinition');
    await installCrds(cluster.api);
    const before = await Fleet.make(cluster, 'definition-first', SIZE / 2);
    await before.settled();
    await removed();
    await installCrds(cluster.api);
    await using fleet = await Fleet.make(cluster, 'definition-second', SIZE / 2);
    await assertConverged(fleet);
  });

  async function conditionsOf(fleet: Fleet): Promise<readonly string[]> {
    const all = await Promise.all(fleet.names.map((name) => fleet.conditionsOf(name)));
    return all.flat().map(({ message }) => message);
  }

  async function bind(role: string): Promise<void> {
    await cluster.api.must('POST', `${RBAC}/clusterrolebindings`, {
      metadata: { name: 'operator' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace: 'default' }],
    });
  }

  async function unbind(): Promise<void> {
    await cluster.api.must('DELETE', `${RBAC}/clusterrolebindings/operator`);
  }

  function kubeconfigWith(user: object): string {
    const config = parse(readFileSync(cluster.kubeconfig, 'utf8'));
    config.users[0].user = user;
    const file = join(cluster.directory, 'user.kubeconfig');
    writeFileSync(file, stringify(config));
    return file;
  }
});
