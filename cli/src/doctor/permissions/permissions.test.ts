import { readFileSync } from 'node:fs';
import type { Cluster, KubernetesObject } from '@rynxs/kernel';
import { expect } from 'chai';
import { parse } from 'yaml';
import { describeRefused } from '../checks/permissions.js';
import { accessesOf, isAllowed } from './access-reviews.js';
import { type Need, OPERATOR_NEEDS } from './needs.js';
import { formatRule, type PolicyRule, ruleOf } from './rules.js';

const RULES = new URL('../../../../helm/rynxs/files/rbac.yaml', import.meta.url);
const { signal } = new AbortController();

function needOf(resource: string, scope: Need['scope'] = 'cluster'): Need {
  const need = OPERATOR_NEEDS.find(
    (one) =>
      one.resource === resource && one.scope === scope && (scope === 'cluster' || one.names !== undefined),
  );
  if (need === undefined) throw new Error(`there is no need of ${resource}`);
  return need;
}

describe('the permissions that rynxs doctor asks for', () => {
  it('are the rules of the chart', () => {
    const { clusterRules, namespaceRules } = parse(readFileSync(RULES, 'utf8')) as Record<
      string,
      PolicyRule[]
    >;
    const of = (scope: Need['scope']) => OPERATOR_NEEDS.filter((need) => need.scope === scope).map(ruleOf);
    expect(of('cluster')).to.deep.equal(clusterRules);
    expect(of('namespace')).to.deep.equal(namespaceRules);
  });

  it('are asked for in all namespaces, but the operator’s own ones in its own', () => {
    const accesses = accessesOf([needOf('agents'), needOf('leases', 'namespace')], 'rynxs', []);
    expect(accesses.map(({ need, verb, namespace }) => [need.resource, verb, namespace])).to.deep.equal([
      ['agents', 'list', undefined],
      ['agents', 'watch', undefined],
      ['leases', 'get', 'rynxs'],
      ['leases', 'list', 'rynxs'],
      ['leases', 'watch', 'rynxs'],
      ['leases', 'update', 'rynxs'],
    ]);
  });

  it('are asked for in the namespaces that the operator is limited to, where they are in one', () => {
    const needs = ['/version', 'namespaces', 'universes', 'universes/status', 'events'].map((one) =>
      needOf(one),
    );
    const places = accessesOf(needs, 'rynxs', ['lab', 'ops']).map(({ need, namespace }) => [
      need.resource,
      namespace,
    ]);
    expect(places).to.deep.equal([
      ['/version', undefined],
      ['namespaces', undefined],
      ['universes', undefined],
      ['universes', undefined],
      ['universes/status', undefined],
      ['events', 'lab'],
      ['events', 'ops'],
    ]);
  });

  it('are asked for one by one, as the API server knows them', async () => {
    const asked: unknown[] = [];
    const cluster = {
      create: async (_resource, object) => {
        asked.push(object.spec);
        return { ...object, status: { allowed: asked.length > 1 } } as KubernetesObject;
      },
    } satisfies Partial<Cluster> as Partial<Cluster> as Cluster;
    const access = (need: Need, verb: string, namespace?: string) => ({ need, verb, namespace });
    expect(await isAllowed(access(needOf('/version'), 'get'), cluster, signal)).to.equal(false);
    expect(await isAllowed(access(needOf('agents/status'), 'update', 'lab'), cluster, signal)).to.equal(true);
    expect(await isAllowed(access(needOf('namespaces'), 'get'), cluster, signal)).to.equal(true);
    expect(asked).to.deep.equal([
      { nonResourceAttributes: { verb: 'get', path: '/version' } },
      {
        resourceAttributes: {
          verb: 'update',
          group: 'universe.ai',
          resource: 'agents',
          subresource: 'status',
          namespace: 'lab',
        },
      },
      { resourceAttributes: { verb: 'get', group: '', resource: 'namespaces', name: 'kube-system' } },
    ]);
  });

  it('are named where they are missing, with the rule that gives them', () => {
    const need = needOf('configmaps');
    const refused = ['list', 'watch'].map((verb) => ({ need, verb, namespace: undefined }));
    const [finding, ...others] = describeRefused([...refused, { need, verb: 'get', namespace: 'lab' }]);
    expect(finding?.message).to.match(
      /^may not list, watch configmaps: children as they are, .*; drift is seen/,
    );
    expect(finding?.remedy).to.equal(
      'Add to the ClusterRole of the operator: {apiGroups: [""], resources: [configmaps], verbs: [list, watch]}',
    );
    expect(others).to.have.length(1);
    expect(others[0]?.remedy).to.include('Role in lab').and.include('verbs: [get]');
  });

  it('are formatted as in the chart', () => {
    const lines = readFileSync(RULES, 'utf8').split('\n');
    for (const need of OPERATOR_NEEDS) expect(lines).to.include(`  - ${formatRule(ruleOf(need))}`);
  });
});
