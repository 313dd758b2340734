import type { JsonMap } from '@rynxs/log';
import type { ApiAnswer, ApiClient, ApiObject } from '../real-cluster.js';
import type { Dice } from './dice.js';
import {
  CHILD_KINDS,
  type Child,
  type ChildKind,
  collection,
  IN_THE_WAY,
  NAMESPACES,
  objectsOf,
  type Place,
  path,
  placeOf,
  UNIVERSE,
  UNIVERSES,
} from './places.js';
import { REFUSED, randomBounds, randomSpec } from './specs.js';

const API_VERSION = 'universe.ai/v1alpha1';
/** The same child is not changed again before: what comes back sooner is taken for a contest, and repaired slowly. */
const REST_MS = 11 * 60_000;
const LOOK_EVERY = 40;
const STRATEGIC = 'application/strategic-merge-patch+json';

/** How often each kind of operation is done; `create` and `delete` also depend on how many Agents there are. */
const WEIGHTS = {
  create: 12,
  delete: 12,
  spec: 25,
  refusedSpec: 3,
  childLabel: 8,
  childSpec: 8,
  childOwner: 3,
  childDeleted: 8,
  status: 6,
  session: 8,
  universe: 3,
  inTheWay: 3,
} as const;
export type Operation = keyof typeof WEIGHTS;

/** What users, and others who write to the same cluster, do. */
export class Load {
  /** How often each operation was done. */
  readonly done: Partial<Record<Operation, number>> = {};
  /** Operations that the API server did not answer, or answered with 5xx or 429: it was down, or they came to nothing. */
  missed = 0;
  readonly #api: ApiClient;
  readonly #dice: Dice;
  readonly #wanted: number;
  readonly #changedAt = new Map<string, number>();
  #agents: Place[] = [];
  #sessions: Place[] = [];
  #made = 0;
  #untilLook = 0;

  constructor(api: ApiClient, dice: Dice, wanted: number) {
    this.#api = api;
    this.#dice = dice;
    this.#wanted = wanted;
  }

  get agents(): number {
    return this.#agents.length;
  }

  get operations(): number {
    return Object.values(this.done).reduce((sum, count) => sum + count, 0);
  }

  /** Makes namespaces, the Universe and all Agents. */
  async begin(): Promise<void> {
    for (const name of NAMESPACES) await this.#api.must('POST', '/api/v1/namespaces', { metadata: { name } });
    await this.#do('universe');
    while (this.#agents.length < this.#wanted) await this.#do('create');
  }

  /** Does one thing, whatever comes of it. */
  async step(): Promise<void> {
    try {
      if (this.#untilLook === 0) await this.#look();
      this.#untilLook -= 1;
      const missing = (this.#wanted - this.#agents.length) / this.#wanted;
      const create = WEIGHTS.create * Math.max(0, 1 + 10 * missing);
      const remove = WEIGHTS.delete * Math.max(0, 1 - 10 * missing);
      await this.#do(this.#dice.weighted({ ...WEIGHTS, create, delete: remove }));
    } catch {
      // Nobody answers. What was done before may be no more, either.
      this.missed += 1;
      this.#untilLook = 0;
    }
  }

  /**
   * Takes away what makes it impossible that all Agents become what their specs say: objects that are in the way, children
   * that Agents of the same names have left, specs that are refused. Sets the last bounds.
   */
  async end(refused: readonly Place[], left: readonly Child[]): Promise<void> {
    for (const { kind, place } of left) await this.#api.must('DELETE', path(kind, place));
    for (const kind of CHILD_KINDS) {
      for (const namespace of NAMESPACES)
        await this.#api.must('DELETE', `${collection(kind, namespace)}?labelSelector=${IN_THE_WAY}`);
    }
    for (const place of refused) await this.#api.must('PATCH', path('Agent', place), { spec: { env: null } });
    await this.#setBounds(randomBounds(this.#dice, true));
  }

  async #look(): Promise<void> {
    this.#agents = (await objectsOf(this.#api, 'Agent')).map(placeOf);
    this.#sessions = (await objectsOf(this.#api, 'Session')).map(placeOf);
    this.#untilLook = LOOK_EVERY;
  }

  async #do(operation: Operation): Promise<void> {
    const answer = await this.#operations[operation]();
    if (answer === undefined) return;
    const isMissed = answer.status >= 500 || answer.status === 429;
    if (isMissed) this.missed += 1;
    else this.done[operation] = (this.done[operation] ?? 0) + 1;
  }

  /** Each resolves to the answer of what it did; undefined when there was nothing to do it to. */
  readonly #operations: Readonly<Record<Operation, () => Promise<ApiAnswer<ApiObject> | undefined>>> = {
    create: () => this.#create(this.#newPlace()),
    delete: async () => {
      const place = this.#anAgent();
      if (place === undefined) return undefined;
      this.#agents = this.#agents.filter((other) => other !== place);
      return this.#api.send('DELETE', path('Agent', place));
    },
    spec: () => this.#patch(randomSpec(this.#dice)),
    refusedSpec: () => this.#patch(REFUSED),
    childLabel: () =>
      this.#change(() => ({ metadata: { labels: { 'universe.ai/agent': 'somebody-else' } } })),
    childSpec: () => this.#change((kind) => SPEC_CHANGES[kind]),
    childOwner: () => this.#change(() => ({ metadata: { ownerReferences: [{ $patch: 'replace' }] } })),
    childDeleted: async () => {
      const child = this.#aChild();
      return child && this.#api.send('DELETE', path(child.kind, child.place));
    },
    status: async () => {
      const place = this.#anAgent();
      const status = { observedGeneration: 1, conditions: [], containment: null };
      return place && this.#api.send('PATCH', `${path('Agent', place)}/status`, { status });
    },
    session: () => this.#session(),
    universe: () => this.#setBounds(this.#dice.chance(0.15) ? undefined : randomBounds(this.#dice, false)),
    inTheWay: async () => {
      const place = this.#newPlace();
      const body = { metadata: { name: place.name, labels: { [IN_THE_WAY]: 'true' } } };
      await this.#api.send('POST', collection('ConfigMap', place.namespace), body);
      return this.#create(place);
    },
  };

  /** A new name, or one that was used before. */
  #newPlace(): Place {
    const isReused = this.#made > 0 && this.#dice.chance(0.3);
    if (!isReused) this.#made += 1;
    const number = isReused ? this.#dice.below(this.#made) + 1 : this.#made;
    return { namespace: NAMESPACES[number % NAMESPACES.length] as string, name: `agent-${number}` };
  }

  async #create(place: Place): Promise<ApiAnswer<ApiObject>> {
    const metadata = { name: place.name };
    const spec = randomSpec(this.#dice);
    const body = { apiVersion: API_VERSION, kind: 'Agent', metadata, spec };
    const answer = await this.#api.send('POST', collection('Agent', place.namespace), body);
    if (answer.status === 201) this.#agents.push(place);
    return answer;
  }

  #anAgent(): Place | undefined {
    return this.#agents.length === 0 ? undefined : this.#dice.pick(this.#agents);
  }

  async #patch(spec: JsonMap): Promise<ApiAnswer<ApiObject> | undefined> {
    const place = this.#anAgent();
    return place && this.#api.send('PATCH', path('Agent', place), { spec });
  }

  /** A child that was left alone for long enough. */
  #aChild(): Child | undefined {
    const now = performance.now();
    for (let tries = 0; tries < 20; tries += 1) {
      const place = this.#anAgent();
      const kind = this.#dice.pick(CHILD_KINDS);
      const key = `${kind} ${place?.namespace}/${place?.name}`;
      if (place === undefined || now - (this.#changedAt.get(key) ?? -REST_MS) < REST_MS) continue;
      this.#changedAt.set(key, now);
      return { kind, place };
    }
    return undefined;
  }

  async #change(patchOf: (kind: ChildKind) => object): Promise<ApiAnswer<ApiObject> | undefined> {
    const child = this.#aChild();
    return child && this.#api.send('PATCH', path(child.kind, child.place), patchOf(child.kind), STRATEGIC);
  }

  async #session(): Promise<ApiAnswer<ApiObject> | undefined> {
    const agent = this.#anAgent();
    if (agent === undefined) return undefined;
    const session = this.#sessions.length === 0 ? undefined : this.#dice.pick(this.#sessions);
    if (session !== undefined && this.#dice.chance(0.6)) {
      if (this.#dice.chance(0.5)) return this.#api.send('DELETE', path('Session', session));
      return this.#api.send('PATCH', path('Session', session), { spec: { lifecycle: { state: 'Closed' } } });
    }
    const name = `session-${this.#dice.below(1_000_000)}`;
    const spec = {
      agentRef: { name: agent.name },
      principal: 'alice',
      lifecycle: this.#dice.chance(0.2) ? { ttl: '30s' } : {},
    };
    const body = { apiVersion: API_VERSION, kind: 'Session', metadata: { name }, spec };
    this.#sessions.push({ namespace: agent.namespace, name });
    return this.#api.send('POST', collection('Session', agent.namespace), body);
  }

  /** Makes or changes the Universe; without bounds it is deleted. */
  async #setBounds(spec: JsonMap | undefined): Promise<ApiAnswer<ApiObject>> {
    const place = `${UNIVERSES}/${UNIVERSE}`;
    if (spec === undefined) return this.#api.send('DELETE', place);
    const changed = await this.#api.send('PATCH', place, { spec });
    if (changed.status !== 404) return changed;
    const bounds = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null));
    const body = { apiVersion: API_VERSION, kind: 'Universe', metadata: { name: UNIVERSE }, spec: bounds };
    return this.#api.send('POST', UNIVERSES, body);
  }
}

/** What somebody else changes in fields that the operator owns and the API server lets change. */
const SPEC_CHANGES: Readonly<Record<ChildKind, JsonMap>> = {
  ConfigMap: { data: { 'agent.json': '{}' } },
  PersistentVolumeClaim: { metadata: { labels: { 'app.kubernetes.io/managed-by': 'me' } } },
  NetworkPolicy: { spec: { policyTypes: ['Ingress'] } },
  Deployment: { spec: { replicas: 3 } },
};
