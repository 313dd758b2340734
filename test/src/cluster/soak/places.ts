import type { KubernetesObject } from '@rynxs/kernel';
import type { ApiClient } from '../real-cluster.js';

const GROUP = '/apis/universe.ai/v1alpha1';

/** Of no Universe, of one, and of one as well. */
export const NAMESPACES = ['soak-free', 'soak-bounded', 'soak-shared'] as const;
export const UNIVERSE = 'soak';
/** What it claims. */
export const BOUNDED: readonly string[] = ['soak-bounded', 'soak-shared'];
export const UNIVERSES = `${GROUP}/universes`;

/** Label of objects that are in the way of Agents on purpose. */
export const IN_THE_WAY = 'soak/in-the-way';

export const CHILD_KINDS = ['ConfigMap', 'PersistentVolumeClaim', 'NetworkPolicy', 'Deployment'] as const;
export type ChildKind = (typeof CHILD_KINDS)[number];

const COLLECTIONS = {
  Agent: [GROUP, 'agents'],
  Session: [GROUP, 'sessions'],
  ConfigMap: ['/api/v1', 'configmaps'],
  PersistentVolumeClaim: ['/api/v1', 'persistentvolumeclaims'],
  NetworkPolicy: ['/apis/networking.k8s.io/v1', 'networkpolicies'],
  Deployment: ['/apis/apps/v1', 'deployments'],
} as const;
export type NamespacedKind = keyof typeof COLLECTIONS;

/** Path of a kind's objects in a namespace. */
export function collection(kind: NamespacedKind, namespace: string): string {
  const [group, plural] = COLLECTIONS[kind];
  return `${group}/namespaces/${namespace}/${plural}`;
}

export function path(kind: NamespacedKind, { namespace, name }: Place): string {
  return `${collection(kind, namespace)}/${name}`;
}

export interface Place {
  readonly namespace: string;
  readonly name: string;
}

export interface Child {
  readonly kind: ChildKind;
  readonly place: Place;
}

export function placeOf({ metadata }: KubernetesObject): Place {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

/** The objects of a kind in all namespaces of the soak. */
export async function objectsOf(api: ApiClient, kind: NamespacedKind): Promise<readonly KubernetesObject[]> {
  const lists = await Promise.all(
    NAMESPACES.map((namespace) =>
      api.must<{ readonly items: readonly KubernetesObject[] }>('GET', collection(kind, namespace)),
    ),
  );
  return lists.flatMap(({ items }) => items);
}

export async function universesOf(api: ApiClient): Promise<readonly KubernetesObject[]> {
  return (await api.must<{ readonly items: readonly KubernetesObject[] }>('GET', UNIVERSES)).items;
}
