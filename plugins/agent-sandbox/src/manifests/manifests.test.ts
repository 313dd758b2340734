import { type KubernetesObject, OWNER_UID_ANNOTATION } from '@rynxs/kernel';
import { canonicalize, type Json } from '@rynxs/log';
import { expect } from 'chai';
import { observe, reconciler } from '../testing/agent.js';
import { AGENT_LABEL } from './metadata.js';

const image = 'python:3.11-slim';

function child(kind: string, spec: Json): KubernetesObject {
  const found = reconciler()
    .manifests(observe(spec))
    .find(({ resource }) => resource.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found.object;
}

interface PodSpec {
  readonly containers: readonly Record<string, Json>[];
  readonly [field: string]: Json | readonly Record<string, Json>[];
}

function podSpec(spec: Json): PodSpec {
  const { template } = child('Deployment', spec).spec as { template: { spec: PodSpec } };
  return template.spec;
}

function container(spec: Json): Record<string, Json> {
  return podSpec(spec).containers[0]!;
}

describe('the children of an Agent', () => {
  it('are a ConfigMap, a claim, a policy and, after these, a Deployment, all of its name', () => {
    const manifests = reconciler().manifests(observe({ image }));
    expect(manifests.map(({ object }) => `${object.kind}/${object.metadata.name}`)).to.deep.equal([
      'ConfigMap/my-agent',
      'PersistentVolumeClaim/my-agent',
      'NetworkPolicy/my-agent',
      'Deployment/my-agent',
    ]);
    for (const { object } of manifests) {
      expect(object.metadata).to.deep.equal({
        name: 'my-agent',
        namespace: 'default',
        labels: {
          'app.kubernetes.io/name': 'agent',
          'app.kubernetes.io/instance': 'my-agent',
          'app.kubernetes.io/managed-by': 'rynxs',
          [AGENT_LABEL]: 'my-agent',
        },
        ownerReferences: [
          {
            apiVersion: 'universe.ai/v1alpha1',
            kind: 'Agent',
            name: 'my-agent',
            uid: 'agent-uid',
            controller: true,
          },
        ],
      });
    }
  });

  it('are remembered for as long as the computer stays the same', () => {
    const state = observe({ image });
    expect(reconciler().manifests(state)).to.equal(reconciler().manifests(state));
    expect(reconciler().manifests(structuredClone(state))).not.to.equal(reconciler().manifests(state));
  });
});

describe('the ConfigMap of an Agent', () => {
  it('tells the agent about its computer', () => {
    const cidrs = [{ cidr: '203.0.113.0/24', ports: [{ port: 443 }, { protocol: 'UDP', port: 443 }] }];
    const { data } = child('ConfigMap', { image, network: { egress: { dns: true, cidrs } } }) as unknown as {
      data: Record<string, string>;
    };
    expect(Object.keys(data)).to.deep.equal(['agent.json']);
    expect(JSON.parse(data['agent.json'] ?? '')).to.deep.equal({
      name: 'my-agent',
      namespace: 'default',
      role: 'sandbox',
      image,
      user: 65_532,
      workspace: { path: '/workspace', size: '1Gi' },
      network: {
        ingress: 'denied',
        egress: ["names at the cluster's DNS", '203.0.113.0/24 at TCP 443, UDP 443'],
      },
    });
  });
});

describe('the claim of an Agent', () => {
  it('asks for the workspace', () => {
    const workspace = { size: '10Gi', storageClassName: 'fast', accessModes: ['ReadWriteMany'] };
    expect(child('PersistentVolumeClaim', { image, workspace }).spec).to.deep.equal({
      accessModes: ['ReadWriteMany'],
      resources: { requests: { storage: '10Gi' } },
      storageClassName: 'fast',
    });
    expect(child('PersistentVolumeClaim', { image }).spec).not.to.have.property('storageClassName');
  });

  it('belongs to nobody when it is retained, but says whose it is', () => {
    const { metadata } = child('PersistentVolumeClaim', { image, workspace: { retain: 'Retain' } });
    expect(metadata.ownerReferences).to.deep.equal([]);
    expect(metadata.annotations).to.deep.equal({ [OWNER_UID_ANNOTATION]: 'agent-uid' });
    expect(metadata.labels).to.include({ [AGENT_LABEL]: 'my-agent' });
  });

  it('is not made where the Agent was given one', () => {
    const manifests = reconciler().manifests(observe({ image, workspace: { existingClaim: 'data' } }));
    expect(manifests.map(({ resource }) => resource.kind)).to.deep.equal([
      'ConfigMap',
      'NetworkPolicy',
      'Deployment',
    ]);
  });
});

describe('the policy of an Agent', () => {
  it('denies everything, in rules of its own, so that an added rule is drift', () => {
    expect(child('NetworkPolicy', { image }).spec).to.deep.equal({
      podSelector: {
        matchLabels: { 'app.kubernetes.io/name': 'agent', 'app.kubernetes.io/instance': 'my-agent' },
      },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    });
  });

  it('allows what is listed: names, and networks by port', () => {
    const cidrs = [{ cidr: '203.0.113.0/24', ports: [{ port: 443 }, { protocol: 'UDP', port: 443 }] }];
    const { spec } = child('NetworkPolicy', { image, network: { egress: { dns: true, cidrs } } });
    expect(spec).to.deep.include({
      ingress: [],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
              podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            },
          ],
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
        {
          to: [{ ipBlock: { cidr: '203.0.113.0/24' } }],
          ports: [
            { protocol: 'TCP', port: 443 },
            { protocol: 'UDP', port: 443 },
          ],
        },
      ],
    });
  });
});

describe('the policy between Agents', () => {
  it('allows a connection in the namespace, by name and by group, in both directions', () => {
    const agents = [
      { name: 'db', ports: [{ port: 5432 }] },
      { group: 'lab', ports: [{ port: 80 }, { protocol: 'UDP', port: 53 }] },
    ];
    const { spec } = child('NetworkPolicy', { image, network: { egress: { agents }, ingress: { agents } } });
    const rules = [
      {
        peers: [
          {
            podSelector: {
              matchLabels: { 'app.kubernetes.io/name': 'agent', 'app.kubernetes.io/instance': 'db' },
            },
          },
        ],
        ports: [{ protocol: 'TCP', port: 5432 }],
      },
      {
        peers: [
          {
            podSelector: {
              matchLabels: { 'app.kubernetes.io/name': 'agent', 'group.universe.ai/lab': 'true' },
            },
          },
        ],
        ports: [
          { protocol: 'TCP', port: 80 },
          { protocol: 'UDP', port: 53 },
        ],
      },
    ];
    expect(spec).to.deep.include({
      ingress: rules.map(({ peers, ports }) => ({ from: peers, ports })),
      egress: rules.map(({ peers, ports }) => ({ to: peers, ports })),
    });
  });
});

describe('the Deployment of an Agent', () => {
  it('runs one pod, never two at a time, and none while the computer does not run', () => {
    expect(child('Deployment', { image }).spec).to.deep.include({
      replicas: 1,
      strategy: { type: 'Recreate', rollingUpdate: null },
    });
    expect(child('Deployment', { image, lifecycle: { state: 'Suspended' } }).spec).to.include({
      replicas: 0,
    });
  });

  it('selects the pods that it labels', () => {
    const { selector, template } = child('Deployment', { image }).spec as {
      selector: { matchLabels: Record<string, string> };
      template: { metadata: { labels: Record<string, string> } };
    };
    expect(template.metadata.labels).to.include(selector.matchLabels);
    expect(template.metadata.labels).to.include({ [AGENT_LABEL]: 'my-agent' });
  });

  it('holds to the restricted Pod Security profile and gives no credentials', () => {
    expect(podSpec({ image })).to.deep.include({
      hostNetwork: null,
      hostPID: null,
      hostIPC: null,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      initContainers: [],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65_532,
        runAsGroup: 65_532,
        fsGroup: 65_532,
        fsGroupChangePolicy: 'OnRootMismatch',
        supplementalGroups: [],
        sysctls: [],
        seLinuxOptions: null,
        seccompProfile: { type: 'RuntimeDefault', localhostProfile: null },
        appArmorProfile: null,
      },
    });
    expect(container({ image })).to.deep.include({ ports: [] });
    expect(container({ image }).securityContext).to.deep.equal({
      runAsNonRoot: null,
      runAsUser: null,
      runAsGroup: null,
      seLinuxOptions: null,
      seccompProfile: null,
      appArmorProfile: null,
      allowPrivilegeEscalation: false,
      capabilities: { add: [], drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
    });
  });

  it('uses the profiles on the node and the user namespace that the Agent names', () => {
    const isolation = {
      seccompProfile: 'agents/strict.json',
      appArmorProfile: 'k8s-agent',
      userNamespace: true,
    };
    const { hostUsers, securityContext } = podSpec({ image, isolation }) as Record<string, Json>;
    expect(hostUsers).to.equal(false);
    expect(securityContext).to.deep.include({
      seccompProfile: { type: 'Localhost', localhostProfile: 'agents/strict.json' },
      appArmorProfile: { type: 'Localhost', localhostProfile: 'k8s-agent' },
    });
    expect(podSpec({ image })).to.include({ hostUsers: null });
  });

  it('labels its pods with the groups of the Agent', () => {
    const { template } = child('Deployment', { image, network: { groups: ['a', 'b'] } }).spec as {
      template: { metadata: { labels: Record<string, string> } };
    };
    expect(template.metadata.labels).to.include({
      'group.universe.ai/a': 'true',
      'group.universe.ai/b': 'true',
    });
  });

  it('works in the claim that it was given', () => {
    const workspace = { existingClaim: 'data' };
    expect(podSpec({ image, workspace }).volumes).to.deep.include({
      name: 'workspace',
      persistentVolumeClaim: { claimName: 'data' },
    });
  });

  it('isolates as the Agent says', () => {
    const isolation = { user: 1000, runtimeClassName: 'gvisor', readOnlyRootFilesystem: false };
    const { runtimeClassName, securityContext } = podSpec({ image, isolation }) as Record<string, Json>;
    expect(runtimeClassName).to.equal('gvisor');
    expect(securityContext).to.include({ runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 });
    expect(container({ image, isolation }).securityContext).to.include({ readOnlyRootFilesystem: false });
    expect(podSpec({ image })).to.include({ runtimeClassName: null });
  });

  it('has the workspace as home, a /tmp, and the configuration to read', () => {
    const { workingDir, env, volumeMounts } = container({ image });
    expect(workingDir).to.equal('/workspace');
    expect(env).to.deep.equal([{ name: 'HOME', value: '/workspace' }]);
    expect(volumeMounts).to.deep.equal([
      { name: 'workspace', mountPath: '/workspace' },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'config', mountPath: '/etc/rynxs', readOnly: true },
    ]);
    expect(podSpec({ image }).volumes).to.deep.equal([
      { name: 'workspace', persistentVolumeClaim: { claimName: 'my-agent' } },
      { name: 'tmp', emptyDir: {} },
      { name: 'config', configMap: { name: 'my-agent', items: [{ key: 'agent.json', path: 'agent.json' }] } },
    ]);
  });

  it('passes the environment on, secrets by reference, and lets HOME be changed', () => {
    const env = [
      { name: 'HOME', value: '/tmp' },
      { name: 'EMPTY', value: '' },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'bot', key: 'token' } } },
    ];
    expect(container({ image, env }).env).to.deep.equal([
      { name: 'HOME', value: '/tmp' },
      { name: 'EMPTY' },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'bot', key: 'token' } } },
    ]);
  });

  it('passes resources on, and none when none are given', () => {
    const resources = { limits: { memory: '1Gi', 'ephemeral-storage': '2Gi' } };
    expect(container({ image, resources }).resources).to.deep.equal(resources);
    const none = { requests: null, limits: null };
    expect(container({ image }).resources).to.deep.equal(none);
    expect(container({ image, resources: { limits: {} } }).resources).to.deep.equal(none);
  });

  it('idles in /bin/sh as a sandbox without a command, and only then with a short end', () => {
    const [shell, flag] = container({ image }).command as readonly string[];
    expect([shell, flag]).to.deep.equal(['/bin/sh', '-c']);
    expect(podSpec({ image }).terminationGracePeriodSeconds).to.equal(5);
    for (const spec of [
      { image, command: ['/server'] },
      { image, role: 'service' },
    ])
      expect(podSpec(spec)).not.to.have.property('terminationGracePeriodSeconds');
  });

  it('runs what it is told as a service, or the entry point of the image', () => {
    expect(container({ image, role: 'service', args: ['-v'] })).to.deep.include({ args: ['-v'] });
    expect(container({ image, role: 'service' })).to.include({ command: null, args: null });
    expect(container({ image, command: ['/server'], args: ['-v'] })).to.deep.include({
      command: ['/server'],
      args: ['-v'],
    });
  });

  it('is JSON, byte for byte the same for the same Agent', () => {
    const bytes = () =>
      canonicalize(child('Deployment', { image, env: [{ name: 'A', value: 'ä' }] }) as unknown as Json);
    expect(bytes()).to.equal(bytes());
  });
});
