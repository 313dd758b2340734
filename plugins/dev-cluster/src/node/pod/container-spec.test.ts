import type { KubernetesObject } from '@rynxs/kernel';
import { expect } from 'chai';
import { ignoredFields, readContainers } from './container-spec.js';
import { PodProblem } from './pod-problem.js';

function pod(container: object, spec: object = {}): KubernetesObject {
  const containers = [{ name: 'agent', image: 'python:3', command: ['sh'], ...container }];
  return { metadata: { name: 'pod-1', namespace: 'default' }, spec: { ...spec, containers } };
}

function problemOf(object: KubernetesObject): PodProblem {
  try {
    readContainers(object);
  } catch (error) {
    if (error instanceof PodProblem) return error;
    throw error;
  }
  throw new Error('no problem');
}

describe('container specification', () => {
  it('has defaults: user 65532, root directory, a root that may be written, no limits', () => {
    expect(readContainers(pod({ args: ['-c', 'true'] }))[0]).to.deep.include({
      name: 'agent',
      argv: ['sh', '-c', 'true'],
      workingDir: '/',
      uid: 65_532,
      gid: 65_532,
      readOnlyRoot: false,
      limits: {},
      mounts: [],
    });
  });

  it("takes the container's word over the pod's", () => {
    const spec = { securityContext: { runAsUser: 1, runAsGroup: 2 } };
    const [container] = readContainers(
      pod({ securityContext: { runAsUser: 3, readOnlyRootFilesystem: true } }, spec),
    );
    expect(container).to.deep.include({ uid: 3, gid: 2, readOnlyRoot: true });
  });

  it('reads limits as quantities', () => {
    const [container] = readContainers(pod({ resources: { limits: { memory: '64Mi', cpu: '250m' } } }));
    expect(container?.limits).to.deep.equal({ memoryBytes: 67_108_864, cpuCores: 0.25 });
  });

  const refused: readonly (readonly [string, object, object, string])[] = [
    ['no command, the image being unknown', { command: [] }, {}, 'has no command'],
    ['user 0', { securityContext: { runAsUser: 0 } }, {}, 'must not run as user 0'],
    ['a privileged container', { securityContext: { privileged: true } }, {}, 'must not be privileged'],
    ['added capabilities', { securityContext: { capabilities: { add: ['NET_ADMIN'] } } }, {}, 'NET_ADMIN'],
    ["the host's network", {}, { hostNetwork: true }, 'spec.hostNetwork'],
    ["the host's processes", {}, { hostPID: true }, 'spec.hostPID'],
    ['a stronger runtime than there is', {}, { runtimeClassName: 'gvisor' }, 'spec.runtimeClassName'],
    ['init containers', {}, { initContainers: [{ name: 'i' }] }, 'spec.initContainers'],
    ['part of a volume', { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'x' }] }, {}, 'subPath'],
    ['a volume over its programs', { volumeMounts: [{ name: 'v', mountPath: '/usr/' }] }, {}, '"/usr"'],
    ['a working directory that climbs', { workingDir: '/a/../..' }, {}, 'working directory'],
  ];
  for (const [what, container, spec, message] of refused) {
    it(`refuses ${what}`, () => {
      const problem = problemOf(pod(container, spec));
      expect(problem.message).to.include(message);
      expect(problem.waitingReason).to.equal('UnsupportedByEmbeddedNode');
    });
  }

  it('refuses user 0 under runAsNonRoot as the kubelet does', () => {
    const problem = problemOf(pod({}, { securityContext: { runAsNonRoot: true, runAsUser: 0 } }));
    expect(problem).to.deep.include({ waitingReason: 'CreateContainerConfigError', eventReason: 'Failed' });
  });

  it('takes empty lists and false for nothing', () => {
    const security = { privileged: false, capabilities: { add: [], drop: ['ALL'] } };
    const spec = { hostNetwork: false, initContainers: [] };
    expect(readContainers(pod({ securityContext: security }, spec))).to.have.length(1);
  });

  it('names what has no effect', () => {
    const object = pod({ readinessProbe: { exec: {} }, stdin: false }, { shareProcessNamespace: true });
    expect(ignoredFields(object)).to.deep.equal([
      'spec.shareProcessNamespace',
      'spec.containers[0].readinessProbe',
    ]);
  });
});
