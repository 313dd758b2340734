import type { ContextMember, SharedContext, SharedContextType } from '@rynxs/kernel';
import type { SessionState } from '../session/session-state.js';
import type { AgentState } from '../state.js';
import { type Bounds, OUTSIDE_UNIVERSE } from './bounds.js';
import { Places } from './places.js';
import { claimOf, type UniverseState } from './universe-state.js';

/** What others may know of an Agent. */
export interface AgentFacts {
  readonly uid: string;
  readonly namespace: string;
  /** Seq of its first observation. */
  readonly since: number;
  /** Whether it is meant to run. */
  readonly isRunning: boolean;
  /** Whether it was recorded as ready last. */
  readonly isReady: boolean;
  /** Why its Universe does not admit it. */
  readonly outside: string | undefined;
}

/** The Universe that a namespace belongs to. Without bounds it admits nothing: its spec was never accepted. */
export interface Tenant {
  readonly name: string;
  readonly bounds: Bounds | undefined;
}

/** How many Agents are in the namespaces of a Universe, and which of them it does not admit. */
export interface Population {
  readonly agents: number;
  /** Messages by `namespace/name`, in the order in which the Agents came. */
  readonly outside: ReadonlyMap<string, string>;
}

const NOBODY: readonly string[] = [];
const AGENTS = 'agents/';
const UNIVERSES = 'universes/';
const SESSIONS = 'sessions/';

/**
 * Which namespace belongs to which Universe, and which Agents live there. A namespace belongs to the Universe that has
 * claimed it first; who claims it later gets it when that one lets go. The first Agents of a Universe have its places.
 */
export class Tenancy implements SharedContext {
  readonly #universes = new Map<string, UniverseState>();
  /** Seq of the claim, by namespace and Universe. */
  readonly #claims = new Map<string, Map<string, number>>();
  readonly #agents = new Map<string, AgentFacts>();
  readonly #agentsIn = new Map<string, Set<string>>();
  /** By Universe, those with a quota; made when they are asked for. */
  readonly #places = new Map<string, Places>();
  /** The Agent that each Session names, and the Sessions of each Agent. */
  readonly #agentOf = new Map<string, string>();
  readonly #sessionsOf = new Map<string, Set<string>>();

  /** The Universe of a namespace; undefined when none has claimed it. */
  tenantOf(namespace: string): Tenant | undefined {
    const name = this.#ownerOf(namespace);
    return name === undefined ? undefined : { name, bounds: this.#universes.get(name)?.bounds };
  }

  /** The Universe that has claimed the namespace before this one did; undefined when there is none. */
  ownerBefore(namespace: string, universe: string, claimedAt: number): string | undefined {
    const owner = this.#ownerOf(namespace);
    if (owner === undefined || owner === universe) return undefined;
    return (this.#claims.get(namespace)?.get(owner) ?? 0) < claimedAt ? owner : undefined;
  }

  /** Whether the quota of its Universe leaves a place to this Agent. */
  hasPlace(namespace: string, name: string): boolean {
    const owner = this.#ownerOf(namespace);
    const places = owner === undefined ? undefined : this.#placesOf(owner);
    return places === undefined || places.has(agentId(namespace, name));
  }

  agent(namespace: string, name: string): AgentFacts | undefined {
    return this.#agents.get(agentId(namespace, name));
  }

  /** The Agents in namespaces that belong to the Universe. */
  populationOf(universe: string): Population {
    const outside: { readonly name: string; readonly since: number; readonly message: string }[] = [];
    let agents = 0;
    for (const id of this.#agentsOf(universe)) {
      agents += 1;
      const { since, outside: message } = this.#agents.get(id) ?? { since: 0, outside: undefined };
      if (message !== undefined) outside.push({ name: id.slice(AGENTS.length), since, message });
    }
    outside.sort((a, b) => a.since - b.since);
    return { agents, outside: new Map(outside.map(({ name, message }) => [name, message])) };
  }

  update(id: string, member: ContextMember | undefined): Iterable<string> {
    if (id.startsWith(AGENTS)) {
      const before = this.#agents.get(id);
      return isAsBefore(before, member) ? NOBODY : this.#updateAgent(id, before, factsOf(member));
    }
    if (id.startsWith(UNIVERSES))
      return this.#updateUniverse(id.slice(UNIVERSES.length), member?.state as UniverseState | undefined);
    if (id.startsWith(SESSIONS)) this.#updateSession(id, member?.state as SessionState | undefined);
    return NOBODY;
  }

  /**
   * Universes bound Agents and each other, and an Agent that goes leaves its place to another. A Session follows its Agent,
   * and all that this one depends on.
   */
  mayAffect(event: { readonly type: string; readonly aggregateId: string }, id: string): boolean {
    if (event.aggregateId === id) return false;
    if (event.type === 'UniverseObserved' || event.type === 'UniverseDeleted') return true;
    if (event.type === 'AgentDeleted' && !id.startsWith(UNIVERSES)) return true;
    return id.startsWith(SESSIONS) && event.aggregateId === this.#agentOf.get(id);
  }

  #updateAgent(id: string, before: AgentFacts | undefined, facts: AgentFacts | undefined): Iterable<string> {
    const owner = this.#ownerOf((facts ?? before)?.namespace ?? '');
    const affected = [...(this.#sessionsOf.get(id) ?? NOBODY)];
    if (owner !== undefined) affected.push(`${UNIVERSES}${owner}`);
    if (before !== undefined && before.since !== facts?.since) {
      // Made while the one that leaves is still there, so that they know who gets its place.
      const next = owner === undefined ? undefined : this.#placesOf(owner)?.leave(id);
      this.#agents.delete(id);
      this.#agentsIn.get(before.namespace)?.delete(id);
      if (next !== undefined) affected.push(next);
    }
    if (facts === undefined) return affected;
    this.#agents.set(id, facts);
    if (before?.since === facts.since) return affected;
    const neighbours = this.#agentsIn.get(facts.namespace) ?? new Set();
    this.#agentsIn.set(facts.namespace, neighbours.add(id));
    if (owner !== undefined && this.#places.get(owner)?.enter(id, facts.since) === false)
      this.#places.delete(owner);
    return affected;
  }

  #updateSession(id: string, state: SessionState | undefined): void {
    const before = this.#agentOf.get(id);
    const after = state?.spec === undefined ? undefined : agentId(state.namespace, state.spec.agent);
    if (before === after) return;
    if (before !== undefined) {
      const others = this.#sessionsOf.get(before);
      others?.delete(id);
      if (others?.size === 0) this.#sessionsOf.delete(before);
      this.#agentOf.delete(id);
    }
    if (after === undefined) return;
    this.#agentOf.set(id, after);
    this.#sessionsOf.set(after, (this.#sessionsOf.get(after) ?? new Set()).add(id));
  }

  #updateUniverse(name: string, state: UniverseState | undefined): Iterable<string> {
    const before = this.#universes.get(name);
    if (before?.bounds === state?.bounds && before?.claims === state?.claims) return NOBODY;
    const namespaces = new Set([...Object.keys(before?.claims ?? {}), ...Object.keys(state?.claims ?? {})]);
    const concerned = new Set([name]);
    const note = () => {
      for (const namespace of namespaces)
        for (const universe of this.#claims.get(namespace)?.keys() ?? []) concerned.add(universe);
    };
    note();
    if (state === undefined) this.#universes.delete(name);
    else this.#universes.set(name, state);
    for (const namespace of namespaces) this.#claim(namespace, name, claimOf(state?.claims ?? {}, namespace));
    note();
    const affected = new Set<string>();
    for (const universe of concerned) {
      this.#places.delete(universe);
      if (universe !== name) affected.add(`${UNIVERSES}${universe}`);
      for (const id of this.#agentsOf(universe)) affected.add(id);
    }
    for (const namespace of namespaces)
      for (const id of this.#agentsIn.get(namespace) ?? []) affected.add(id);
    return affected;
  }

  #claim(namespace: string, universe: string, seq: number | undefined): void {
    const claims = this.#claims.get(namespace) ?? new Map<string, number>();
    if (seq === undefined) claims.delete(universe);
    else claims.set(universe, seq);
    if (claims.size === 0) this.#claims.delete(namespace);
    else this.#claims.set(namespace, claims);
  }

  #ownerOf(namespace: string): string | undefined {
    let owner: string | undefined;
    let oldest = Number.POSITIVE_INFINITY;
    for (const [universe, seq] of this.#claims.get(namespace) ?? []) {
      if (seq >= oldest) continue;
      oldest = seq;
      owner = universe;
    }
    return owner;
  }

  *#agentsOf(universe: string): Iterable<string> {
    for (const namespace of Object.keys(this.#universes.get(universe)?.claims ?? {}))
      if (this.#ownerOf(namespace) === universe) yield* this.#agentsIn.get(namespace) ?? [];
  }

  #placesOf(universe: string): Places | undefined {
    const max = this.#universes.get(universe)?.bounds?.quota?.agents;
    if (max === undefined) return undefined;
    const known = this.#places.get(universe);
    if (known !== undefined) return known;
    const since = (id: string) => this.#agents.get(id)?.since ?? 0;
    const comers = [...this.#agentsOf(universe)].map((id) => ({ id, since: since(id) }));
    const places = new Places(max, comers);
    this.#places.set(universe, places);
    return places;
  }
}

/** The context that Agents, Universes and Sessions share. */
export const TENANCY: SharedContextType = { create: () => new Tenancy() };

/** The context as the reconcilers of this plugin are given it; a reconciler by itself, as in tests, has none. */
export function tenancyOf(context: SharedContext | undefined): Tenancy | undefined {
  return context instanceof Tenancy ? context : undefined;
}

function agentId(namespace: string, name: string): string {
  return `${AGENTS}${namespace}/${name}`;
}

function factsOf(member: ContextMember | undefined): AgentFacts | undefined {
  if (member === undefined) return undefined;
  const state = member.state as AgentState;
  const { uid, namespace, since } = state;
  const isReady = member.health === 'ready';
  return { uid, namespace, since, isRunning: isRunning(state), isReady, outside: whyOutside(state) };
}

/** Whether the facts are those that the state leads to. It is asked after every event of an Agent. */
function isAsBefore(facts: AgentFacts | undefined, member: ContextMember | undefined): boolean {
  if (facts === undefined || member === undefined) return facts === undefined && member === undefined;
  const state = member.state as AgentState;
  return (
    facts.since === state.since &&
    facts.isRunning === isRunning(state) &&
    facts.isReady === (member.health === 'ready') &&
    facts.outside === whyOutside(state)
  );
}

function isRunning({ computer }: AgentState): boolean {
  return computer?.isRunning === true;
}

function whyOutside({ refusal }: AgentState): string | undefined {
  return refusal?.reason === OUTSIDE_UNIVERSE ? refusal.message : undefined;
}
