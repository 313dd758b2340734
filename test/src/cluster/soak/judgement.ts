import { differingPaths, type KubernetesObject } from '@rynxs/kernel';
import type { ApiClient } from '../real-cluster.js';
import { type ExpectedAgent, expectedAgents } from './expectation.js';
import {
  BOUNDED,
  CHILD_KINDS,
  type Child,
  type ChildKind,
  IN_THE_WAY,
  objectsOf,
  type Place,
  placeOf,
  universesOf,
} from './places.js';

export const OUTSIDE = 'OutsideUniverse';
const OWNER_UID = 'universe.ai/owner-uid';
const SOON_MS = 120_000;
const GOOD_IMAGES = 'registry.example.com/good/';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

interface Status {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly phase?: string;
  readonly expiresAt?: string;
  readonly agents?: { readonly total: number; readonly outside: number };
}

type Children = ReadonlyMap<string, KubernetesObject>;

/** The Agents whose spec the operator must refuse by itself, whatever bounds they have. */
export async function refusedAgents(api: ApiClient): Promise<readonly Place[]> {
  const agents = await objectsOf(api, 'Agent');
  const expected = expectedAgents([], agents);
  return agents.filter(({ metadata: { uid = '' } }) => expected.get(uid)?.refusal !== undefined).map(placeOf);
}

/** The Agents whose status says that somebody keeps changing a child back. */
export async function contestedAgents(api: ApiClient): Promise<readonly Place[]> {
  const isContested = ({ type, status }: Condition) => type === 'DriftContested' && status === 'True';
  return (await objectsOf(api, 'Agent'))
    .filter((agent) => statusOf(agent).conditions?.some(isContested))
    .map(placeOf);
}

/**
 * Children of Agents that are gone: claims that they were to leave, and what the garbage collector did not find because
 * somebody had taken the owner out a moment before the Agent was deleted.
 */
export async function childrenLeft(api: ApiClient): Promise<readonly Child[]> {
  const agents = await objectsOf(api, 'Agent');
  const live = new Set(agents.map(({ metadata }) => metadata.uid));
  const madeAt = new Map(agents.map((agent) => [nameOf(agent), createdAt(agent)] as const));
  const lists = await Promise.all(CHILD_KINDS.map((kind) => objectsOf(api, kind)));
  return CHILD_KINDS.flatMap((kind, index) =>
    (lists[index] ?? [])
      .filter((child) => {
        const { annotations, labels, ownerReferences = [] } = child.metadata;
        if (ownerReferences.length > 0) return false;
        const owner = annotations?.[OWNER_UID];
        if (owner !== undefined) return !live.has(owner);
        const isOfEarlierAgent = createdAt(child) < (madeAt.get(nameOf(child)) ?? Number.POSITIVE_INFINITY);
        return labels?.['app.kubernetes.io/managed-by'] === 'rynxs' && isOfEarlierAgent;
      })
      .map((child) => ({ kind, place: placeOf(child) })),
  );
}

/** In what the cluster is not as what users ask for says, one line each. */
export async function problemsOf(api: ApiClient): Promise<readonly string[]> {
  const [universes, agents, sessions] = await Promise.all([
    universesOf(api),
    objectsOf(api, 'Agent'),
    objectsOf(api, 'Session'),
  ]);
  const lists = await Promise.all(CHILD_KINDS.map((kind) => objectsOf(api, kind)));
  const children = new Map(
    CHILD_KINDS.flatMap((kind, index) =>
      (lists[index] ?? []).map((child) => [keyOf(kind, placeOf(child)), child] as const),
    ),
  );
  const expected = expectedAgents(universes, agents);
  const live = new Set(agents.map(({ metadata }) => metadata.uid));
  const isBounded = universes.some(({ spec }) => (spec as { images?: object }).images !== undefined);
  return [
    ...agents.flatMap((agent) => {
      const wanted = expected.get(agent.metadata.uid ?? '');
      return wanted === undefined ? [] : problemsOfAgent(agent, wanted, children, isBounded);
    }),
    ...[...children].flatMap(([key, child]) => (isOrphan(child, live) ? [`${key}: nobody's`] : [])),
    ...sessions.flatMap(problemsOfSession),
    ...universes.flatMap((universe) => problemsOfUniverse(universe, agents, expected)),
  ];
}

function problemsOfAgent(
  agent: KubernetesObject,
  { refusal, manifests, until }: ExpectedAgent,
  children: Children,
  isBounded: boolean,
): readonly string[] {
  const place = placeOf(agent);
  const about = (problem: string) => `Agent ${place.namespace}/${place.name}: ${problem}`;
  const problems = problemsOfStatus(agent);
  const degraded = statusOf(agent).conditions?.find(
    ({ type, status }) => type === 'Degraded' && status === 'True',
  );
  if (degraded?.reason !== refusal)
    problems.push(
      `is degraded by ${degraded?.reason ?? 'nothing'}, not ${refusal ?? 'nothing'}: ${degraded?.message}`,
    );
  if (isSoon(until)) problems.push(`expires at ${until}`);
  if (refusal === OUTSIDE) {
    // What it had before it was outside may still run, if that is within the bounds.
    const deployment = children.get(keyOf('Deployment', place));
    if (
      isBounded &&
      deployment !== undefined &&
      runs(deployment) &&
      !imageOf(deployment).startsWith(GOOD_IMAGES)
    )
      problems.push(`runs ${imageOf(deployment)} outside its Universe`);
    return problems.map(about);
  }
  for (const { object } of manifests) {
    const kind = object.kind as ChildKind;
    const child = children.get(keyOf(kind, place));
    if (child === undefined) problems.push(`no ${kind}`);
    else problems.push(...differingPaths(object, child).map((path) => `${kind} differs at ${path}`));
  }
  return problems.map(about);
}

/** Whose owner is gone; a claim that was to be kept is nobody's on purpose. */
function isOrphan({ metadata }: KubernetesObject, live: ReadonlySet<string | undefined>): boolean {
  const { labels, ownerReferences = [], annotations } = metadata;
  if (labels?.[IN_THE_WAY] !== undefined) return true;
  if (ownerReferences.length > 0) return ownerReferences.some(({ uid }) => !live.has(uid));
  return labels?.['app.kubernetes.io/managed-by'] === 'rynxs' && annotations?.[OWNER_UID] === undefined;
}

function problemsOfSession(session: KubernetesObject): readonly string[] {
  const { lifecycle } = session.spec as { readonly lifecycle?: { readonly state?: string } };
  const { phase, expiresAt } = statusOf(session);
  const problems = problemsOfStatus(session);
  if (isSoon(expiresAt) && phase !== 'Closed') problems.push(`expires at ${expiresAt}`);
  if (lifecycle?.state === 'Closed' && phase !== 'Closed' && phase !== 'Expired')
    problems.push(`is closed and ${phase}`);
  return problems.map((problem) => `Session ${session.metadata.name}: ${problem}`);
}

function problemsOfUniverse(
  universe: KubernetesObject,
  agents: readonly KubernetesObject[],
  expected: ReadonlyMap<string, ExpectedAgent>,
): readonly string[] {
  const bounded = agents.filter(({ metadata }) => BOUNDED.includes(metadata.namespace ?? ''));
  const outside = bounded.filter(({ metadata }) => expected.get(metadata.uid ?? '')?.refusal === OUTSIDE);
  const told = statusOf(universe).agents;
  const problems = problemsOfStatus(universe);
  if (told?.total !== bounded.length || told.outside !== outside.length)
    problems.push(`counts ${JSON.stringify(told)}, not ${bounded.length} and ${outside.length}`);
  return problems.map((problem) => `Universe ${universe.metadata.name}: ${problem}`);
}

function problemsOfStatus(object: KubernetesObject): string[] {
  const { observedGeneration, conditions = [] } = statusOf(object);
  const problems: string[] = [];
  if (observedGeneration !== object.metadata.generation)
    problems.push(`its status is of generation ${observedGeneration}, not ${object.metadata.generation}`);
  if (!conditions.some(({ type }) => type === 'Ready')) problems.push('its status has no condition Ready');
  return problems;
}

function nameOf(object: KubernetesObject): string {
  const { namespace, name } = placeOf(object);
  return `${namespace}/${name}`;
}

/** To the second. */
function createdAt({ metadata }: KubernetesObject): number {
  return Date.parse(String(metadata.creationTimestamp));
}

/** Not all is at rest yet that will not be as it is for long. */
function isSoon(time: string | undefined): boolean {
  const leftMs = time === undefined ? Number.POSITIVE_INFINITY : Date.parse(time) - Date.now();
  return leftMs > 0 && leftMs < SOON_MS;
}

function statusOf({ status }: KubernetesObject): Status {
  return (status ?? {}) as Status;
}

function runs({ spec }: KubernetesObject): boolean {
  return (spec as { readonly replicas?: number }).replicas !== 0;
}

function imageOf({ spec }: KubernetesObject): string {
  const { template } = spec as { template: { spec: { containers: readonly [{ image: string }] } } };
  return template.spec.containers[0].image;
}

function keyOf(kind: ChildKind, { namespace, name }: Place): string {
  return `${kind} ${namespace}/${name}`;
}
