import type { Json, JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { observe, reconciler, refusalOf } from './testing/agent.js';

const image = 'python:3.11-slim';

describe('an Agent spec', () => {
  it('needs an image and nothing else', () => {
    expect(refusalOf({ image })).to.equal(undefined);
    expect(observe({ image }).computer).to.deep.equal({
      namespace: 'default',
      name: 'my-agent',
      uid: 'agent-uid',
      isRunning: true,
      role: 'sandbox',
      image,
      env: [],
      resources: {},
      workspace: { size: '1Gi', accessModes: ['ReadWriteOnce'], isRetained: false },
      network: { groups: [], egress: { dns: false, cidrs: [], agents: [] }, ingress: { agents: [] } },
      isolation: { user: 65_532, readOnlyRootFilesystem: true, userNamespace: false },
    });
  });

  it('is the same whether the API server has filled in the defaults or not', () => {
    const filled = {
      role: 'sandbox',
      image,
      workspace: {},
      network: { egress: { dns: false }, ingress: {} },
      isolation: { user: 65_532, readOnlyRootFilesystem: true, userNamespace: false },
      lifecycle: { state: 'Running' },
    };
    expect(observe(filled)).to.deep.equal(observe({ image }));
  });

  it('writes amounts as the API server writes them back', () => {
    const resources = { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { cpu: 2, memory: '1.5Gi' } };
    const { computer } = observe({ image, resources, workspace: { size: '2048Mi' } });
    expect(computer?.resources).to.deep.equal({
      requests: { cpu: '500m', memory: '1Gi' },
      limits: { cpu: '2', memory: '1536Mi' },
    });
    expect(computer?.workspace).to.include({ size: '2Gi' });
  });

  const refused: Readonly<Record<string, readonly [Json, string]>> = {
    'no spec': [null, 'spec.image is required'],
    'no image': [{ role: 'sandbox' }, 'spec.image is required'],
    'an empty image': [{ image: '' }, 'spec.image must not be empty'],
    'an image with blanks': [
      { image: 'a b' },
      'spec.image must be an image reference such as python:3.11-slim',
    ],
    'an image that is no text': [{ image: 3.11 }, 'spec.image must be a string'],
    'an unknown role': [{ image, role: 'robot' }, 'spec.role must be one of sandbox, service'],
    'an unknown field': [
      { image, planet: 'lab' },
      'spec.planet is not a field that this version knows; remove it',
    ],
    'an unknown field further in': [
      { image, workspace: { keep: true } },
      'spec.workspace.keep is not a field that this version knows; remove it',
    ],
    'arguments of a sandbox without a command': [
      { image, args: ['x'] },
      'spec.args of a sandbox need spec.command',
    ],
    'an empty command': [{ image, command: [] }, 'spec.command must not be empty; leave it out instead'],
    'a command that is no list': [{ image, command: 'ls' }, 'spec.command must be a list'],
    'a NUL in a command': [
      { image, command: ['a\0'] },
      'spec.command[0] must be text without NUL characters',
    ],
    'a variable without a name': [{ image, env: [{ value: 'x' }] }, 'spec.env[0].name is required'],
    'a variable with a bad name': [
      { image, env: [{ name: '1A', value: 'x' }] },
      'spec.env[0].name must be letters, digits and underscores, not starting with a digit',
    ],
    'a variable without a value': [
      { image, env: [{ name: 'A' }] },
      'spec.env[0] must have exactly one of value and valueFrom',
    ],
    'a variable with two values': [
      { image, env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
      'spec.env[0] must have exactly one of value and valueFrom',
    ],
    'a variable given twice': [
      {
        image,
        env: [
          { name: 'A', value: 'x' },
          { name: 'A', value: 'y' },
        ],
      },
      'spec.env[1] repeats an earlier entry of the same name',
    ],
    'a secret in plain text': [
      { image, env: [{ name: 'API_TOKEN', value: 'hunter2' }] },
      'spec.env[0] (API_TOKEN) holds a secret in plain text; use valueFrom.secretKeyRef',
    ],
    'a secret in a command': [
      { image, command: ['curl', 'https://me:hunter2@example.com'] },
      'spec.command holds a secret in plain text; pass it by env with valueFrom.secretKeyRef',
    ],
    'a thousandth of a byte': [
      { image, resources: { limits: { memory: '100m' } } },
      'spec.resources.limits.memory must be an amount of bytes such as 512Mi or 10Gi',
    ],
    'half a byte': [
      { image, resources: { limits: { memory: '1.5' } } },
      'spec.resources.limits.memory must be a whole number of bytes',
    ],
    'a request beyond its limit': [
      { image, resources: { requests: { cpu: '1500m' }, limits: { cpu: 1 } } },
      'spec.resources.requests.cpu must not be more than spec.resources.limits.cpu',
    ],
    'an empty workspace': [{ image, workspace: { size: '0Gi' } }, 'spec.workspace.size must be more than 0'],
    'an unknown access mode': [
      { image, workspace: { accessModes: ['ReadOnlyMany'] } },
      'spec.workspace.accessModes[0] must be one of ReadWriteOnce, ReadWriteOncePod, ReadWriteMany',
    ],
    'an access mode given twice': [
      { image, workspace: { accessModes: ['ReadWriteOnce', 'ReadWriteOnce'] } },
      'spec.workspace.accessModes[1] repeats an earlier entry',
    ],
    'egress without ports': [
      { image, network: { egress: { cidrs: [{ cidr: '10.0.0.0/8' }] } } },
      'spec.network.egress.cidrs[0].ports is required',
    ],
    'egress to no network': [
      { image, network: { egress: { cidrs: [{ cidr: '10.0.0.300/8', ports: [{ port: 443 }] }] } } },
      'spec.network.egress.cidrs[0].cidr must be a network such as 203.0.113.0/24 or 2001:db8::/32',
    ],
    'port 0': [
      { image, network: { egress: { cidrs: [{ cidr: '10.0.0.0/8', ports: [{ port: 0 }] }] } } },
      'spec.network.egress.cidrs[0].ports[0].port must be 1 to 65535',
    ],
    'a rule for agents that names nobody': [
      { image, network: { egress: { agents: [{ ports: [{ port: 443 }] }] } } },
      'spec.network.egress.agents[0] must have exactly one of name and group',
    ],
    'a rule for agents that names two': [
      { image, network: { ingress: { agents: [{ name: 'a', group: 'b', ports: [{ port: 443 }] }] } } },
      'spec.network.ingress.agents[0] must have exactly one of name and group',
    ],
    'a rule for agents without ports': [
      { image, network: { ingress: { agents: [{ name: 'a' }] } } },
      'spec.network.ingress.agents[0].ports is required',
    ],
    'a group that is no label': [
      { image, network: { groups: ['a/b'] } },
      'spec.network.groups[0] must be lower-case letters, digits and hyphens, with a letter or digit at both ends',
    ],
    'a group given twice': [
      { image, network: { groups: ['a', 'a'] } },
      'spec.network.groups[1] repeats an earlier entry',
    ],
    'a seccomp profile elsewhere': [
      { image, isolation: { seccompProfile: '../unconfined.json' } },
      'spec.isolation.seccompProfile must be a relative path such as profiles/agent.json',
    ],
    'an AppArmor profile with blanks': [
      { image, isolation: { appArmorProfile: 'a b' } },
      'spec.isolation.appArmorProfile must be the name of a profile such as k8s-agent',
    ],
    'an unknown retention': [
      { image, workspace: { retain: 'Forever' } },
      'spec.workspace.retain must be one of Retain, Delete',
    ],
    'an existing claim of another size': [
      { image, workspace: { existingClaim: 'data', size: '1Gi', retain: 'Retain' } },
      'spec.workspace.size does not go with existingClaim; leave it out; spec.workspace.retain does not go with existingClaim; leave it out',
    ],
    'a universe that is no name': [
      { image, universe: 'My Lab' },
      'spec.universe must be lower-case letters, digits, hyphens and dots, with a letter or digit at both ends',
    ],
    'the user root': [{ image, isolation: { user: 0 } }, 'spec.isolation.user must be 1 to 2147483647'],
    'a word for true': [
      { image, isolation: { readOnlyRootFilesystem: 'yes' } },
      'spec.isolation.readOnlyRootFilesystem must be true or false',
    ],
    'an unknown state': [
      { image, lifecycle: { state: 'Paused' } },
      'spec.lifecycle.state must be one of Running, Suspended',
    ],
    'a ttl without a unit': [
      { image, lifecycle: { ttl: '8' } },
      'spec.lifecycle.ttl must be a duration such as 90s, 30m, 8h or 7d',
    ],
  };
  for (const [what, [spec, message]] of Object.entries(refused)) {
    it(`is refused with ${what}`, () => {
      expect(refusalOf(spec)).to.equal(message);
    });
  }

  it('names the first three of many mistakes and counts the rest', () => {
    const spec = { role: 'x', image: '', command: [], isolation: { user: 0 }, other: 1 };
    expect(refusalOf(spec)).to.match(/^spec\.\S+ .*; spec\.\S+ .*; spec\.\S+ .*; and 2 more$/);
  });

  it('never quotes a value that is refused', () => {
    const spec = { image: 'hunter2 !', role: 'hunter2', lifecycle: { ttl: 'hunter2', state: 'hunter2' } };
    expect(refusalOf(spec)).not.to.contain('hunter2');
  });

  it('is refused under a name that does not fit into a label', () => {
    expect(refusalOf({ image }, 'a'.repeat(63))).to.equal(undefined);
    expect(refusalOf({ image }, 'a'.repeat(64))).to.equal(
      'metadata.name must have at most 63 characters, because it becomes a label',
    );
    expect(refusalOf({ image }, 'a.b')).to.equal(
      'metadata.name must be lower-case letters, digits and hyphens, with a letter or digit at both ends',
    );
  });

  it('takes all there is at its bounds', () => {
    const spec = {
      image: 'a'.repeat(512),
      env: Array.from({ length: 64 }, (_, index) => ({ name: `A${index}`, value: '' })),
      lifecycle: { ttl: '99999d' },
    };
    expect(refusalOf(spec)).to.equal(undefined);
    expect(refusalOf({ ...spec, image: 'a'.repeat(513) })).to.equal(
      'spec.image must have at most 512 characters',
    );
    const oneMore = [...spec.env, { name: 'B', value: '' }];
    expect(refusalOf({ ...spec, env: oneMore })).to.equal('spec.env must have at most 64 entries');
  });
});

describe('the workspace of an Agent', () => {
  const change = (before: JsonMap, after: JsonMap) =>
    observe({ image, workspace: after }, observe({ image, workspace: before }));

  it('has the size that the operator gives it when the Agent gives none', () => {
    const by = reconciler(5 * 1024 ** 3);
    expect(observe({ image }, undefined, { by }).computer?.workspace).to.include({ size: '5Gi' });
  });

  it('keeps its size when the default of the operator changes, or when the Agent gives none any more', () => {
    const before = observe({ image: 'old' });
    const after = observe({ image }, before, { by: reconciler(5 * 1024 ** 3) });
    expect(after.computer?.workspace).to.include({ size: '1Gi' });
    expect(change({ size: '3Gi' }, {}).computer?.workspace).to.include({ size: '3Gi' });
  });

  it('may grow', () => {
    const { refusal, computer } = change({ size: '1Gi' }, { size: '2Gi' });
    expect(refusal).to.equal(undefined);
    expect(computer?.workspace).to.include({ size: '2Gi' });
  });

  it('may be retained, and not, at any time', () => {
    const { refusal, computer } = change({ retain: 'Delete' }, { retain: 'Retain' });
    expect(refusal).to.equal(undefined);
    expect(computer?.workspace).to.include({ isRetained: true });
    expect(change({ retain: 'Retain' }, {}).computer?.workspace).to.include({ isRetained: false });
  });

  it('is a claim that there is, with nothing else said of it', () => {
    const { refusal, computer } = observe({ image, workspace: { existingClaim: 'data' } });
    expect(refusal).to.equal(undefined);
    expect(computer?.workspace).to.deep.equal({ existingClaim: 'data' });
  });

  const remedy = 'cannot be changed; make another Agent and move the files';
  const refusals: readonly [string, JsonMap, JsonMap, string][] = [
    [
      'shrink',
      { size: '2Gi' },
      { size: '1Gi' },
      'spec.workspace.size cannot shrink below 2Gi; make another Agent and move the files',
    ],
    [
      'move to another class',
      { storageClassName: 'a' },
      { storageClassName: 'b' },
      `spec.workspace.storageClassName ${remedy}`,
    ],
    ['move to a class', {}, { storageClassName: 'b' }, `spec.workspace.storageClassName ${remedy}`],
    [
      'get other access modes',
      {},
      { accessModes: ['ReadWriteMany'] },
      `spec.workspace.accessModes ${remedy}`,
    ],
    ...[
      [{ existingClaim: 'a' }, { existingClaim: 'b' }],
      [{ existingClaim: 'a' }, {}],
      [{}, { existingClaim: 'a' }],
    ].map(([before = {}, after = {}]): [string, JsonMap, JsonMap, string] => [
      `become ${JSON.stringify(after)} after ${JSON.stringify(before)}`,
      before,
      after,
      'spec.workspace.existingClaim cannot be changed; make another Agent',
    ]),
  ];
  for (const [what, before, after, message] of refusals) {
    it(`cannot ${what}`, () => {
      expect(change(before, after).refusal?.message).to.equal(message);
    });
  }
});
