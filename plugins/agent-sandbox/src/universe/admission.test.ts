import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { observe } from '../testing/agent.js';
import { acceptUniverse } from './accept-universe.js';
import { outsideBounds } from './admission.js';

const image = 'python:3.11-slim';
const digest = `sha256:${'0'.repeat(64)}`;

/** What an Agent breaks of the bounds. */
function broken(bounds: JsonMap, agent: JsonMap): readonly string[] {
  const accepted = acceptUniverse({ createdAt: null, declared: { namespaces: ['default'], ...bounds } });
  if (!('bounds' in accepted)) throw new Error(JSON.stringify(accepted.problems));
  const { computer, refusal } = observe({ image, ...agent });
  if (computer === undefined) throw new Error(refusal?.message);
  return [...outsideBounds(computer, accepted.bounds)].map(({ field, detail }) => `${field} ${detail}`);
}

describe('the bounds of a Universe', () => {
  it('bound nothing that they do not name', () => {
    const agent = {
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'any', key: 'k' } } }],
      network: { egress: { dns: true, cidrs: [{ cidr: '0.0.0.0/0', ports: [{ port: 443 }] }] } },
      workspace: { size: '1Ti' },
    };
    expect(broken({}, agent)).to.deep.equal([]);
  });

  const egress = { cidrs: [{ cidr: '10.0.0.0/8', ports: [{ port: 443 }, { port: 8000, endPort: 8999 }] }] };
  const to = (cidr: string, ...ports: readonly JsonMap[]) => ({
    network: { egress: { cidrs: [{ cidr, ports }] } },
  });
  const secret = (name: string) => ({
    env: [{ name: 'A', valueFrom: { secretKeyRef: { name, key: 'k' } } }],
  });
  const limits = { cpu: 2, memory: '4Gi' };

  const kept: Readonly<Record<string, readonly [JsonMap, JsonMap]>> = {
    'an image that is allowed': [{ images: { allowed: ['docker.io/library/*'] } }, {}],
    'an image with a digest': [{ images: { requireDigest: true } }, { image: `python@${digest}` }],
    'one of the RuntimeClasses': [
      { runtimeClassNames: ['kata', 'gvisor'] },
      { isolation: { runtimeClassName: 'gvisor' } },
    ],
    'limits at their ceilings': [{ limits }, { resources: { limits: { cpu: '2000m', memory: '4096Mi' } } }],
    'a workspace at its ceiling': [{ workspace: { maxSize: '10Gi' } }, { workspace: { size: '10240Mi' } }],
    'the default workspace': [{ workspace: { maxSize: '1Gi' } }, {}],
    'no egress': [{ egress: {} }, {}],
    'egress to a part of a network': [{ egress }, to('10.1.0.0/16', { port: 443 }, { port: 8080 })],
    'egress to the last port of a range': [{ egress }, to('10.1.0.0/16', { port: 8999 })],
    'egress that two entries allow together': [
      { egress: { cidrs: [...egress.cidrs, { cidr: '10.1.0.0/16', ports: [{ port: 22 }] }] } },
      to('10.1.2.0/24', { port: 22 }, { port: 443 }),
    ],
    'names looked up': [{ egress: { dns: true } }, { network: { egress: { dns: true } } }],
    'other Agents': [
      { egress: { agents: true } },
      { network: { egress: { agents: [{ name: 'b', ports: [{ port: 80 }] }] } } },
    ],
    'a Secret by pattern': [{ secrets: { allowed: ['agent-*'] } }, secret('agent-key')],
  };
  for (const [what, [bounds, agent]] of Object.entries(kept)) {
    it(`admit ${what}`, () => {
      expect(broken(bounds, agent)).to.deep.equal([]);
    });
  }

  const refused: Readonly<Record<string, readonly [JsonMap, JsonMap, string]>> = {
    'an image that is not allowed': [
      { images: { allowed: ['ghcr.io/acme/*', 'docker.io/acme/**'] } },
      {},
      'spec.image must match one of ghcr.io/acme/*, docker.io/acme/** (images.allowed)',
    ],
    'an image by a tag': [
      { images: { requireDigest: true } },
      {},
      'spec.image must be pinned by digest, as in name@sha256:… (images.requireDigest)',
    ],
    'an image whose digest is cut short': [
      { images: { requireDigest: true } },
      { image: 'python@sha256:0' },
      'spec.image must be a complete image reference (images)',
    ],
    'no RuntimeClass': [
      { runtimeClassNames: ['gvisor'] },
      {},
      'spec.isolation.runtimeClassName must be gvisor (runtimeClassNames)',
    ],
    'a limit that is not given': [
      { limits: { cpu: '2' } },
      { resources: { requests: { cpu: 1 } } },
      'spec.resources.limits.cpu must be given and at most 2 (limits.cpu)',
    ],
    'a limit beyond its ceiling': [
      { limits: { memory: '1G' } },
      { resources: { limits: { memory: '1Gi' } } },
      'spec.resources.limits.memory must be at most 1G (limits.memory)',
    ],
    'a workspace beyond its ceiling': [
      { workspace: { maxSize: '10Gi' } },
      { workspace: { size: '11Gi' } },
      'spec.workspace.size must be at most 10Gi (workspace.maxSize)',
    ],
    'a workspace of a size that is not known': [
      { workspace: { maxSize: '10Gi' } },
      { workspace: { existingClaim: 'theirs' } },
      'spec.workspace.existingClaim must be left out: workspaces may have at most 10Gi, and its size is not known (workspace.maxSize)',
    ],
    'names looked up': [
      { egress: {} },
      { network: { egress: { dns: true } } },
      'spec.network.egress.dns must be false (egress.dns)',
    ],
    'other Agents': [
      { egress: {} },
      { network: { egress: { agents: [{ name: 'b', ports: [{ port: 80 }] }] } } },
      'spec.network.egress.agents must be left out (egress.agents)',
    ],
    'any egress': [
      { egress: {} },
      to('10.1.0.0/16', { port: 443 }),
      'spec.network.egress.cidrs[0] must be left out (egress.cidrs)',
    ],
    'egress to a larger network': [
      { egress },
      to('0.0.0.0/0', { port: 443 }),
      'spec.network.egress.cidrs[0] must lie within 10.0.0.0/8 (egress.cidrs)',
    ],
    'egress to another port': [
      { egress },
      to('10.1.0.0/16', { port: 443 }, { port: 9000 }),
      'spec.network.egress.cidrs[0].ports must be allowed there (egress.cidrs)',
    ],
    'egress by another protocol': [
      { egress },
      to('10.1.0.0/16', { port: 443, protocol: 'UDP' }),
      'spec.network.egress.cidrs[0].ports must be allowed there (egress.cidrs)',
    ],
    'a Secret that is not allowed': [
      { secrets: { allowed: ['agent-*'] } },
      secret('admin'),
      'spec.env[0].valueFrom.secretKeyRef.name must match agent-* (secrets.allowed)',
    ],
    'any Secret': [
      { secrets: { allowed: [] } },
      secret('admin'),
      'spec.env[0].valueFrom.secretKeyRef.name must not be given: no Secret is allowed (secrets.allowed)',
    ],
  };
  for (const [what, [bounds, agent, message]] of Object.entries(refused)) {
    it(`do not admit ${what}`, () => {
      expect(broken(bounds, agent)).to.deep.equal([message]);
    });
  }
});
