import { expect } from 'chai';
import type { Json } from '../api-client.js';
import { type Area, type CaseContext, fact } from '../conformance-case.js';
import {
  claim,
  claims,
  configMap,
  configMaps,
  deployment,
  deployments,
  leases,
  networkPolicy,
  pod,
  pods,
  policies,
  secrets,
} from '../objects.js';

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

interface Shown {
  /** Names of the columns; those of `-o wide` in parentheses. */
  readonly columns: readonly string[];
  readonly cells: readonly Json[];
}

/** Makes an object and shows it as `kubectl get` does. */
async function shown({ api }: CaseContext, path: string, object: Json): Promise<Shown> {
  await api.ok('POST', path, object);
  const { body } = await api.call('GET', `${path}/${object.metadata.name}`, undefined, { headers: TABLE });
  return {
    columns: body.columnDefinitions.map((each: Json) => (each.priority === 0 ? each.name : `(${each.name})`)),
    cells: body.rows[0].cells,
  };
}

const AGE = /^\d+s$/;

export const TABLES: Area = {
  name: 'tables',
  cases: [
    fact('of a ConfigMap', async (context) => {
      const { columns, cells } = await shown(
        context,
        configMaps(context.namespace),
        configMap('t', { a: '1' }),
      );
      expect(columns).to.deep.equal(['Name', 'Data', 'Age']);
      expect(cells.slice(0, 2)).to.deep.equal(['t', 1]);
      expect(cells[2]).to.match(AGE);
    }),
    fact('of a Secret', async (context) => {
      const { columns, cells } = await shown(context, secrets(context.namespace), {
        metadata: { name: 't' },
        stringData: { a: 'b' },
      });
      expect(columns).to.deep.equal(['Name', 'Type', 'Data', 'Age']);
      expect(cells.slice(0, 3)).to.deep.equal(['t', 'Opaque', 1]);
    }),
    fact('of a Deployment', async (context) => {
      const { columns, cells } = await shown(context, deployments(context.namespace), deployment('t'));
      expect(columns).to.deep.equal([
        'Name',
        'Ready',
        'Up-to-date',
        'Available',
        'Age',
        '(Containers)',
        '(Images)',
        '(Selector)',
      ]);
      expect(cells.slice(0, 4)).to.deep.equal(['t', '0/0', 0, 0]);
      expect(cells.slice(5)).to.deep.equal(['main', 'example.org/app:1', 'app=t']);
    }),
    fact('of a Pod', async (context) => {
      const { columns, cells } = await shown(context, pods(context.namespace), pod('t'));
      expect(columns).to.deep.equal([
        'Name',
        'Ready',
        'Status',
        'Restarts',
        'Age',
        '(IP)',
        '(Node)',
        '(Nominated Node)',
        '(Readiness Gates)',
      ]);
      expect(cells.slice(0, 4)).to.deep.equal(['t', '0/1', 'Pending', '0']);
      expect(cells.slice(5)).to.deep.equal(['<none>', '<none>', '<none>', '<none>']);
    }),
    fact('of a PersistentVolumeClaim', async (context) => {
      const { columns, cells } = await shown(context, claims(context.namespace), claim('t'));
      expect(columns).to.deep.equal([
        'Name',
        'Status',
        'Volume',
        'Capacity',
        'Access Modes',
        'StorageClass',
        'VolumeAttributesClass',
        'Age',
        '(VolumeMode)',
      ]);
      expect(cells.slice(0, 7)).to.deep.equal(['t', 'Pending', '', '', '', 'conformance-none', '<unset>']);
      expect(cells[8]).to.equal('Filesystem');
    }),
    fact('of a NetworkPolicy', async (context) => {
      const policy = networkPolicy('t', { podSelector: { matchLabels: { b: '2', a: '1' } } });
      const { columns, cells } = await shown(context, policies(context.namespace), policy);
      expect(columns).to.deep.equal(['Name', 'Pod-Selector', 'Age']);
      expect(cells.slice(0, 2)).to.deep.equal(['t', 'a=1,b=2']);
    }),
    fact('of a Lease', async (context) => {
      const lease = { metadata: { name: 't' }, spec: { holderIdentity: 'me' } };
      const { columns, cells } = await shown(context, leases(context.namespace), lease);
      expect(columns).to.deep.equal(['Name', 'Holder', 'Age']);
      expect(cells.slice(0, 2)).to.deep.equal(['t', 'me']);
    }),
    fact('of a Namespace', async ({ api, namespace }) => {
      const { body } = await api.call('GET', `/api/v1/namespaces/${namespace}`, undefined, {
        headers: TABLE,
      });
      expect(body.columnDefinitions.map(({ name }: Json) => name)).to.deep.equal(['Name', 'Status', 'Age']);
      expect(body.rows[0].cells.slice(0, 2)).to.deep.equal([namespace, 'Active']);
    }),
    fact('of an Event', async (context) => {
      const { namespace } = context;
      const { columns, cells } = await shown(context, `/api/v1/namespaces/${namespace}/events`, {
        metadata: { name: 't' },
        involvedObject: { kind: 'ConfigMap', name: 'x', namespace },
        reason: 'Tested',
        message: 'It was.',
        type: 'Normal',
        firstTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        lastTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        source: { component: 'conformance' },
      });
      expect(columns).to.deep.equal([
        'Last Seen',
        'Type',
        'Reason',
        'Object',
        '(Subobject)',
        '(Source)',
        'Message',
        '(First Seen)',
        '(Count)',
        '(Name)',
      ]);
      expect(cells.slice(1, 4)).to.deep.equal(['Normal', 'Tested', 'configmap/x']);
      expect(cells[6]).to.equal('It was.');
      expect(cells[9]).to.equal('t');
    }),
    fact('rows carry metadata, or the whole object, or nothing', async (context) => {
      const { api, namespace } = context;
      await api.ok('POST', configMaps(namespace), configMap('rows', { a: '1' }));
      const row = async (query: string) =>
        (await api.call('GET', `${configMaps(namespace)}/rows${query}`, undefined, { headers: TABLE })).body
          .rows[0];
      expect((await row('')).object).to.include({
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
      });
      expect((await row('?includeObject=Object')).object.data).to.deep.equal({ a: '1' });
      expect((await row('?includeObject=None')).object ?? null).to.equal(null);
    }),
    fact('an empty list is a table without rows', async ({ api, namespace }) => {
      const path = `${configMaps(namespace)}?labelSelector=none%3Dnone`;
      const { body } = await api.call('GET', path, undefined, { headers: TABLE });
      expect(body).to.include({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      expect(body.rows).to.deep.equal([]);
      expect(body.columnDefinitions).to.have.lengthOf(3);
    }),
  ],
};
