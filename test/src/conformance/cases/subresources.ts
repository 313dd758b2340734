import { expect } from 'chai';
import { type Area, fact, refused } from '../conformance-case.js';
import {
  claim,
  claims,
  configMap,
  configMaps,
  deployment,
  deployments,
  MERGE_PATCH,
  STRATEGIC_PATCH,
} from '../objects.js';

export const SUBRESOURCES: Area = {
  name: 'subresources',
  cases: [
    fact('a status is not made with the object', async ({ api, namespace }) => {
      const body = { ...claim('made'), status: { phase: 'Bound' } };
      expect((await api.ok('POST', claims(namespace), body)).status).to.deep.equal({ phase: 'Pending' });
    }),
    fact('a status is changed by itself, and nothing else with it', async ({ api, namespace }) => {
      const path = `${claims(namespace)}/status`;
      const made = await api.ok('POST', claims(namespace), claim('status'));
      const changed = await api.ok('PUT', `${path}/status`, {
        ...made,
        metadata: { ...made.metadata, labels: { a: 'b' } },
        spec: { ...made.spec, storageClassName: 'other' },
        status: { phase: 'Lost' },
      });
      expect(changed.status).to.deep.equal({ phase: 'Lost' });
      expect(changed.spec).to.deep.equal(made.spec);
      const updated = await api.ok('PUT', path, { ...changed, status: { phase: 'Bound' } });
      expect(updated.status).to.deep.equal({ phase: 'Lost' });
    }),
    fact('a status is read, and patched by merge', async ({ api, namespace }) => {
      const path = `${deployments(namespace)}/patched/status`;
      await api.ok('POST', deployments(namespace), deployment('patched'));
      const patched = await api.ok('PATCH', path, { status: { observedGeneration: 1 } }, MERGE_PATCH);
      expect(patched.status).to.include({ observedGeneration: 1 });
      expect(patched.metadata.generation).to.equal(1);
      expect((await api.ok('GET', path)).kind).to.equal('Deployment');
    }),
    fact('conditions of a status are merged by type', async ({ api, namespace }) => {
      const path = `${claims(namespace)}/conditions/status`;
      await api.ok('POST', claims(namespace), claim('conditions'));
      const condition = (type: string, status: string) => ({ type, status });
      const patch = (conditions: object[]) =>
        api.ok('PATCH', path, { status: { conditions } }, STRATEGIC_PATCH);
      await patch([condition('A', 'True'), condition('B', 'True')]);
      const { status } = await patch([condition('B', 'False')]);
      const short = status.conditions.map(
        (each: { type: string; status: string }) => `${each.type}=${each.status}`,
      );
      expect(short).to.have.members(['A=True', 'B=False']);
    }),
    fact('a status of an old version is 409', async ({ api, namespace }) => {
      const path = `${claims(namespace)}/old/status`;
      const made = await api.ok('POST', claims(namespace), claim('old'));
      await api.ok('PUT', path, { ...made, status: { phase: 'Lost' } });
      refused(await api.call('PUT', path, { ...made, status: { phase: 'Bound' } }), 409, 'Conflict');
    }),
    fact('a kind without a status has no such path', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('none'));
      refused(await api.call('GET', `${configMaps(namespace)}/none/status`), 404, 'NotFound');
    }),
    fact('the scale is read', async ({ api, namespace }) => {
      const { metadata } = await api.ok('POST', deployments(namespace), deployment('read'));
      const scale = await api.ok('GET', `${deployments(namespace)}/read/scale`);
      expect(scale).to.deep.equal({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: {
          name: 'read',
          namespace,
          uid: metadata.uid,
          resourceVersion: scale.metadata.resourceVersion,
          creationTimestamp: metadata.creationTimestamp,
        },
        spec: {},
        status: { replicas: 0, selector: 'app=read' },
      });
    }),
    fact('kubectl scale: the scale is patched by merge', async ({ api, namespace }) => {
      const path = `${deployments(namespace)}/scaled`;
      await api.ok(
        'POST',
        deployments(namespace),
        deployment('scaled', {}, { nodeSelector: { none: 'none' } }),
      );
      const scale = await api.ok('PATCH', `${path}/scale`, { spec: { replicas: 2 } }, MERGE_PATCH);
      expect(scale.spec).to.deep.equal({ replicas: 2 });
      const { spec, metadata } = await api.ok('GET', path);
      expect(spec.replicas).to.equal(2);
      expect(metadata.generation).to.equal(2);
      await api.ok('PATCH', `${path}/scale`, { spec: { replicas: 0 } }, MERGE_PATCH);
    }),
    fact('the scale of an old version is 409', async ({ api, namespace }) => {
      const path = `${deployments(namespace)}/conflict`;
      await api.ok('POST', deployments(namespace), deployment('conflict'));
      const scale = await api.ok('GET', `${path}/scale`);
      await api.ok('PATCH', path, { metadata: { labels: { a: 'b' } } }, MERGE_PATCH);
      refused(await api.call('PUT', `${path}/scale`, { ...scale, spec: { replicas: 0 } }), 409, 'Conflict');
    }),
    fact('a negative scale is 422', async ({ api, namespace }) => {
      await api.ok('POST', deployments(namespace), deployment('negative'));
      refused(
        await api.call(
          'PATCH',
          `${deployments(namespace)}/negative/scale`,
          { spec: { replicas: -1 } },
          MERGE_PATCH,
        ),
        422,
        'Invalid',
        'Scale.autoscaling "negative" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      );
    }),
    fact('managers note the subresource that they wrote', async ({ api, namespace }) => {
      await api.ok('POST', claims(namespace), claim('manager'));
      const path = `${claims(namespace)}/manager/status?fieldManager=conformance`;
      const { metadata } = await api.ok('PATCH', path, { status: { phase: 'Lost' } }, MERGE_PATCH);
      const entry = metadata.managedFields.find(
        (each: { manager: string }) => each.manager === 'conformance',
      );
      expect(entry).to.include({ operation: 'Update', subresource: 'status' });
    }),
  ],
};
