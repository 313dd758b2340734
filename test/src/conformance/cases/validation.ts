import { expect } from 'chai';
import type { Json } from '../api-client.js';
import { type Area, causesOf, fact, refused } from '../conformance-case.js';
import {
  claim,
  claims,
  deployment,
  deployments,
  MERGE_PATCH,
  networkPolicy,
  pod,
  pods,
  policies,
} from '../objects.js';

const container = (change: Json): Json => ({
  containers: [{ name: 'main', image: 'example.org/app:1', ...change }],
});

/** Deployments that are refused: what is wrong, the object, and the causes. */
const DEPLOYMENTS: readonly (readonly [string, Json, readonly string[]])[] = [
  [
    'no selector',
    deployment('bad', { selector: undefined }),
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"bad"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'a selector of other labels',
    deployment('bad', { selector: { matchLabels: { app: 'other' } } }),
    [
      'spec.template.metadata.labels: Invalid value: {"app":"bad"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'no container',
    deployment('bad', {}, { containers: [] }),
    ['spec.template.spec.containers: Required value'],
  ],
  [
    'a container without image and name',
    deployment('bad', {}, { containers: [{}] }),
    [
      'spec.template.spec.containers[0].name: Required value',
      'spec.template.spec.containers[0].image: Required value',
    ],
  ],
  [
    'two containers of one name',
    deployment(
      'bad',
      {},
      {
        containers: [
          { name: 'main', image: 'a' },
          { name: 'main', image: 'b' },
        ],
      },
    ),
    ['spec.template.spec.containers[1].name: Duplicate value: "main"'],
  ],
  [
    'negative replicas',
    deployment('bad', { replicas: -1 }),
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'a port out of range',
    deployment('bad', {}, container({ ports: [{ containerPort: 70000 }] })),
    [
      'spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
  ],
  [
    'a variable of a name that is none',
    deployment('bad', {}, container({ env: [{ name: 'A=B', value: 'c' }] })),
    [
      'spec.template.spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
    ],
  ],
  [
    'a variable with a value and a source',
    deployment(
      'bad',
      {},
      container({
        env: [{ name: 'A', value: 'c', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
      }),
    ),
    [
      'spec.template.spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
  ],
  [
    'a mount of a volume that is not there',
    deployment('bad', {}, container({ volumeMounts: [{ name: 'none', mountPath: '/x' }] })),
    ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "none"'],
  ],
  [
    'requests above limits',
    deployment(
      'bad',
      {},
      container({ resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } }),
    ),
    [
      'spec.template.spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
    ],
  ],
  [
    'a restart policy of Jobs',
    deployment('bad', {}, { restartPolicy: 'Never' }),
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    'a pull policy that does not exist',
    deployment('bad', {}, container({ imagePullPolicy: 'Sometimes' })),
    [
      'spec.template.spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
  ],
];

export const VALIDATION: Area = {
  name: 'validation',
  cases: [
    ...DEPLOYMENTS.map(([what, body, causes]) =>
      fact(`a Deployment with ${what} is refused`, async ({ api, namespace }) => {
        const status = refused(await api.call('POST', deployments(namespace), body), 422, 'Invalid');
        expect(status.message).to.match(/^Deployment\.apps "bad" is invalid: /);
        expect(status.details).to.deep.include({ name: 'bad', group: 'apps', kind: 'Deployment' });
        expect(causesOf(status)).to.have.members(causes);
      }),
    ),
    fact('a quantity that is none is 400', async ({ api, namespace }) => {
      const resources = { limits: { memory: 'much' } };
      refused(
        await api.call('POST', deployments(namespace), deployment('quantity', {}, container({ resources }))),
        400,
        'BadRequest',
        /^Deployment in version "v1" cannot be handled as a Deployment: quantities must match the regular expression/,
      );
    }),
    fact('several causes are in one message, in brackets', async ({ api, namespace }) => {
      const status = refused(
        await api.call(
          'POST',
          deployments(namespace),
          deployment('several', { replicas: -1, minReadySeconds: -1 }),
        ),
        422,
        'Invalid',
      );
      expect(status.message).to.equal(
        'Deployment.apps "several" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0]',
      );
    }),
    fact('the selector of a Deployment cannot be changed', async ({ api, namespace }) => {
      await api.ok('POST', deployments(namespace), deployment('selector'));
      const labels = { app: 'other' };
      const patch = { spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } } };
      const status = refused(
        await api.call('PATCH', `${deployments(namespace)}/selector`, patch, MERGE_PATCH),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal([
        'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
      ]);
    }),
    fact('a claim needs access modes and a size', async ({ api, namespace }) => {
      const body = { metadata: { name: 'bad' }, spec: {} };
      const status = refused(await api.call('POST', claims(namespace), body), 422, 'Invalid');
      expect(causesOf(status)).to.have.members([
        'spec.accessModes: Required value: at least 1 access mode is required',
        'spec.resources[storage]: Required value',
      ]);
    }),
    fact('an access mode that does not exist is refused', async ({ api, namespace }) => {
      const status = refused(
        await api.call('POST', claims(namespace), claim('modes', { accessModes: ['ReadSometimes'] })),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal([
        'spec.accessModes: Unsupported value: "ReadSometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ]);
    }),
    fact('the spec of a claim that is not bound cannot be changed', async ({ api, namespace }) => {
      await api.ok('POST', claims(namespace), claim('fixed'));
      const patch = { spec: { resources: { requests: { storage: '2Gi' } } } };
      const status = refused(
        await api.call('PATCH', `${claims(namespace)}/fixed`, patch, MERGE_PATCH),
        422,
        'Invalid',
      );
      expect(causesOf(status)[0]).to.match(
        /^spec: Forbidden: spec is immutable after creation except resources\.requests and volumeAttributesClassName for bound claims/,
      );
    }),
    fact('a NetworkPolicy with an address that is none is refused', async ({ api, namespace }) => {
      const egress = [{ to: [{ ipBlock: { cidr: 'nowhere' } }] }];
      const status = refused(
        await api.call('POST', policies(namespace), networkPolicy('bad', { egress })),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal([
        'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "nowhere": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ]);
    }),
    fact('a NetworkPolicy with a port out of range is refused', async ({ api, namespace }) => {
      const egress = [{ ports: [{ port: 70000 }] }];
      const status = refused(
        await api.call('POST', policies(namespace), networkPolicy('bad', { egress })),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal([
        'spec.egress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ]);
    }),
    fact('a NetworkPolicy with a peer that says nothing is refused', async ({ api, namespace }) => {
      const status = refused(
        await api.call('POST', policies(namespace), networkPolicy('bad', { ingress: [{ from: [{}] }] })),
        422,
        'Invalid',
      );
      expect(causesOf(status)).to.deep.equal([
        'spec.ingress[0].from[0]: Required value: must specify a peer',
      ]);
    }),
    fact('the containers of a Pod cannot be changed, but for the image', async ({ api, namespace }) => {
      await api.ok('POST', pods(namespace), pod('fixed'));
      const path = `${pods(namespace)}/fixed`;
      const image = [{ op: 'replace', path: '/spec/containers/0/image', value: 'example.org/app:2' }];
      const patched = await api.ok('PATCH', path, image, { type: 'application/json-patch+json' });
      expect(patched.spec.containers[0].image).to.equal('example.org/app:2');
      const command = [{ op: 'add', path: '/spec/containers/0/command', value: ['x'] }];
      const status = refused(
        await api.call('PATCH', path, command, { type: 'application/json-patch+json' }),
        422,
        'Invalid',
      );
      expect(causesOf(status)[0]).to.match(/^spec: Forbidden: pod updates may not change fields other than/);
    }),
    fact(
      'a Deployment whose template asks for what Pods may not have is refused',
      async ({ api, namespace }) => {
        const podSpec = container({ securityContext: { privileged: true, allowPrivilegeEscalation: false } });
        const status = refused(
          await api.call('POST', deployments(namespace), deployment('privileged', {}, podSpec)),
          422,
          'Invalid',
        );
        // How much of the context is quoted, and whether the cluster allows privileged containers at all, is its own affair.
        expect(causesOf(status).join('\n')).to.match(
          /^spec\.template\.spec\.containers\[0\]\.securityContext: Invalid value: .*: cannot set `allowPrivilegeEscalation` to false and `privileged` to true$/m,
        );
      },
    ),
  ],
};
