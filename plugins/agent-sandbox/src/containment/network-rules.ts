import type { KubernetesObject } from '@rynxs/kernel';
import { canonicalize, type Json, type JsonMap } from '@rynxs/log';
import { canonicalSelector, isSelected, type LabelSelector, sortedUnique } from './label-selector.js';

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
}

interface PolicyPort {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

interface PolicyRule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly PolicyPort[];
}

interface PolicySpec {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

export type Direction = 'ingress' | 'egress';

/** Connections with one peer, or with `any`, at some ports, or at `any`. */
export type ConnectionRule = { readonly peer: JsonMap | 'any'; readonly ports: readonly JsonMap[] | 'any' };

/** What may pass in one direction; `unrestricted` where no policy is about it. */
export type Allowed = 'unrestricted' | readonly ConnectionRule[];

/** Whether a NetworkPolicy is about pods with these labels. */
export function selectsPod(policy: KubernetesObject, labels: Readonly<Record<string, string>>): boolean {
  return isSelected(specOf(policy).podSelector ?? {}, labels);
}

/**
 * What policies that select the same pod allow together (NetworkPolicy API: policies add up; a pod is isolated in a
 * direction once one of them is about it). Each peer stands for itself, in an order of its own, without repetitions.
 */
export function unionOf(policies: readonly KubernetesObject[], direction: Direction): Allowed {
  const about = policies.filter((policy) => isAbout(specOf(policy), direction));
  if (about.length === 0) return 'unrestricted';
  return sortedUnique(about.flatMap((policy) => rulesOf(policy, direction)));
}

/** The connections that one policy allows, in the same form. */
export function rulesOf(policy: KubernetesObject, direction: Direction): readonly ConnectionRule[] {
  const spec = specOf(policy);
  return isAbout(spec, direction) ? (spec[direction] ?? []).flatMap(connectionsOf) : [];
}

/** The rules that `known` does not have. */
export function beyond(
  rules: readonly ConnectionRule[],
  known: readonly ConnectionRule[],
): readonly ConnectionRule[] {
  const texts = new Set(known.map((rule) => canonicalize(rule)));
  return rules.filter((rule) => !texts.has(canonicalize(rule)));
}

/** The API server fills policyTypes in: Ingress always, Egress where there are egress rules. */
function isAbout({ policyTypes, egress = [] }: PolicySpec, direction: Direction): boolean {
  const types = policyTypes ?? (egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
  return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
}

function connectionsOf({ from, to, ports = [] }: PolicyRule): readonly ConnectionRule[] {
  const peers = from ?? to ?? [];
  const at = ports.length === 0 ? 'any' : sortedUnique(ports.map(portOf));
  return peers.length === 0
    ? [{ peer: 'any', ports: at }]
    : peers.map((peer) => ({ peer: peerOf(peer), ports: at }));
}

function portOf({ protocol = 'TCP', port, endPort }: PolicyPort): JsonMap {
  return {
    protocol,
    ...(port === undefined ? {} : { port }),
    ...(endPort === undefined ? {} : { endPort }),
  };
}

function peerOf({ ipBlock, namespaceSelector, podSelector }: Peer): JsonMap {
  if (ipBlock !== undefined) {
    const { cidr, except = [] } = ipBlock;
    return { ipBlock: { cidr, ...(except.length === 0 ? {} : { except: [...except].sort() as Json[] }) } };
  }
  return {
    ...(namespaceSelector === undefined ? {} : { namespaceSelector: canonicalSelector(namespaceSelector) }),
    ...(podSelector === undefined ? {} : { podSelector: canonicalSelector(podSelector) }),
  };
}

function specOf({ spec }: KubernetesObject): PolicySpec {
  return (spec ?? {}) as PolicySpec;
}
