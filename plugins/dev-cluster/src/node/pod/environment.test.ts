import type { KubernetesObject } from '@rynxs/kernel';
import { expect } from 'chai';
import type { JsonObject } from '../../storage/json.js';
import { environmentOf, hostnameOf, type ObjectReader } from './environment.js';
import { PodProblem } from './pod-problem.js';

const POD: KubernetesObject = {
  metadata: {
    name: 'pod-1',
    namespace: 'ns',
    uid: 'u',
    labels: { app: 'a' },
    annotations: { 'x.io/y': 'z' },
  },
  spec: { nodeName: 'node-1', serviceAccountName: 'default' },
};
const READER: ObjectReader = {
  get: (resource, { namespace, name }) => {
    if (namespace !== 'ns' || name !== 'one') return undefined;
    const metadata = { name, namespace };
    if (resource.kind === 'Secret')
      return { metadata, data: { token: Buffer.from('s3cret').toString('base64') } };
    return { metadata, data: { key: 'value', 'odd.key': '1' } };
  },
};

function env(container: JsonObject): Record<string, string> {
  const { PATH, ...others } = environmentOf(POD, container, READER);
  expect(PATH).to.be.a('string');
  return others;
}
const one = (name: string, valueFrom: JsonObject) => ({ env: [{ name, valueFrom }] });

describe('environment of a container', () => {
  it('is PATH, HOSTNAME and HOME where nothing is said', () => {
    expect(env({})).to.deep.equal({ HOSTNAME: 'pod-1', HOME: '/' });
  });

  it('lets what is said win, with references to what came before', () => {
    const list = [
      { name: 'HOME', value: '/workspace' },
      { name: 'DATA', value: '$(HOME)/data' },
      { name: 'EMPTY' },
    ];
    expect(env({ env: list })).to.include({ HOME: '/workspace', DATA: '/workspace/data', EMPTY: '' });
  });

  it('takes values from ConfigMaps and Secrets', () => {
    expect(env(one('A', { configMapKeyRef: { name: 'one', key: 'key' } })).A).to.equal('value');
    expect(env(one('A', { secretKeyRef: { name: 'one', key: 'token' } })).A).to.equal('s3cret');
  });

  it('takes all values of one, with a prefix', () => {
    const envFrom = [{ prefix: 'P_', configMapRef: { name: 'one' } }, { secretRef: { name: 'one' } }];
    expect(env({ envFrom })).to.include({ P_key: 'value', 'P_odd.key': '1', token: 's3cret' });
  });

  it('takes fields of the pod', () => {
    const fields = {
      'metadata.name': 'pod-1',
      'metadata.namespace': 'ns',
      'metadata.uid': 'u',
      "metadata.labels['app']": 'a',
      "metadata.annotations['x.io/y']": 'z',
      'spec.nodeName': 'node-1',
      'status.podIP': '',
    };
    for (const [fieldPath, value] of Object.entries(fields)) {
      expect(env(one('A', { fieldRef: { fieldPath } })).A, fieldPath).to.equal(value);
    }
  });

  it('does without what is optional and missing', () => {
    const container = {
      ...one('A', { secretKeyRef: { name: 'none', key: 'k', optional: true } }),
      envFrom: [{ configMapRef: { name: 'none', optional: true } }],
    };
    expect(env(container)).to.not.have.property('A');
  });

  const problems: readonly (readonly [string, JsonObject, string])[] = [
    [
      'a missing ConfigMap',
      one('A', { configMapKeyRef: { name: 'none', key: 'k' } }),
      'configmap "none" not found',
    ],
    [
      'a missing key',
      one('A', { secretKeyRef: { name: 'one', key: 'k' } }),
      "couldn't find key k in Secret ns/one",
    ],
    ['a missing source', { envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
    ['an unknown field', one('A', { fieldRef: { fieldPath: 'spec.x' } }), 'unsupported fieldPath: spec.x'],
    ['an unknown kind of source', one('A', { resourceFieldRef: { resource: 'x' } }), 'resourceFieldRef'],
  ];
  for (const [what, container, message] of problems) {
    it(`cannot be settled with ${what}`, () => {
      expect(() => env(container)).to.throw(PodProblem, message);
    });
  }
});

describe('host name of a pod', () => {
  it('is at most 63 characters of its name', () => {
    const name = `${'a'.repeat(62)}-${'b'.repeat(20)}`;
    expect(hostnameOf({ metadata: { name } })).to.equal('a'.repeat(62));
  });
});
