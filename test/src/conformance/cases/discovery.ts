import { expect } from 'chai';
import type { Json } from '../api-client.js';
import { type Area, fact } from '../conformance-case.js';

const named = (list: readonly Json[], name: string): Json => list.find((each) => each.name === name);

export const DISCOVERY: Area = {
  name: 'discovery',
  cases: [
    fact('the core version is listed', async ({ api }) => {
      const found = await api.ok('GET', '/api');
      expect(found).to.deep.include({ kind: 'APIVersions', versions: ['v1'] });
    }),
    fact('groups are listed with their preferred versions', async ({ api }) => {
      const { kind, apiVersion, groups } = await api.ok('GET', '/apis');
      expect([kind, apiVersion]).to.deep.equal(['APIGroupList', 'v1']);
      for (const name of [
        'apps',
        'networking.k8s.io',
        'coordination.k8s.io',
        'events.k8s.io',
        'apiextensions.k8s.io',
      ]) {
        const version = { groupVersion: `${name}/v1`, version: 'v1' };
        expect(named(groups, name)).to.deep.include({ name, preferredVersion: version });
      }
      const { kind: groupKind, name } = await api.ok('GET', '/apis/apps');
      expect([groupKind, name]).to.deep.equal(['APIGroup', 'apps']);
    }),
    fact('resources are listed with names, verbs and subresources', async ({ api }) => {
      const { kind, groupVersion, resources } = await api.ok('GET', '/apis/apps/v1');
      expect([kind, groupVersion]).to.deep.equal(['APIResourceList', 'apps/v1']);
      const { storageVersionHash: _, ...deployments } = named(resources, 'deployments');
      expect(deployments).to.deep.equal({
        name: 'deployments',
        singularName: 'deployment',
        namespaced: true,
        kind: 'Deployment',
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
        shortNames: ['deploy'],
        categories: ['all'],
      });
      expect(named(resources, 'deployments/status')).to.deep.equal({
        name: 'deployments/status',
        singularName: '',
        namespaced: true,
        kind: 'Deployment',
        verbs: ['get', 'patch', 'update'],
      });
      expect(named(resources, 'deployments/scale')).to.deep.equal({
        name: 'deployments/scale',
        singularName: '',
        namespaced: true,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: ['get', 'patch', 'update'],
      });
    }),
    fact('core resources are listed', async ({ api }) => {
      const { resources } = await api.ok('GET', '/api/v1');
      expect(named(resources, 'configmaps')).to.deep.include({
        shortNames: ['cm'],
        kind: 'ConfigMap',
        namespaced: true,
      });
      expect(named(resources, 'namespaces').namespaced).to.equal(false);
      expect(named(resources, 'persistentvolumeclaims').shortNames).to.deep.equal(['pvc']);
      expect(named(resources, 'pods/exec')).to.deep.include({
        kind: 'PodExecOptions',
        verbs: ['create', 'get'],
      });
      expect(named(resources, 'pods/log')).to.deep.include({ kind: 'Pod', verbs: ['get'] });
    }),
    fact('everything is told at once to clients that ask for it', async ({ api }) => {
      const accept =
        'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';
      for (const path of ['/api', '/apis']) {
        const { headers, body } = await api.call('GET', path, undefined, { headers: { accept } });
        expect(headers['content-type']).to.equal(
          'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
        );
        expect(body).to.include({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
      }
      const { body } = await api.call('GET', '/apis', undefined, { headers: { accept } });
      const apps = body.items.find((each: Json) => each.metadata.name === 'apps');
      const deployments = apps.versions[0].resources.find((each: Json) => each.resource === 'deployments');
      expect(deployments).to.deep.include({
        resource: 'deployments',
        // Group and version are left out where they are those of the resource.
        responseKind: { group: '', version: '', kind: 'Deployment' },
        scope: 'Namespaced',
        singularResource: 'deployment',
        shortNames: ['deploy'],
        categories: ['all'],
      });
      expect(deployments.subresources.map((each: Json) => each.subresource)).to.have.members([
        'scale',
        'status',
      ]);
    }),
    fact('OpenAPI v3 has a document for each group and version', async ({ api }) => {
      const { paths } = await api.ok('GET', '/openapi/v3');
      const { serverRelativeURL } = paths['apis/apps/v1'];
      expect(serverRelativeURL).to.match(/^\/openapi\/v3\/apis\/apps\/v1\?hash=/);
      const { components } = await api.ok('GET', serverRelativeURL);
      const { properties } = components.schemas['io.k8s.api.apps.v1.DeploymentSpec'];
      expect(properties.replicas).to.include({ type: 'integer', format: 'int32' });
      expect(
        components.schemas['io.k8s.api.apps.v1.Deployment']['x-kubernetes-group-version-kind'],
      ).to.deep.equal([{ group: 'apps', kind: 'Deployment', version: 'v1' }]);
    }),
    fact('OpenAPI tells kubectl by which keys lists are merged', async ({ api }) => {
      const { components } = await api.ok('GET', '/openapi/v3/api/v1');
      const { properties } = components.schemas['io.k8s.api.core.v1.PodSpec'];
      expect(properties.containers).to.include({
        'x-kubernetes-patch-merge-key': 'name',
        'x-kubernetes-patch-strategy': 'merge',
      });
      expect(properties.volumes['x-kubernetes-patch-strategy']).to.equal('merge,retainKeys');
    }),
    fact('OpenAPI v2 is there', async ({ api }) => {
      const document = await api.ok('GET', '/openapi/v2', undefined, {
        headers: { accept: 'application/json' },
      });
      expect(document.swagger).to.equal('2.0');
      expect(document.definitions).to.have.property('io.k8s.api.apps.v1.Deployment');
    }),
  ],
};
