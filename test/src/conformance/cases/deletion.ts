import { expect } from 'chai';
import type { Json } from '../api-client.js';
import {
  type Area,
  accepted,
  type CaseContext,
  causesOf,
  fact,
  refused,
  untilAsync,
} from '../conformance-case.js';
import { configMap, configMaps, MERGE_PATCH, pod, pods } from '../objects.js';

const ownedBy = (owner: Json, blockOwnerDeletion = false): Json => ({
  ownerReferences: [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: owner.metadata.name,
      uid: owner.metadata.uid,
      blockOwnerDeletion,
    },
  ],
});

/** An owner and an object that it owns. */
async function family(
  { api, namespace }: CaseContext,
  name: string,
): Promise<{ owner: string; owned: string }> {
  const path = configMaps(namespace);
  const owner = await api.ok('POST', path, configMap(name));
  await api.ok('POST', path, configMap(`${name}-owned`, {}, ownedBy(owner, true)));
  return { owner: `${path}/${name}`, owned: `${path}/${name}-owned` };
}

const isGone =
  ({ api }: CaseContext, path: string) =>
  async () =>
    (await api.call('GET', path)).code === 404;

export const DELETION: Area = {
  name: 'deletion',
  cases: [
    fact('deleting answers with a Status that names what went', async ({ api, namespace }) => {
      const { metadata } = await api.ok('POST', configMaps(namespace), configMap('plain'));
      const status = accepted(await api.call('DELETE', `${configMaps(namespace)}/plain`));
      expect(status).to.deep.equal({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: 'plain', kind: 'configmaps', uid: metadata.uid },
      });
      refused(await api.call('GET', `${configMaps(namespace)}/plain`), 404, 'NotFound');
    }),
    fact('a uid that does not fit is 409', async ({ api, namespace }) => {
      const { metadata } = await api.ok('POST', configMaps(namespace), configMap('uid'));
      const uid = '00000000-0000-4000-8000-000000000000';
      refused(
        await api.call('DELETE', `${configMaps(namespace)}/uid`, { preconditions: { uid } }),
        409,
        'Conflict',
        `Operation cannot be fulfilled on ConfigMap "uid": the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
      );
    }),
    fact('a resource version that does not fit is 409', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}/version`;
      const first = await api.ok('POST', configMaps(namespace), configMap('version'));
      const second = await api.ok('PATCH', path, { data: { a: '1' } }, MERGE_PATCH);
      const { resourceVersion } = first.metadata;
      refused(
        await api.call('DELETE', path, { preconditions: { uid: first.metadata.uid, resourceVersion } }),
        409,
        'Conflict',
        `Operation cannot be fulfilled on ConfigMap "version": the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${second.metadata.resourceVersion}). The object might have been modified`,
      );
      const { uid, resourceVersion: newest } = second.metadata;
      accepted(await api.call('DELETE', path, { preconditions: { uid, resourceVersion: newest } }));
    }),
    fact('finalizers hold an object, marked for deletion', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}/held`;
      await api.ok(
        'POST',
        configMaps(namespace),
        configMap('held', {}, { finalizers: ['example.org/hold'] }),
      );
      const held = accepted(await api.call('DELETE', path));
      expect(held.kind).to.equal('ConfigMap');
      expect(held.metadata.deletionTimestamp).to.match(/Z$/);
      expect(held.metadata.deletionGracePeriodSeconds).to.equal(0);
      const again = accepted(await api.call('DELETE', path));
      expect(again.metadata.deletionTimestamp).to.equal(held.metadata.deletionTimestamp);
      const status = refused(
        await api.call(
          'PATCH',
          path,
          { metadata: { finalizers: ['example.org/hold', 'example.org/new'] } },
          MERGE_PATCH,
        ),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal([
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.org/new"}',
      ]);
      accepted(await api.call('PATCH', path, { metadata: { finalizers: [] } }, MERGE_PATCH));
      refused(await api.call('GET', path), 404, 'NotFound');
    }),
    fact('an update may change an object that is being deleted', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}/deleting`;
      await api.ok(
        'POST',
        configMaps(namespace),
        configMap('deleting', {}, { finalizers: ['example.org/hold'] }),
      );
      await api.ok('DELETE', path);
      expect((await api.ok('PATCH', path, { data: { a: '1' } }, MERGE_PATCH)).data).to.deep.equal({ a: '1' });
      await api.ok('PATCH', path, { metadata: { finalizers: null } }, MERGE_PATCH);
    }),
    fact('a finalizer without a domain is refused', async ({ api, namespace }) => {
      const { code, body } = await api.call(
        'POST',
        configMaps(namespace),
        configMap('bad-finalizer', {}, { finalizers: ['hold'] }),
      );
      expect(code).to.equal(422);
      expect(causesOf(body)).to.deep.equal([
        'metadata.finalizers[0]: Invalid value: "hold": name is neither a standard finalizer name nor is it fully qualified',
      ]);
    }),
    fact('a propagation policy that does not exist is 422', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('policy'));
      refused(
        await api.call('DELETE', `${configMaps(namespace)}/policy`, { propagationPolicy: 'Sideways' }),
        422,
        'Invalid',
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"',
      );
    }),
    fact('a propagation policy and orphanDependents do not go together', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('both'));
      refused(
        await api.call('DELETE', `${configMaps(namespace)}/both`, {
          propagationPolicy: 'Orphan',
          orphanDependents: true,
        }),
        422,
        'Invalid',
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
      );
    }),
    fact('a foreground deletion waits behind a finalizer', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}/foreground`;
      await api.ok(
        'POST',
        configMaps(namespace),
        configMap('foreground', {}, { finalizers: ['example.org/hold'] }),
      );
      const held = accepted(await api.call('DELETE', path, { propagationPolicy: 'Foreground' }));
      expect(held.metadata.finalizers).to.have.members(['example.org/hold', 'foregroundDeletion']);
      await api.ok('PATCH', path, { metadata: { finalizers: null } }, MERGE_PATCH);
    }),
    fact('the options may stand in the query', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}/query`;
      await api.ok(
        'POST',
        configMaps(namespace),
        configMap('query', {}, { finalizers: ['example.org/hold'] }),
      );
      const held = accepted(await api.call('DELETE', `${path}?propagationPolicy=Orphan`));
      expect(held.metadata.finalizers).to.have.members(['example.org/hold', 'orphan']);
      await api.ok('PATCH', path, { metadata: { finalizers: null } }, MERGE_PATCH);
    }),
    fact('a collection is deleted by selector', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      for (const name of ['a', 'b', 'c']) {
        const labels = { many: name === 'c' ? 'other' : 'yes' };
        await api.ok('POST', path, configMap(`many-${name}`, {}, { labels }));
      }
      const deleted = accepted(await api.call('DELETE', `${path}?labelSelector=many%3Dyes`));
      expect(deleted.kind).to.equal('ConfigMapList');
      expect(deleted.items.map((each: Json) => each.metadata.name)).to.have.members(['many-a', 'many-b']);
      refused(await api.call('GET', `${path}/many-a`), 404, 'NotFound');
      accepted(await api.call('GET', `${path}/many-c`));
    }),
    fact('a pod that no node has goes at once', async ({ api, namespace }) => {
      await api.ok('POST', pods(namespace), pod('unscheduled'));
      accepted(await api.call('DELETE', `${pods(namespace)}/unscheduled`));
      refused(await api.call('GET', `${pods(namespace)}/unscheduled`), 404, 'NotFound');
    }),
    fact('a name can be used again at once, with another uid', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      const first = await api.ok('POST', path, configMap('again'));
      await api.ok('DELETE', `${path}/again`);
      const second = await api.ok('POST', path, configMap('again'));
      expect(second.metadata.uid).not.to.equal(first.metadata.uid);
    }),
    fact(
      'what an object owned goes after it',
      async (context) => {
        const { owner, owned } = await family(context, 'background');
        await context.api.ok('DELETE', owner, { propagationPolicy: 'Background' });
        refused(await context.api.call('GET', owner), 404, 'NotFound');
        await untilAsync(isGone(context, owned), 'the end of the owned object', 60_000);
      },
      'controllers',
    ),
    fact(
      'what an object owned goes before it in the foreground',
      async (context) => {
        const { owner, owned } = await family(context, 'before');
        await context.api.ok('DELETE', owner, { propagationPolicy: 'Foreground' });
        await untilAsync(isGone(context, owner), 'the end of the owner', 60_000);
        refused(await context.api.call('GET', owned), 404, 'NotFound');
      },
      'controllers',
    ),
    fact(
      'what an object owned stays as an orphan, without its reference',
      async (context) => {
        const { owner, owned } = await family(context, 'orphan');
        await context.api.ok('DELETE', owner, { propagationPolicy: 'Orphan' });
        await untilAsync(isGone(context, owner), 'the end of the owner', 60_000);
        expect((await context.api.ok('GET', owned)).metadata).not.to.have.property('ownerReferences');
      },
      'controllers',
    ),
    fact(
      'an object whose owner was never there goes',
      async (context) => {
        const { api, namespace } = context;
        const owner = { metadata: { name: 'nobody', uid: '00000000-0000-4000-8000-000000000001' } };
        await api.ok('POST', configMaps(namespace), configMap('ownerless', {}, ownedBy(owner)));
        await untilAsync(
          isGone(context, `${configMaps(namespace)}/ownerless`),
          'the end of the object',
          60_000,
        );
      },
      'controllers',
    ),
    fact('a namespace that ends takes nothing new', async ({ api }) => {
      const { metadata } = await api.ok('POST', '/api/v1/namespaces', {
        metadata: { generateName: 'conformance-end-' },
      });
      const path = `/api/v1/namespaces/${metadata.name}`;
      const held = configMap('held', {}, { finalizers: ['example.org/hold'] });
      await api.ok('POST', configMaps(metadata.name), held);
      const ending = await api.ok('DELETE', path);
      expect(ending.status.phase).to.equal('Terminating');
      const status = refused(
        await api.call('POST', configMaps(metadata.name), configMap('late')),
        403,
        'Forbidden',
        `configmaps "late" is forbidden: unable to create new content in namespace ${metadata.name} because it is being terminated`,
      );
      expect(status.details.causes).to.deep.equal([
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${metadata.name} is being terminated`,
          field: 'metadata.namespace',
        },
      ]);
      await api.ok(
        'PATCH',
        `${configMaps(metadata.name)}/held`,
        { metadata: { finalizers: null } },
        MERGE_PATCH,
      );
    }),
  ],
};
