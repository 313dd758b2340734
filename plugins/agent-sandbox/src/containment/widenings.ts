import { CONTAINER } from '../manifests/deployment.js';
import { manifestsOf } from '../manifests/manifests.js';
import { NETWORK_POLICY } from '../manifests/resource-types.js';
import type { Computer } from '../spec.js';
import type { Containment } from './containment.js';
import {
  containersOf,
  hasServiceAccountToken,
  type LiveContainer,
  type LivePodSpec,
  podSpecOf,
  type SecurityContext,
  volumeType,
} from './live-pod.js';
import { beyond, type Direction, rulesOf, unionOf } from './network-rules.js';

/** Types of the volumes that a computer has; anything else was put there by somebody. */
const OWN_VOLUME_TYPES = new Set(['persistentVolumeClaim', 'emptyDir', 'configMap']);

/** In what a containment is wider than the Agent asks for; empty when in nothing. Reads after "wider: ". */
export function* wideningsOf(computer: Computer, containment: Containment): Iterable<string> {
  const spec = podSpecOf(containment.pod);
  yield* podWidenings(computer, spec);
  for (const { kind, container } of containersOf(containment.pod)) {
    if (kind === 'container' && container.name === CONTAINER) {
      yield* containerWidenings(computer, effectiveContext(spec, container), 'the container');
    } else {
      const what = `${kind === 'container' ? 'another' : `an ${kind}`} container ${container.name}`;
      yield `${what} runs in the pod`;
      yield* containerWidenings(computer, effectiveContext(spec, container), what);
    }
  }
  for (const direction of ['ingress', 'egress'] as const)
    yield* networkWidenings(computer, containment, direction);
}

function* podWidenings({ isolation }: Computer, spec: LivePodSpec): Iterable<string> {
  const { runtimeClassName, userNamespace } = isolation;
  if (runtimeClassName !== undefined && spec.runtimeClassName !== runtimeClassName)
    yield `the runtime class is not ${runtimeClassName}`;
  if (hasServiceAccountToken(spec)) yield 'a service account token is in the pod';
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) if (spec[field] === true) yield field;
  if (userNamespace && spec.hostUsers !== false) yield 'the pod has no user namespace of its own';
  for (const volume of spec.volumes ?? []) {
    const type = volumeType(volume);
    if (!OWN_VOLUME_TYPES.has(type) && !hasServiceAccountToken({ volumes: [volume] }))
      yield `volume ${volume.name} of type ${type} is in the pod`;
  }
}

function* containerWidenings(
  { isolation }: Computer,
  context: SecurityContext,
  what: string,
): Iterable<string> {
  const { capabilities = {}, seccompProfile, appArmorProfile } = context;
  if (context.privileged === true) yield `${what} is privileged`;
  if (context.allowPrivilegeEscalation !== false) yield `${what} may escalate its privileges`;
  if ((capabilities.add ?? []).length > 0 || capabilities.drop?.includes('ALL') !== true)
    yield `${what} has capabilities`;
  if (context.runAsNonRoot !== true || context.runAsUser === 0) yield `${what} may run as root`;
  else if (context.runAsUser !== isolation.user) yield `${what} runs as another user than ${isolation.user}`;
  if (isolation.readOnlyRootFilesystem && context.readOnlyRootFilesystem !== true)
    yield `${what} can write to its root file system`;
  if (!isProfile(seccompProfile, isolation.seccompProfile)) yield `${what} has another seccomp profile`;
  const isUnconfined = appArmorProfile?.type === 'Unconfined';
  if (
    isUnconfined ||
    (isolation.appArmorProfile !== undefined && !isProfile(appArmorProfile, isolation.appArmorProfile))
  )
    yield `${what} has another AppArmor profile`;
  if (context.procMount === 'Unmasked') yield `${what} sees all of /proc`;
}

/** A profile of the node by its name, or else the container runtime's own one or one of the node. */
function isProfile(profile: SecurityContext['seccompProfile'], wanted: string | undefined): boolean {
  if (wanted !== undefined) return profile?.type === 'Localhost' && profile.localhostProfile === wanted;
  return profile?.type === 'RuntimeDefault' || profile?.type === 'Localhost';
}

/** A container's own context counts before the pod's (PodSecurityContext, API reference). */
function effectiveContext({ securityContext = {} }: LivePodSpec, container: LiveContainer): SecurityContext {
  return { ...securityContext, ...container.securityContext } as SecurityContext;
}

function* networkWidenings(
  computer: Computer,
  { policies }: Containment,
  direction: Direction,
): Iterable<string> {
  if (unionOf(policies, direction) === 'unrestricted') {
    yield `no NetworkPolicy restricts ${direction}`;
    return;
  }
  const own = manifestsOf(computer).find(({ resource }) => resource.kind === NETWORK_POLICY.kind);
  const declared = own === undefined ? [] : rulesOf(own.object, direction);
  for (const policy of policies) {
    if (beyond(rulesOf(policy, direction), declared).length > 0)
      yield `NetworkPolicy ${policy.metadata.name} has ${direction} rules that the Agent does not have`;
  }
}
