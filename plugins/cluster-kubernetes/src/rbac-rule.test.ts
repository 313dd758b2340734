import { expect } from 'chai';
import { parse } from 'yaml';
import { rbacRule } from './rbac-rule.js';

describe('rbacRule', () => {
  for (const [verb, resource, rule] of [
    ['list', 'pods', { apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    ['watch', 'agents.universe.ai', { apiGroups: ['universe.ai'], resources: ['agents'], verbs: ['watch'] }],
    [
      'update status of',
      'agents.universe.ai',
      { apiGroups: ['universe.ai'], resources: ['agents/status'], verbs: ['update'] },
    ],
    ['exec into', 'pods', { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] }],
    ['read the log of', 'pods', { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }],
    ['get', '/version', { nonResourceURLs: ['/version'], verbs: ['get'] }],
  ] as const) {
    it(`allows to ${verb} ${resource}`, () => {
      expect(parse(rbacRule({ verb, resource, server: 'https://k8s' }))).to.deep.equal(rule);
    });
  }
});
