import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ROOT } from '../rynxs-process.js';
import { until } from './local-operator.js';
import { userBoundTo } from './rbac/bound-user.js';
import { GUIDE_FILE, RULES_FILE, rbacDocuments } from './rbac/documents.js';
import { ANCHORS, conditionsOfAgents, drift, LEASES } from './rbac/everything.js';
import { ANCHOR, LEASE } from './rbac/needs.js';
import { OPERATOR_NAMESPACE } from './rbac/operator-run.js';
import { type RecordedRun, recordNeeds } from './rbac/recorded-needs.js';
import { RefusedOperator } from './rbac/refused-operator.js';
import { formatRule, type PolicyRule, type RbacRules } from './rbac/rules.js';
import type { ApiClient } from './real-cluster.js';

const RULES: RbacRules = parse(readFileSync(join(ROOT, RULES_FILE), 'utf8'));

describe('the permissions of the operator on a real API server', function () {
  this.timeout(180_000);
  let run: RecordedRun;

  // That the rules are enough for everything that it does: it rejects on any 403.
  before(async () => {
    run = await recordNeeds(RULES);
  });
  after(() => run?.[Symbol.asyncDispose]());

  for (const path of [RULES_FILE, GUIDE_FILE]) {
    it(`are those of ${path}`, () => {
      const isCurrent = readFileSync(join(ROOT, path), 'utf8') === rbacDocuments(run.needs).get(path);
      expect(isCurrent, `${path} is out of date: run \`npm run generate:rbac\``).to.equal(true);
    });
  }

  it('have no wildcard', () => {
    const rules = Object.values(RULES).flat() as readonly PolicyRule[];
    expect(
      rules.filter((rule) => Object.values(rule).some((values) => values.join().includes('*'))),
    ).to.deep.equal([]);
  });

  for (const [place, rules] of Object.entries(RULES) as [keyof RbacRules, readonly PolicyRule[]][]) {
    for (const [index, rule] of rules.entries()) {
      it(`are named when they are missing: ${place}, ${formatRule(rule)}`, async () => {
        for (const verb of rule.verbs) await isNamed(place, index, verb);
      });
    }
  }

  /** Starts an operator with a new log, which finds all objects there and changed, without one verb of one rule. */
  async function isNamed(place: keyof RbacRules, index: number, verb: string): Promise<void> {
    const { cluster } = run;
    const rules = without(place, index, verb);
    const user = `without-${place}-${index}-${verb}`.toLowerCase();
    const kubeconfig = await userBoundTo(rules, user, OPERATOR_NAMESPACE, cluster);
    await drift(cluster.api);
    await cluster.api.send('DELETE', `${ANCHORS}/${ANCHOR}`);
    if (verb !== 'create') await cluster.api.must('POST', ANCHORS, { metadata: { name: ANCHOR } });
    const rule = RULES[place][index] as PolicyRule;
    const isReplica = rule.resources?.includes('leases') ?? false;
    if (isReplica) await leaveLease(cluster.api, verb);
    await using operator = await RefusedOperator.start(kubeconfig, { isReplica });
    const missing = wordsFor(rule, verb);
    await until(`${user} is told of ${missing.join(' and ')}`, async () => {
      const told = [...operator.said, ...(await conditionsOfAgents(cluster.api))];
      return told.find((text) => [user, ...missing].every((part) => text.includes(part)));
    });
  }
});

/** Leaves a Lease of a leader that is no more, as its next holder finds it; none for who should create one. */
async function leaveLease(api: ApiClient, verb: string): Promise<void> {
  await api.send('DELETE', `${LEASES}/${LEASE}`);
  if (verb === 'create') return;
  const spec = { holderIdentity: 'killed', leaseDurationSeconds: 1 };
  await api.must('POST', LEASES, { metadata: { name: LEASE }, spec });
}

/** The rules without that verb, also where another rule allows it as well. */
function without(place: keyof RbacRules, index: number, verb: string): RbacRules {
  const target = RULES[place][index];
  const isMeant = (rule: PolicyRule) =>
    rule === target || (place === 'namespaceRules' && rule.resources?.join() === target?.resources?.join());
  const reduce = (rules: readonly PolicyRule[]) =>
    rules
      .map((rule) => (isMeant(rule) ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule))
      .filter(({ verbs }) => verbs.length > 0);
  return { clusterRules: reduce(RULES.clusterRules), namespaceRules: reduce(RULES.namespaceRules) };
}

/** What an error says that names what is missing. */
function wordsFor(rule: PolicyRule, verb: string): readonly string[] {
  const { resources, resourceNames = [], nonResourceURLs = [] } = rule;
  const place = resources === undefined ? '' : `resources: [${resources[0]}], `;
  return [`${place}verbs: [${verb}]`, ...resourceNames, ...nonResourceURLs];
}
