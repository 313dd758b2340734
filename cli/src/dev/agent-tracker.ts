import {
  type Cluster,
  type KubernetesObject,
  type ObjectKey,
  type Reconciler,
  type ResourceCache,
  type ResourceType,
} from '@rynxs/kernel';
import { type AgentProgress, agentProgress } from './agent-progress.js';

/** An object whose way to Ready is watched. */
export interface TrackedAgent {
  readonly reconciler: Reconciler;
  readonly key: ObjectKey;
}

/** The label by which pods name the object that they belong to. */
const INSTANCE_LABEL = 'app.kubernetes.io/instance';

/** Watches agents and what belongs to them through the caches that the operator keeps anyway. */
export class AgentTracker implements Disposable {
  readonly #cluster: Cluster;
  readonly #agents: readonly TrackedAgent[];
  readonly #since: number;
  readonly #subscriptions: Disposable[] = [];
  readonly #listeners = new Set<() => void>();
  #notification: NodeJS.Immediate | undefined;

  /** `since`: when this session began, in milliseconds since 1970. */
  constructor(cluster: Cluster, agents: readonly TrackedAgent[], since: number) {
    this.#cluster = cluster;
    this.#agents = agents;
    this.#since = since;
    const caches = new Set(
      agents.flatMap(({ reconciler }) => typesOf(reconciler).map((type) => cluster.cache(type))),
    );
    for (const cache of caches) this.#subscriptions.push(cache.subscribe(() => this.#schedule()));
  }

  /** How far each agent is now, in the order in which they were given. */
  progress(): readonly AgentProgress[] {
    return this.#agents.map((tracked) => this.#progressOf(tracked));
  }

  /** Calls `listener` after anything changed, once for changes that come together. */
  subscribe(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Resolves when `enough` says so of the progress; rejects with the reason when `signal` aborts. */
  async until(
    enough: (progress: readonly AgentProgress[]) => boolean,
    signal: AbortSignal,
  ): Promise<readonly AgentProgress[]> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const progress = this.progress();
        if (!enough(progress)) return;
        finish();
        resolve(progress);
      };
      const abort = (): void => {
        finish();
        reject(signal.reason);
      };
      const subscription = this.subscribe(check);
      const finish = (): void => {
        subscription[Symbol.dispose]();
        signal.removeEventListener('abort', abort);
      };
      signal.addEventListener('abort', abort, { once: true });
      check();
    });
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#notification);
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.#listeners.clear();
  }

  #schedule(): void {
    this.#notification ??= setImmediate(() => {
      this.#notification = undefined;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  #progressOf({ reconciler, key }: TrackedAgent): AgentProgress {
    const kinds = reconciler.owns.map(({ kind }) => kind);
    const agent: KubernetesObject = this.#cluster.cache(reconciler.resource).get(key) ?? { metadata: key };
    const { uid } = agent.metadata;
    const children =
      uid === undefined
        ? []
        : reconciler.owns.flatMap((resource) =>
            this.#cluster
              .cache(resource)
              .ownedBy(uid)
              .map((object) => ({ resource, object })),
          );
    const pods = (reconciler.watches ?? []).flatMap((type) => podsOf(this.#cluster.cache(type), key));
    return agentProgress({ agent, children, pods }, kinds, this.#since);
  }
}

function typesOf({ resource, owns, watches = [] }: Reconciler): readonly ResourceType[] {
  return [resource, ...owns, ...watches];
}

function podsOf(cache: ResourceCache, { namespace, name }: ObjectKey): readonly KubernetesObject[] {
  if (cache.resource.kind !== 'Pod') return [];
  return cache.withLabel(INSTANCE_LABEL, name).filter(({ metadata }) => metadata.namespace === namespace);
}
