import { expect } from 'chai';
import { type Area, accepted, causesOf, fact, refused } from '../conformance-case.js';
import {
  configMap,
  configMaps,
  deployment,
  deployments,
  leases,
  MERGE_PATCH,
  networkPolicy,
  pod,
  pods,
  policies,
} from '../objects.js';

export const OBJECTS: Area = {
  name: 'objects',
  cases: [
    fact('creating gives uid, resource version, time and manager', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}?fieldManager=conformance`;
      const { metadata, data } = accepted(await api.call('POST', path, configMap('made', { a: '1' })), 201);
      expect(metadata.uid).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(metadata.resourceVersion).to.match(/^\d+$/);
      expect(metadata.creationTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(metadata.namespace).to.equal(namespace);
      expect(metadata).not.to.have.property('generation');
      const [{ time, fieldsV1: _, ...manager }] = metadata.managedFields;
      expect(time).to.match(/Z$/);
      expect(manager).to.deep.equal({
        manager: 'conformance',
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
      });
      expect(data).to.deep.equal({ a: '1' });
    }),
    fact('a name that is taken is 409 AlreadyExists', async ({ api, namespace }) => {
      await api.ok('POST', deployments(namespace), deployment('taken'));
      const status = refused(
        await api.call('POST', deployments(namespace), deployment('taken')),
        409,
        'AlreadyExists',
        'deployments.apps "taken" already exists',
      );
      expect(status.details).to.deep.equal({ name: 'taken', group: 'apps', kind: 'deployments' });
    }),
    fact('what is not there is 404 NotFound', async ({ api, namespace }) => {
      const status = refused(
        await api.call('GET', `${configMaps(namespace)}/none`),
        404,
        'NotFound',
        'configmaps "none" not found',
      );
      expect(status.details).to.deep.equal({ name: 'none', kind: 'configmaps' });
      refused(await api.call('PUT', `${configMaps(namespace)}/none`, configMap('none')), 404, 'NotFound');
      refused(await api.call('PATCH', `${configMaps(namespace)}/none`, {}, MERGE_PATCH), 404, 'NotFound');
      refused(await api.call('DELETE', `${configMaps(namespace)}/none`), 404, 'NotFound');
    }),
    fact('a namespace that is not there is 404 to writers', async ({ api }) => {
      refused(
        await api.call('POST', configMaps('conformance-none'), configMap('a')),
        404,
        'NotFound',
        'namespaces "conformance-none" not found',
      );
    }),
    fact('names are made from generateName', async ({ api, namespace }) => {
      const body = { metadata: { generateName: 'made-' } };
      const { metadata } = accepted(await api.call('POST', configMaps(namespace), body), 201);
      expect(metadata.name).to.match(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      expect(metadata.generateName).to.equal('made-');
    }),
    fact('an object without a name is 422', async ({ api, namespace }) => {
      refused(
        await api.call('POST', configMaps(namespace), { metadata: {} }),
        422,
        'Invalid',
        'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      );
    }),
    fact('a name that is none is 422', async ({ api, namespace }) => {
      const status = refused(await api.call('POST', configMaps(namespace), configMap('A_b')), 422, 'Invalid');
      expect(status.details).to.deep.include({ name: 'A_b', kind: 'ConfigMap' });
      expect(causesOf(status)).to.deep.equal([
        "metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ]);
    }),
    fact('labels and annotations that are none are 422', async ({ api, namespace }) => {
      const metadata = { labels: { 'a b': 'c', ok: 'x y' }, annotations: { '/': '' } };
      const status = refused(
        await api.call('POST', configMaps(namespace), configMap('labels', {}, metadata)),
        422,
        'Invalid',
      );
      // A real API server goes through labels in no order.
      expect(causesOf(status)).to.have.members([
        "metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        "metadata.labels: Invalid value: \"x y\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        'metadata.annotations: Invalid value: "/": prefix part must be non-empty',
        'metadata.annotations: Invalid value: "/": name part must be non-empty',
        "metadata.annotations: Invalid value: \"/\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ]);
    }),
    fact('creating with a resource version is refused', async ({ api, namespace }) => {
      const body = configMap('versioned', {}, { resourceVersion: '1' });
      const { code, body: status } = await api.call('POST', configMaps(namespace), body);
      // The one refusal without a reason, and the server's fault by its code.
      expect([code, status.message, status.reason]).to.deep.equal([
        500,
        'resourceVersion should not be set on objects to be created',
        undefined,
      ]);
    }),
    fact('another namespace than that of the path is 400', async ({ api, namespace }) => {
      refused(
        await api.call('POST', configMaps(namespace), configMap('elsewhere', {}, { namespace: 'default' })),
        400,
        'BadRequest',
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    }),
    fact('another name than that of the path is 400', async ({ api, namespace }) => {
      await api.ok('POST', configMaps(namespace), configMap('named'));
      refused(
        await api.call('PUT', `${configMaps(namespace)}/named`, configMap('other')),
        400,
        'BadRequest',
        'the name of the object (other) does not match the name on the URL (named)',
      );
    }),
    fact('an update of an old version is 409 Conflict', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      const first = await api.ok('POST', path, configMap('stale', { a: '1' }));
      const second = await api.ok('PUT', `${path}/stale`, { ...first, data: { a: '2' } });
      expect(Number(second.metadata.resourceVersion)).to.be.above(Number(first.metadata.resourceVersion));
      const status = refused(
        await api.call('PUT', `${path}/stale`, { ...first, data: { a: '3' } }),
        409,
        'Conflict',
        'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
      );
      expect(status.details).to.deep.equal({ name: 'stale', kind: 'configmaps' });
      expect((await api.ok('GET', `${path}/stale`)).data).to.deep.equal({ a: '2' });
    }),
    fact('an update of another uid is 409 Conflict', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      const { metadata } = await api.ok('POST', path, configMap('uid'));
      const uid = '00000000-0000-4000-8000-000000000000';
      refused(
        await api.call('PUT', `${path}/uid`, configMap('uid', {}, { uid })),
        409,
        'Conflict',
        new RegExp(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}$`),
      );
    }),
    fact('an update without a version overwrites what is there', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      await api.ok('POST', path, configMap('blind', { a: '1' }));
      expect((await api.ok('PUT', `${path}/blind`, configMap('blind', { a: '2' }))).data).to.deep.equal({
        a: '2',
      });
    }),
    fact('an update that changes nothing writes nothing', async ({ api, namespace }) => {
      const first = await api.ok('POST', policies(namespace), networkPolicy('same', {}));
      expect(await api.ok('PUT', `${policies(namespace)}/same`, first)).to.deep.equal(first);
    }),
    fact('the generation rises with the spec alone', async ({ api, namespace }) => {
      const path = `${deployments(namespace)}/generation`;
      const first = await api.ok('POST', deployments(namespace), deployment('generation'));
      expect(first.metadata.generation).to.equal(1);
      const labelled = await api.ok('PATCH', path, { metadata: { labels: { a: 'b' } } }, MERGE_PATCH);
      expect(labelled.metadata.generation).to.equal(1);
      const changed = await api.ok('PATCH', path, { spec: { paused: true } }, MERGE_PATCH);
      expect(changed.metadata.generation).to.equal(2);
    }),
    fact('the generation of a Deployment rises with its annotations, too', async ({ api, namespace }) => {
      const path = `${deployments(namespace)}/annotated`;
      await api.ok('POST', deployments(namespace), deployment('annotated', { paused: true }));
      const patch = { metadata: { annotations: { note: 'x' } } };
      expect((await api.ok('PATCH', path, patch, MERGE_PATCH)).metadata.generation).to.equal(2);
    }),
    fact(
      'annotations of a Deployment can be changed with its status, which leaves the generation',
      async ({ api, namespace }) => {
        const path = `${deployments(namespace)}/status-annotated`;
        await api.ok('POST', deployments(namespace), deployment('status-annotated', { paused: true }));
        const patch = {
          metadata: { annotations: { note: 'x' }, labels: { a: 'b' } },
          status: { replicas: 0 },
        };
        const { metadata } = await api.ok('PATCH', `${path}/status`, patch, MERGE_PATCH);
        expect(metadata.annotations).to.include({ note: 'x' });
        expect(metadata).not.to.have.property('labels');
        expect(metadata.generation).to.equal(1);
      },
    ),
    fact('a client cannot change what only the server decides', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      const first = await api.ok('POST', path, configMap('server'));
      const metadata = {
        ...first.metadata,
        creationTimestamp: '2000-01-01T00:00:00Z',
        selfLink: '/x',
        labels: { changed: 'true' },
      };
      const second = await api.ok('PUT', `${path}/server`, { ...first, metadata });
      expect(second.metadata).to.include({ creationTimestamp: first.metadata.creationTimestamp });
      expect(second.metadata).not.to.have.property('deletionTimestamp');
    }),
    ...['uid', 'deletionTimestamp'].map((field) =>
      fact(`a client cannot set the ${field}`, async ({ api, namespace }) => {
        const name = `set-${field.toLowerCase()}`;
        const value = field === 'uid' ? '1' : '2000-01-01T00:00:00Z';
        await api.ok('POST', configMaps(namespace), configMap(name));
        const patch = { metadata: { [field]: value } };
        const answer = await api.call('PATCH', `${configMaps(namespace)}/${name}`, patch, MERGE_PATCH);
        expect(causesOf(refused(answer, 422, 'Invalid'))).to.deep.equal([
          `metadata.${field}: Invalid value: "${value}": field is immutable`,
        ]);
      }),
    ),
    fact('owner references are checked', async ({ api, namespace }) => {
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '1', controller: true };
      const ownerReferences = [
        owner,
        { ...owner, uid: '2' },
        { apiVersion: 'v1', kind: 'ConfigMap', name: '', uid: '' },
      ];
      const status = refused(
        await api.call('POST', configMaps(namespace), configMap('owned', {}, { ownerReferences })),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.have.members([
        `metadata.ownerReferences: Invalid value: ${JSON.stringify(ownerReferences)}: Only one reference can have Controller set to true. Found "true" in references for ConfigMap/x and ConfigMap/x`,
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      ]);
    }),
    fact('immutable ConfigMaps stay as they are', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      await api.ok('POST', path, { ...configMap('fixed', { a: '1' }), immutable: true });
      const status = refused(
        await api.call('PATCH', `${path}/fixed`, { data: { a: '2' } }, MERGE_PATCH),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal(['data: Forbidden: field is immutable when `immutable` is set']);
    }),
    fact('an update may make a Lease', async ({ api, namespace }) => {
      const lease = { metadata: { name: 'by-put' }, spec: { holderIdentity: 'a' } };
      const made = accepted(await api.call('PUT', `${leases(namespace)}/by-put`, lease), 201);
      expect(made.metadata.uid).to.match(/^[0-9a-f-]{36}$/);
    }),
    fact('two writers of one version have one winner', async ({ api, namespace }) => {
      const path = configMaps(namespace);
      const first = await api.ok('POST', path, configMap('race'));
      const writes = Array.from({ length: 8 }, (_, index) =>
        api.call('PUT', `${path}/race`, { ...first, data: { winner: String(index) } }),
      );
      const codes = (await Promise.all(writes)).map(({ code }) => code);
      expect(codes.filter((code) => code === 200)).to.have.lengthOf(1);
      expect(codes.filter((code) => code === 409)).to.have.lengthOf(7);
    }),
    fact('the log of a Pod that is not there is 404', async ({ api, namespace }) => {
      refused(await api.call('GET', `${pods(namespace)}/none/log`), 404, 'NotFound', 'pods "none" not found');
    }),
    fact('a Pod that has no node yet has an empty log', async ({ api, namespace }) => {
      await api.ok('POST', pods(namespace), pod('no-log'));
      expect((await api.call('GET', `${pods(namespace)}/no-log/log`)).code).to.equal(204);
    }),
    fact('a Pod that has no node yet cannot be executed in', async ({ api, namespace }) => {
      await api.ok('POST', pods(namespace), pod('no-exec'));
      refused(
        await api.call('GET', `${pods(namespace)}/no-exec/exec?command=true&stdout=true`),
        400,
        'BadRequest',
        'pod no-exec does not have a host assigned',
      );
    }),
  ],
};
