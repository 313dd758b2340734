import { ClusterError, type ResourceType } from '@rynxs/kernel';
import { expect } from 'chai';
import { collectionPath, objectPath } from './resource-path.js';
import { CONFIG_MAPS } from './testing/client-harness.test.js';

const DEPLOYMENTS: ResourceType = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};
const NAMESPACES: ResourceType = { ...CONFIG_MAPS, plural: 'namespaces', namespaced: false };

describe('paths of resources', () => {
  it('are below /api for core and below /apis for groups', () => {
    expect(objectPath(CONFIG_MAPS, { namespace: 'a', name: 'b' })).to.equal(
      '/api/v1/namespaces/a/configmaps/b',
    );
    expect(objectPath(DEPLOYMENTS, { namespace: 'a', name: 'b' })).to.equal(
      '/apis/apps/v1/namespaces/a/deployments/b',
    );
    expect(objectPath(NAMESPACES, { name: 'a' })).to.equal('/api/v1/namespaces/a');
  });

  it('span all namespaces when none is given', () => {
    expect(collectionPath(DEPLOYMENTS, undefined)).to.equal('/apis/apps/v1/deployments');
  });

  for (const name of ['', '.', '..', 'a/b']) {
    it(`refuse ${JSON.stringify(name)}, which would name another resource`, () => {
      expect(() => objectPath(CONFIG_MAPS, { namespace: 'a', name }))
        .to.throw(ClusterError)
        .with.property('reason', 'invalid');
      expect(() => objectPath(CONFIG_MAPS, { namespace: name, name: 'b' })).to.throw(ClusterError);
    });
  }

  it('refuse a namespaced object without a namespace', () => {
    expect(() => objectPath(CONFIG_MAPS, { name: 'b' })).to.throw(ClusterError, 'has no namespace');
  });
});
