import type { KubernetesObject, LiveView } from '@rynxs/kernel';
import { canonicalize, type Json, type JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { NETWORK_POLICY } from '../manifests/resource-types.js';
import { agent, observe, reconciler } from '../testing/agent.js';
import { admittedPod } from '../testing/pods.js';
import {
  type Containment,
  containmentFact,
  containmentOf,
  factDigest,
  MAX_CONTAINMENT_BYTES,
} from './containment.js';
import { wideningsOf } from './widenings.js';

const image = 'python:3.11-slim';

function policy(name: string, spec: JsonMap): KubernetesObject {
  return { metadata: { name, namespace: 'default', uid: `${name}-uid` }, spec };
}

function computerOf(spec: Json) {
  const { computer } = observe(spec);
  if (computer === undefined) throw new Error('no computer');
  return computer;
}

/** The containment of a pod of this spec, among its own policy and others. */
function contained(
  spec: Json,
  {
    policies = [],
    change = (pod) => pod,
  }: {
    readonly policies?: readonly KubernetesObject[];
    readonly change?: (pod: KubernetesObject & { spec: PodSpec }) => KubernetesObject;
  } = {},
) {
  const own = reconciler()
    .manifests(observe(spec))
    .filter(({ resource }) => resource === NETWORK_POLICY)
    .map(({ object }) => ({ ...object, metadata: { ...object.metadata, uid: 'own-uid' } }));
  const live: LiveView = {
    object: agent(spec),
    children: [],
    surroundings: [...policies, ...own].map((object) => ({ resource: NETWORK_POLICY, object })),
    lastEvent: { seq: 1, hash: '' },
    contested: [],
    now: '2026-01-01T00:05:00Z',
  };
  const pod = admittedPod(computerOf(spec)) as KubernetesObject & { spec: PodSpec };
  return containmentOf(change(structuredClone(pod)), live);
}

interface PodSpec {
  securityContext: Record<string, Json>;
  containers: { securityContext: Record<string, Json>; [field: string]: Json | Record<string, Json> }[];
  volumes: Json[];
  [field: string]: unknown;
}

/** The fact, whose digest must be the one that comes back from the log. */
function factOf(containment: Containment): JsonMap {
  const { fact, digest } = containmentFact(containment);
  expect(factDigest(JSON.parse(JSON.stringify(fact)) as JsonMap)).to.equal(digest);
  return fact;
}

const widenings = (spec: Json, options?: Parameters<typeof contained>[1]) => [
  ...wideningsOf(computerOf(spec), contained(spec, options)),
];

describe('the containment of a computer', () => {
  it('is recorded as it is: image, runtime, contexts, volumes and the union of the policies', () => {
    const spec = {
      image,
      isolation: { runtimeClassName: 'gvisor' },
      network: { egress: { cidrs: [{ cidr: '10.0.0.0/8', ports: [{ port: 443 }] }] } },
    };
    const shared = policy('shared', {
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'agent' } },
      policyTypes: ['Egress'],
      egress: [
        { to: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.9/32', '192.0.2.1/32'] } }] },
        { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 443 }] },
      ],
    });
    const other = policy('other', { podSelector: { matchLabels: { app: 'web' } }, egress: [{}] });
    const fact = factOf(contained(spec, { policies: [shared, other] }));
    expect(fact).to.deep.include({
      runtimeClassName: 'gvisor',
      serviceAccountToken: false,
      hostNetwork: false,
      hostUsers: true,
      volumes: ['configMap', 'emptyDir', 'persistentVolumeClaim'],
    });
    expect(fact.network).to.deep.equal({
      policies: [
        { name: 'my-agent', uid: 'own-uid' },
        { name: 'shared', uid: 'shared-uid' },
      ],
      ingress: [],
      egress: [
        { peer: { ipBlock: { cidr: '10.0.0.0/8' } }, ports: [{ protocol: 'TCP', port: 443 }] },
        {
          peer: { ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.1/32', '192.0.2.9/32'] } },
          ports: 'any',
        },
      ],
    });
    const [container] = fact.containers as readonly JsonMap[];
    expect(container).to.deep.include({
      kind: 'container',
      name: 'agent',
      image,
      imageID: 'registry/python@sha256:1',
    });
    expect(container?.securityContext).to.include({ allowPrivilegeEscalation: false });
    expect(fact.securityContext).to.include({ runAsNonRoot: true });
  });

  it('has the same bytes in another pod, and whatever order others write rules in', () => {
    const rules = [
      { to: [{ podSelector: {} }, { ipBlock: { cidr: '10.0.0.0/8' } }] },
      { ports: [{ port: 53 }, { port: 80 }] },
    ];
    const shuffled = [
      { ports: [{ port: 80 }, { port: 53 }] },
      { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { podSelector: {} }] },
    ];
    const bytes = (egress: Json, name = 'my-agent-1') =>
      canonicalize(
        factOf(
          contained(
            { image },
            {
              policies: [policy('p', { podSelector: {}, policyTypes: ['Egress'], egress })],
              change: (pod) => ({ ...pod, metadata: { ...pod.metadata, name, uid: name } }),
            },
          ),
        ),
      );
    expect(bytes(shuffled, 'my-agent-2')).to.equal(bytes(rules));
  });

  it('is recorded by size and digest when policies make it very large', () => {
    const egress = Array.from({ length: 400 }, (_, index) => ({
      to: [{ ipBlock: { cidr: `10.${index % 250}.0.0/16` } }],
      ports: [{ port: index + 1 }],
    }));
    const fact = factOf(
      contained({ image }, { policies: [policy('p', { podSelector: {}, policyTypes: ['Egress'], egress })] }),
    );
    expect(Object.keys(fact)).to.deep.equal(['bytes', 'digest']);
    expect(fact.bytes).to.be.greaterThan(MAX_CONTAINMENT_BYTES);
  });

  it('is no wider than what was asked for, with every field in use', () => {
    const peers = {
      agents: [
        { name: 'db', ports: [{ port: 5432 }] },
        { group: 'lab', ports: [{ port: 80 }] },
      ],
    };
    expect(widenings({ image })).to.deep.equal([]);
    expect(
      widenings({
        image,
        isolation: {
          user: 1000,
          runtimeClassName: 'kata',
          userNamespace: true,
          seccompProfile: 'a.json',
          appArmorProfile: 'b',
          readOnlyRootFilesystem: false,
        },
        network: {
          egress: { dns: true, cidrs: [{ cidr: '10.0.0.0/8', ports: [{ port: 443 }] }], ...peers },
          ingress: peers,
        },
      }),
    ).to.deep.equal([]);
  });

  const inContainer = (context: Record<string, Json>) => (pod: KubernetesObject & { spec: PodSpec }) => {
    Object.assign(pod.spec.containers[0]!.securityContext, context);
    return pod;
  };
  const inPod = (fields: Record<string, unknown>) => (pod: KubernetesObject & { spec: PodSpec }) => ({
    ...pod,
    spec: { ...pod.spec, ...fields },
  });
  const token = {
    name: 'kube-api-access-x',
    projected: { sources: [{ serviceAccountToken: { path: 'token' } }] },
  };
  const safe = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  };
  const wider: readonly [
    string,
    (pod: KubernetesObject & { spec: PodSpec }) => KubernetesObject,
    readonly string[],
  ][] = [
    ['a privileged container', inContainer({ privileged: true }), ['the container is privileged']],
    [
      'escalation',
      inContainer({ allowPrivilegeEscalation: true }),
      ['the container may escalate its privileges'],
    ],
    [
      'an added capability',
      inContainer({ capabilities: { add: ['NET_RAW'], drop: ['ALL'] } }),
      ['the container has capabilities'],
    ],
    [
      'capabilities that were not dropped',
      inContainer({ capabilities: {} }),
      ['the container has capabilities'],
    ],
    ['root', inContainer({ runAsUser: 0 }), ['the container may run as root']],
    ['leave to be root', inContainer({ runAsNonRoot: false }), ['the container may run as root']],
    ['another user', inContainer({ runAsUser: 7 }), ['the container runs as another user than 65532']],
    [
      'a writable root',
      inContainer({ readOnlyRootFilesystem: false }),
      ['the container can write to its root file system'],
    ],
    [
      'no seccomp',
      inContainer({ seccompProfile: { type: 'Unconfined' } }),
      ['the container has another seccomp profile'],
    ],
    [
      'no AppArmor',
      inContainer({ appArmorProfile: { type: 'Unconfined' } }),
      ['the container has another AppArmor profile'],
    ],
    ['all of /proc', inContainer({ procMount: 'Unmasked' }), ['the container sees all of /proc']],
    ['the network of the node', inPod({ hostNetwork: true }), ['hostNetwork']],
    ['the processes of the node', inPod({ hostPID: true }), ['hostPID']],
    ['the memory of the node', inPod({ hostIPC: true }), ['hostIPC']],
    ['a token', inPod({ volumes: [token] }), ['a service account token is in the pod']],
    [
      'a directory of the node',
      inPod({ volumes: [{ name: 'h', hostPath: { path: '/' } }] }),
      ['volume h of type hostPath is in the pod'],
    ],
    [
      'a sidecar',
      (pod) => inPod({ containers: [...pod.spec.containers, { name: 'proxy', securityContext: safe }] })(pod),
      ['another container proxy runs in the pod'],
    ],
    [
      'a container for debugging',
      inPod({ ephemeralContainers: [{ name: 'debugger', securityContext: { ...safe, privileged: true } }] }),
      ['an ephemeral container debugger runs in the pod', 'an ephemeral container debugger is privileged'],
    ],
  ];
  for (const [what, change, expected] of wider) {
    it(`is found to be wider by ${what}`, () => {
      expect(widenings({ image }, { change })).to.deep.equal(expected);
    });
  }

  it('is found to be wider without the runtime, the profiles and the users that the Agent asks for', () => {
    const isolation = {
      runtimeClassName: 'gvisor',
      userNamespace: true,
      seccompProfile: 'a.json',
      appArmorProfile: 'b',
    };
    const change = (pod: KubernetesObject & { spec: PodSpec }) => {
      const { runtimeClassName: _, hostUsers: __, ...spec } = pod.spec;
      const profile = { type: 'RuntimeDefault' };
      return {
        ...pod,
        spec: {
          ...spec,
          securityContext: { ...spec.securityContext, seccompProfile: profile, appArmorProfile: profile },
        },
      };
    };
    expect(widenings({ image, isolation }, { change })).to.deep.equal([
      'the runtime class is not gvisor',
      'the pod has no user namespace of its own',
      'the container has another seccomp profile',
      'the container has another AppArmor profile',
    ]);
  });

  const everything = (types: readonly string[], rules: JsonMap) =>
    policy('open', { podSelector: {}, policyTypes: [...types], ...rules });
  const networks: readonly [string, KubernetesObject, readonly string[]][] = [
    [
      'a policy of the namespace',
      everything(['Egress'], { egress: [{}] }),
      ['NetworkPolicy open has egress rules that the Agent does not have'],
    ],
    [
      'a policy without types, which has egress rules',
      policy('open', { podSelector: {}, egress: [{}] }),
      ['NetworkPolicy open has egress rules that the Agent does not have'],
    ],
    [
      'a policy that lets in',
      everything(['Ingress'], { ingress: [{ from: [{ podSelector: {} }] }] }),
      ['NetworkPolicy open has ingress rules that the Agent does not have'],
    ],
    ['a policy that only denies', everything(['Ingress', 'Egress'], {}), []],
    ['rules of a direction that the policy is not about', everything(['Ingress'], { egress: [{}] }), []],
    [
      'a policy for others',
      policy('open', { podSelector: { matchLabels: { app: 'web' } }, egress: [{}] }),
      [],
    ],
  ];
  for (const [what, added, expected] of networks) {
    it(`is ${expected.length > 0 ? 'wider' : 'the same'} with ${what}`, () => {
      expect(widenings({ image }, { policies: [added] })).to.deep.equal(expected);
    });
  }

  it('is not restricted where no policy selects the pod', () => {
    const computer = computerOf({ image });
    const pod = admittedPod(computer);
    expect([...wideningsOf(computer, { pod, policies: [] })]).to.deep.equal([
      'no NetworkPolicy restricts ingress',
      'no NetworkPolicy restricts egress',
    ]);
    expect(factOf({ pod, policies: [] }).network).to.deep.equal({
      policies: [],
      ingress: 'unrestricted',
      egress: 'unrestricted',
    });
  });
});
