import { hash } from 'node:crypto';
import type { KubernetesObject, LiveView } from '@rynxs/kernel';
import { canonicalize, type JsonMap } from '@rynxs/log';
import { NETWORK_POLICY } from '../manifests/resource-types.js';
import { containersOf, hasServiceAccountToken, podSpecOf, volumeType } from './live-pod.js';
import { selectsPod, unionOf } from './network-rules.js';

/** Bytes of canonical JSON that are recorded of a containment; of a larger one only its size and its digest. */
export const MAX_CONTAINMENT_BYTES = 16 * 1024;

/** How a computer is contained in fact: its pod as admitted, and the policies that select it. */
export interface Containment {
  readonly pod: KubernetesObject;
  /** NetworkPolicies that select the pod, of whomever, by name. */
  readonly policies: readonly KubernetesObject[];
}

export function containmentOf(pod: KubernetesObject, live: LiveView): Containment {
  const { labels = {} } = pod.metadata;
  const policies = live.surroundings
    .filter(({ resource, object }) => resource.kind === NETWORK_POLICY.kind && selectsPod(object, labels))
    .map(({ object }) => object)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return { pod, policies };
}

/** What `ContainmentObserved` records, and the digest by which the state knows it. */
export interface ContainmentFact {
  readonly fact: JsonMap;
  /** SHA-256 of the canonical JSON of the fact, in lower-case hex. */
  readonly digest: string;
}

/** The same containment gives the same bytes, whichever pod has it. */
export function containmentFact(containment: Containment): ContainmentFact {
  const fact = wholeFact(containment);
  const text = canonicalize(fact);
  const digest = hash('sha256', text, 'hex');
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_CONTAINMENT_BYTES) return { fact, digest };
  const short = { bytes, digest };
  return { fact: short, digest: factDigest(short) };
}

/** In fields as Kubernetes names them. */
function wholeFact({ pod, policies }: Containment): JsonMap {
  const spec = podSpecOf(pod);
  return {
    runtimeClassName: spec.runtimeClassName ?? null,
    serviceAccountToken: hasServiceAccountToken(spec),
    hostNetwork: spec.hostNetwork ?? false,
    hostPID: spec.hostPID ?? false,
    hostIPC: spec.hostIPC ?? false,
    hostUsers: spec.hostUsers ?? true,
    securityContext: spec.securityContext ?? {},
    containers: containersOf(pod).map(({ kind, container, imageId }) => ({
      kind,
      name: container.name,
      image: container.image ?? null,
      imageID: imageId ?? null,
      securityContext: container.securityContext ?? {},
    })),
    // Names of volumes that admission adds are random.
    volumes: (spec.volumes ?? []).map(volumeType).sort(),
    network: {
      policies: policies.map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid ?? null })),
      ingress: unionOf(policies, 'ingress'),
      egress: unionOf(policies, 'egress'),
    },
  };
}

/** The digest of a fact that was recorded. */
export function factDigest(fact: JsonMap): string {
  return hash('sha256', canonicalize(fact), 'hex');
}
