import { expect } from 'chai';
import type { JsonObject } from '../storage/json.js';
import { deployment, TestCluster } from '../testing/test-cluster.test.js';

type Meta = JsonObject & { uid: string; resourceVersion: string; generation: number };
const metaOf = (object: JsonObject) => object.metadata as Meta;

describe('objects over HTTPS', () => {
  let cluster: TestCluster;
  let ns: string;
  let configMaps: string;
  let deployments: string;
  before(async () => {
    // No controllers: nothing but the test writes.
    cluster = await TestCluster.start({ controllersEnabled: false });
  });
  after(() => cluster[Symbol.asyncDispose]());
  beforeEach(async () => {
    ns = await cluster.namespace();
    configMaps = `/api/v1/namespaces/${ns}/configmaps`;
    deployments = `/apis/apps/v1/namespaces/${ns}/deployments`;
  });

  describe('create', () => {
    it('gives uid, resource version, time and manager', async () => {
      const headers = { 'user-agent': 'tester/1.0' };
      const made = await cluster.ok('POST', configMaps, { metadata: { name: 'a' } }, { headers });
      expect(made).to.include({ apiVersion: 'v1', kind: 'ConfigMap' });
      expect(metaOf(made).uid).to.match(/^[0-9a-f-]{36}$/);
      expect(Number(metaOf(made).resourceVersion)).to.be.greaterThan(0);
      expect(metaOf(made).creationTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(metaOf(made).managedFields).to.have.nested.property('[0].manager', 'tester');
      expect(await cluster.ok('GET', `${configMaps}/a`)).to.deep.equal(made);
    });

    it('answers 409 AlreadyExists', async () => {
      await cluster.ok('POST', configMaps, { metadata: { name: 'a' } });
      const { code, body } = await cluster.call('POST', configMaps, { metadata: { name: 'a' } });
      expect(code).to.equal(409);
      expect(body).to.include({ reason: 'AlreadyExists', message: 'configmaps "a" already exists' });
    });

    it('makes names from generateName', async () => {
      const made = await cluster.ok('POST', configMaps, { metadata: { generateName: 'a-' } });
      expect(metaOf(made).name).to.match(/^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    });

    it('answers 404 in a namespace that does not exist', async () => {
      const { code, body } = await cluster.call('POST', '/api/v1/namespaces/none/configmaps', {
        metadata: { name: 'a' },
      });
      expect([code, body.message]).to.deep.equal([404, 'namespaces "none" not found']);
    });

    it('answers 400 when URL and object disagree', async () => {
      const elsewhere = await cluster.call('POST', configMaps, { metadata: { name: 'a', namespace: 'b' } });
      expect(elsewhere.code).to.equal(400);
      const kind = await cluster.call('POST', configMaps, { kind: 'Secret', metadata: { name: 'a' } });
      expect(kind.code).to.equal(400);
      const version = await cluster.call('POST', configMaps, { apiVersion: 'v2', metadata: { name: 'a' } });
      expect(version.code).to.equal(400);
    });

    it('stores nothing in a dry run', async () => {
      const made = await cluster.ok('POST', `${configMaps}?dryRun=All`, { metadata: { name: 'a' } });
      expect(metaOf(made).uid).to.be.a('string');
      expect((await cluster.call('GET', `${configMaps}/a`)).code).to.equal(404);
      const unknown = await cluster.call('POST', `${configMaps}?dryRun=Some`, { metadata: { name: 'a' } });
      expect(unknown.code).to.equal(422);
    });

    it('reports every field that is wrong, as the API server words it', async () => {
      const bad = deployment('Bad_Name', {
        replicas: -1,
        selector: { matchLabels: { app: 'other' } },
        template: {
          metadata: { labels: { app: 'x' } },
          spec: {
            containers: [
              { name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] },
              { name: 'c', image: '', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
            ],
          },
        },
      });
      const { code, body } = await cluster.call('POST', deployments, bad);
      expect(code).to.equal(422);
      expect(body.reason).to.equal('Invalid');
      expect(body.message).to.match(/^Deployment\.apps "Bad_Name" is invalid: \[/);
      const { causes } = body.details as unknown as {
        causes: { field: string; reason: string; message: string }[];
      };
      expect(causes.map((cause) => `${cause.reason} ${cause.field}`)).to.have.members([
        'FieldValueInvalid metadata.name',
        'FieldValueInvalid spec.replicas',
        'FieldValueInvalid spec.template.metadata.labels',
        'FieldValueNotFound spec.template.spec.containers[0].volumeMounts[0].name',
        'FieldValueDuplicate spec.template.spec.containers[1].name',
        'FieldValueRequired spec.template.spec.containers[1].image',
        'FieldValueInvalid spec.template.spec.containers[1].resources.requests',
      ]);
    });

    it('defaults as the API server does', async () => {
      const made = await cluster.ok('POST', deployments, deployment('a'));
      const spec = made.spec as JsonObject;
      expect(spec).to.deep.include({
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      });
      expect((spec.template as JsonObject).spec).to.deep.equal({
        containers: [
          {
            name: 'main',
            image: 'busybox:1',
            imagePullPolicy: 'IfNotPresent',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
        ],
        dnsPolicy: 'ClusterFirst',
        restartPolicy: 'Always',
        schedulerName: 'default-scheduler',
        securityContext: {},
        terminationGracePeriodSeconds: 30,
      });
    });
  });

  describe('field validation', () => {
    const withUnknown = { metadata: { name: 'a', lables: {} }, dta: { a: 'b' } };

    it('warns of unknown fields by default and drops them', async () => {
      const { code, headers, body } = await cluster.call('POST', configMaps, structuredClone(withUnknown));
      expect(code).to.equal(201);
      expect(headers.warning).to.contain('unknown field \\"dta\\"').and.contain('metadata.lables');
      expect(body).not.to.have.property('dta');
    });

    it('refuses them when strict', async () => {
      const { code, body } = await cluster.call('POST', `${configMaps}?fieldValidation=Strict`, withUnknown);
      expect(code).to.equal(400);
      expect(body.message).to.equal(
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "metadata.lables", unknown field "dta"',
      );
    });

    it('says nothing when told to ignore them', async () => {
      const answer = await cluster.call('POST', `${configMaps}?fieldValidation=Ignore`, withUnknown);
      expect(answer.code).to.equal(201);
      expect(answer.headers).not.to.have.property('warning');
    });

    it('refuses values of a wrong type whatever is asked', async () => {
      const { code, body } = await cluster.call('POST', `${deployments}?fieldValidation=Ignore`, {
        ...deployment('a', { replicas: 'two' }),
      });
      expect(code).to.equal(400);
      expect(body.message).to.contain(
        'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
      );
    });

    it('keeps a field named __proto__ from doing harm', async () => {
      const body = Buffer.from(
        '{"metadata":{"name":"a"},"data":{"__proto__":"x"},"__proto__":{"kind":"Secret"}}',
      );
      const { code } = await cluster.call('POST', configMaps, body);
      expect(code).to.equal(201);
      expect(({} as JsonObject).kind).to.equal(undefined);
    });
  });

  describe('update', () => {
    it('raises the generation with the spec, and only with it', async () => {
      const made = await cluster.ok('POST', deployments, deployment('a'));
      expect(metaOf(made).generation).to.equal(1);
      const labelled = await cluster.ok('PUT', `${deployments}/a`, {
        ...made,
        metadata: { ...metaOf(made), labels: { a: 'b' } },
      });
      expect(metaOf(labelled).generation).to.equal(1);
      const scaled = await cluster.ok('PUT', `${deployments}/a`, {
        ...labelled,
        spec: { ...(labelled.spec as JsonObject), replicas: 2 },
      });
      expect(metaOf(scaled).generation).to.equal(2);
      expect(metaOf(scaled).uid).to.equal(metaOf(made).uid);
    });

    it('answers 409 Conflict to an old resource version and to another uid', async () => {
      const made = await cluster.ok('POST', configMaps, { metadata: { name: 'a' } });
      await cluster.ok('PUT', `${configMaps}/a`, { ...made, data: { a: '1' } });
      const stale = await cluster.call('PUT', `${configMaps}/a`, { ...made, data: { a: '2' } });
      expect(stale.code).to.equal(409);
      expect(stale.body).to.include({
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
      });
      const other = await cluster.call('PUT', `${configMaps}/a`, {
        metadata: { name: 'a', uid: '00000000-0000-0000-0000-000000000000' },
      });
      expect(other.code).to.equal(409);
      expect((await cluster.ok('GET', `${configMaps}/a`)).data).to.deep.equal({ a: '1' });
    });

    it('writes nothing when nothing changes', async () => {
      const made = await cluster.ok('POST', configMaps, { metadata: { name: 'a' }, data: { a: 'b' } });
      const again = await cluster.ok('PUT', `${configMaps}/a`, made, {
        headers: { 'user-agent': 'other/1' },
      });
      expect(again).to.deep.equal(made);
    });

    it('overwrites without a resource version, but not a Lease', async () => {
      await cluster.ok('POST', configMaps, { metadata: { name: 'a' } });
      await cluster.ok('PUT', `${configMaps}/a`, { metadata: { name: 'a' }, data: { a: 'b' } });
      const leases = `/apis/coordination.k8s.io/v1/namespaces/${ns}/leases`;
      await cluster.ok('POST', leases, { metadata: { name: 'l' }, spec: {} });
      const { code, body } = await cluster.call('PUT', `${leases}/l`, { metadata: { name: 'l' }, spec: {} });
      expect(code).to.equal(422);
      expect(body.message).to.contain(
        'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      );
    });

    it('refuses to change what cannot change', async () => {
      const made = await cluster.ok('POST', deployments, deployment('a'));
      const labels = { app: 'b' };
      const changed = deployment('a', {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      });
      const { code, body } = await cluster.call('PUT', `${deployments}/a`, changed);
      expect(code).to.equal(422);
      expect(body.message).to.contain('spec.selector').and.contain('field is immutable');
      const renamed = await cluster.call('PUT', `${deployments}/b`, made);
      expect(renamed.code).to.equal(400);
    });

    it('keeps a client from changing what only the server decides', async () => {
      const made = await cluster.ok('POST', configMaps, { metadata: { name: 'a' } });
      const updated = await cluster.ok('PUT', `${configMaps}/a`, {
        ...made,
        metadata: { ...metaOf(made), creationTimestamp: null, generation: 7 },
        data: { a: 'b' },
      });
      expect(metaOf(updated).creationTimestamp).to.equal(metaOf(made).creationTimestamp);
      expect(metaOf(updated)).not.to.have.property('generation');
    });
  });

  describe('status subresource', () => {
    it('changes the status and nothing else; the main resource changes all but the status', async () => {
      const made = await cluster.ok('POST', deployments, { ...deployment('a'), status: { replicas: 9 } });
      expect(made.status).to.deep.equal({});
      const reported = await cluster.ok('PUT', `${deployments}/a/status`, {
        ...made,
        spec: { ...(made.spec as JsonObject), replicas: 5 },
        status: { replicas: 3 },
      });
      expect(reported.status).to.deep.equal({ replicas: 3 });
      expect((reported.spec as JsonObject).replicas).to.equal(1);
      expect(metaOf(reported).generation).to.equal(1);
      const updated = await cluster.ok('PUT', `${deployments}/a`, {
        ...reported,
        spec: { ...(made.spec as JsonObject), replicas: 2 },
        status: { replicas: 7 },
      });
      expect(updated.status).to.deep.equal({ replicas: 3 });
      expect((updated.spec as JsonObject).replicas).to.equal(2);
    });

    it('is patched, too', async () => {
      await cluster.ok('POST', deployments, deployment('a'));
      const patched = await cluster.ok(
        'PATCH',
        `${deployments}/a/status`,
        { status: { replicas: 2 }, spec: { replicas: 8 } },
        { type: 'application/merge-patch+json' },
      );
      expect(patched.status).to.deep.equal({ replicas: 2 });
      expect((patched.spec as JsonObject).replicas).to.equal(1);
    });

    it('is not there for kinds without a status', async () => {
      await cluster.ok('POST', configMaps, { metadata: { name: 'a' } });
      expect((await cluster.call('PUT', `${configMaps}/a/status`, {})).code).to.equal(404);
    });
  });

  describe('scale subresource', () => {
    it('reads and writes the number of replicas', async () => {
      await cluster.ok('POST', deployments, deployment('a'));
      const scale = await cluster.ok('GET', `${deployments}/a/scale`);
      expect(scale).to.deep.include({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 1 } });
      await cluster.ok('PUT', `${deployments}/a/scale`, { ...scale, spec: { replicas: 4 } });
      const merge = { type: 'application/merge-patch+json' };
      await cluster.ok('PATCH', `${deployments}/a/scale`, { spec: { replicas: 6 } }, merge);
      expect((await cluster.ok('GET', `${deployments}/a`)).spec).to.have.property('replicas', 6);
      const stale = await cluster.call('PUT', `${deployments}/a/scale`, { ...scale, spec: { replicas: 1 } });
      expect(stale.code).to.equal(409);
      const negative = await cluster.call(
        'PATCH',
        `${deployments}/a/scale`,
        { spec: { replicas: -1 } },
        merge,
      );
      expect(negative.code).to.equal(422);
    });
  });

  describe('delete', () => {
    it('answers with a Status that names what went', async () => {
      const made = await cluster.ok('POST', configMaps, { metadata: { name: 'a' } });
      const answer = await cluster.ok('DELETE', `${configMaps}/a`);
      expect(answer).to.deep.include({
        status: 'Success',
        details: { name: 'a', kind: 'configmaps', uid: metaOf(made).uid },
      });
      expect((await cluster.call('DELETE', `${configMaps}/a`)).code).to.equal(404);
    });

    it('keeps its preconditions', async () => {
      const made = await cluster.ok('POST', configMaps, { metadata: { name: 'a' } });
      for (const preconditions of [{ uid: 'other' }, { resourceVersion: '1' }]) {
        const { code, body } = await cluster.call('DELETE', `${configMaps}/a`, { preconditions });
        expect([code, body.reason]).to.deep.equal([409, 'Conflict']);
      }
      const { uid, resourceVersion } = metaOf(made);
      await cluster.ok('DELETE', `${configMaps}/a`, { preconditions: { uid, resourceVersion } });
    });

    it('waits for finalizers and refuses new ones meanwhile', async () => {
      const made = await cluster.ok('POST', configMaps, {
        metadata: { name: 'a', finalizers: ['example.org/wait'] },
      });
      const marked = await cluster.ok('DELETE', `${configMaps}/a`);
      expect(metaOf(marked).deletionTimestamp).to.be.a('string');
      const grown = await cluster.call('PUT', `${configMaps}/a`, {
        ...made,
        metadata: { name: 'a', finalizers: ['example.org/wait', 'example.org/more'] },
      });
      expect(grown.code).to.equal(422);
      await cluster.ok('PUT', `${configMaps}/a`, { metadata: { name: 'a' } });
      expect((await cluster.call('GET', `${configMaps}/a`)).code).to.equal(404);
    });

    it('deletes collections by selector', async () => {
      for (const [name, tier] of [
        ['a', 'x'],
        ['b', 'x'],
        ['c', 'y'],
      ]) {
        await cluster.ok('POST', configMaps, { metadata: { name, labels: { tier } } });
      }
      const { items } = (await cluster.ok('DELETE', `${configMaps}?labelSelector=tier%3Dx`)) as {
        items: unknown[];
      };
      expect(items).to.have.length(2);
      const left = (await cluster.ok('GET', configMaps)) as { items: JsonObject[] };
      expect(left.items.map((item) => metaOf(item).name)).to.deep.equal(['c']);
    });

    it('gives a pod on a node its grace period, which a later deletion may shorten but not lengthen', async () => {
      const pods = `/api/v1/namespaces/${ns}/pods`;
      await cluster.ok('POST', pods, {
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      });
      await cluster.ok('POST', `${pods}/p/binding`, { target: { kind: 'Node', name: 'n' } });
      const ending = await cluster.ok('DELETE', `${pods}/p`);
      expect(metaOf(ending).deletionGracePeriodSeconds).to.equal(30);
      await cluster.ok('DELETE', `${pods}/p`, { gracePeriodSeconds: 60 });
      expect(metaOf(await cluster.ok('GET', `${pods}/p`)).deletionGracePeriodSeconds).to.equal(30);
      await cluster.ok('DELETE', `${pods}/p`, { gracePeriodSeconds: 5 });
      expect(metaOf(await cluster.ok('GET', `${pods}/p`)).deletionGracePeriodSeconds).to.equal(5);
      await cluster.ok('DELETE', `${pods}/p`, { gracePeriodSeconds: 0 });
      expect((await cluster.call('GET', `${pods}/p`)).code).to.equal(404);
    });

    it('lets a pod without a node go at once', async () => {
      const pods = `/api/v1/namespaces/${ns}/pods`;
      await cluster.ok('POST', pods, {
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      });
      await cluster.ok('DELETE', `${pods}/p`);
      expect((await cluster.call('GET', `${pods}/p`)).code).to.equal(404);
    });
  });

  describe('other kinds', () => {
    it('turns a secret’s stringData into data', async () => {
      const made = await cluster.ok('POST', `/api/v1/namespaces/${ns}/secrets`, {
        metadata: { name: 's' },
        stringData: { key: 'välue' },
      });
      expect(made).to.deep.include({
        type: 'Opaque',
        data: { key: Buffer.from('välue').toString('base64') },
      });
      expect(made).not.to.have.property('stringData');
    });

    it('holds a claim’s spec but for its size, which only grows once it is bound', async () => {
      const claims = `/api/v1/namespaces/${ns}/persistentvolumeclaims`;
      const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
      const made = await cluster.ok('POST', claims, { metadata: { name: 'c' }, spec });
      expect(made.spec).to.include({ volumeMode: 'Filesystem', storageClassName: 'rynxs-local' });
      const size = (storage: string) => ({ spec: { resources: { requests: { storage } } } });
      const merge = { type: 'application/merge-patch+json' };
      expect((await cluster.call('PATCH', `${claims}/c`, size('2Gi'), merge)).code).to.equal(422);
      await cluster.ok('PATCH', `${claims}/c/status`, { status: { phase: 'Bound' } }, merge);
      await cluster.ok('PATCH', `${claims}/c`, size('2Gi'), merge);
      expect((await cluster.call('PATCH', `${claims}/c`, size('1Gi'), merge)).code).to.equal(422);
      const modes = { spec: { accessModes: ['ReadOnlyMany'] } };
      expect((await cluster.call('PATCH', `${claims}/c`, modes, merge)).code).to.equal(422);
      // The manifest as it was first sent changes nothing that was defaulted.
      await cluster.ok('PUT', `${claims}/c`, {
        metadata: { name: 'c' },
        spec: { ...spec, resources: { requests: { storage: '2Gi' } } },
      });
    });

    it('holds a pod’s spec but for what may change', async () => {
      const pods = `/api/v1/namespaces/${ns}/pods`;
      await cluster.ok('POST', pods, {
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'i:1' }] },
      });
      const strategic = { type: 'application/strategic-merge-patch+json' };
      const image = { spec: { containers: [{ name: 'c', image: 'i:2' }] } };
      await cluster.ok('PATCH', `${pods}/p`, image, strategic);
      const command = { spec: { containers: [{ name: 'c', command: ['sh'] }] } };
      const { code, body } = await cluster.call('PATCH', `${pods}/p`, command, strategic);
      expect([code, body.message]).to.satisfy(
        ([status, message]: [number, string]) =>
          status === 422 && message.includes('pod updates may not change'),
      );
    });

    it('shows the same Events in core and in events.k8s.io', async () => {
      const events = `/apis/events.k8s.io/v1/namespaces/${ns}/events`;
      await cluster.ok('POST', events, {
        metadata: { name: 'e' },
        eventTime: '2026-01-01T00:00:00.000000Z',
        regarding: { kind: 'Pod', name: 'p', namespace: ns },
        note: 'hello',
        reason: 'Test',
        type: 'Normal',
        action: 'Tested',
        reportingController: 'example.org/tester',
        reportingInstance: 'tester-1',
      });
      const core = await cluster.ok('GET', `/api/v1/namespaces/${ns}/events/e`);
      expect(core).to.deep.include({
        apiVersion: 'v1',
        message: 'hello',
        involvedObject: { kind: 'Pod', name: 'p', namespace: ns },
        reportingComponent: 'example.org/tester',
      });
      expect(await cluster.ok('GET', `${events}/e`)).to.include({
        apiVersion: 'events.k8s.io/v1',
        note: 'hello',
      });
    });
  });
});
