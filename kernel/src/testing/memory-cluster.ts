import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type CacheEvent,
  type CacheOptions,
  type Cluster,
  ClusterError,
  type ClusterInfo,
  type DeletePreconditions,
  type KubernetesObject,
  type ObjectKey,
  type RequestOptions,
  type ResourceCache,
  type ResourceType,
} from '../contracts/cluster.js';

/** A request that reached the cluster, for assertions on what was written and what was not. */
export interface ClusterRequest {
  readonly verb: 'get' | 'list' | 'create' | 'update' | 'updateStatus' | 'delete';
  readonly plural: string;
  readonly name: string;
}

/** Decides the fate of a request: throw to refuse it; `after` true is the time after it had its effect. */
export type Fault = (request: ClusterRequest, after: boolean) => void;

/**
 * A cluster in memory with the rules of an API server that reconcilers rely on: uids, resource versions, generations
 * that rise with the spec only, a status that only updateStatus changes, preconditions, conflicts. No admission, no
 * controllers, no garbage collection, no exec. Holds itself to `clusterSuite`, like the real ones.
 */
export class MemoryCluster implements Cluster {
  readonly requests: ClusterRequest[] = [];
  /** Set to make requests fail. */
  fault: Fault | undefined;
  readonly #uid: string;
  readonly #now: () => number;
  readonly #newUid: () => string;
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();
  readonly #caches = new Map<string, MemoryCache>();
  #resourceVersion = 0;

  /** `now`: the time of creation of objects, in milliseconds since 1970. `newUid`: where uids come from. */
  constructor(now: () => number = Date.now, newUid: () => string = randomUUID) {
    this.#now = now;
    this.#newUid = newUid;
    this.#uid = newUid();
  }

  async info(): Promise<ClusterInfo> {
    return { uid: this.#uid, version: 'v0.0.0-memory', server: 'memory' };
  }

  async get(resource: ResourceType, key: ObjectKey, options: RequestOptions): Promise<KubernetesObject> {
    return this.#request('get', resource, key.name, options, () => this.#require(resource, key));
  }

  async list(
    resource: ResourceType,
    options: RequestOptions & CacheOptions,
  ): Promise<readonly KubernetesObject[]> {
    return this.#request('list', resource, '', options, () =>
      [...this.#of(resource).values()].filter(
        (object) => options.namespace === undefined || object.metadata.namespace === options.namespace,
      ),
    );
  }

  async create(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return this.#request('create', resource, object.metadata.name, options, () => {
      const { name } = object.metadata;
      if (this.#of(resource).has(keyOf(object.metadata))) {
        throw new ClusterError('exists', `${resource.plural} "${name}" already exists`, 409);
      }
      const { status: _, ...rest } = object;
      const metadata = {
        ...object.metadata,
        uid: this.#newUid(),
        generation: 1,
        creationTimestamp: new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z'),
      };
      return this.#store(resource, { ...rest, metadata }, 'added');
    });
  }

  async update(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return this.#request('update', resource, object.metadata.name, options, () => {
      const live = this.#current(resource, object);
      const { metadata, status: _, ...rest } = object;
      const { metadata: __, status, ...liveRest } = live;
      const isSpecSame = isDeepStrictEqual(rest, liveRest);
      if (isSpecSame && isDeepStrictEqual(metadata, live.metadata)) return live;
      const generation = (live.metadata.generation ?? 1) + (isSpecSame ? 0 : 1);
      const { uid, creationTimestamp } = live.metadata as Required<KubernetesObject['metadata']>;
      const next = { ...rest, metadata: { ...metadata, uid, creationTimestamp, generation } };
      return this.#store(resource, status === undefined ? next : { ...next, status }, 'modified');
    });
  }

  async updateStatus(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return this.#request('updateStatus', resource, object.metadata.name, options, () => {
      const live = this.#current(resource, object);
      if (isDeepStrictEqual(live.status, object.status)) return live;
      return this.#store(resource, { ...live, status: object.status }, 'modified');
    });
  }

  async delete(
    resource: ResourceType,
    key: ObjectKey,
    preconditions: DeletePreconditions,
    options: RequestOptions,
  ): Promise<void> {
    await this.#request('delete', resource, key.name, options, () => {
      const live = this.#of(resource).get(keyOf(key));
      if (live === undefined) return;
      const { uid, resourceVersion } = live.metadata;
      if (uid !== preconditions.uid || resourceVersion !== preconditions.resourceVersion) {
        throw new ClusterError('conflict', `the preconditions of deleting ${key.name} do not hold`, 409);
      }
      this.#of(resource).delete(keyOf(key));
      // As in Kubernetes, a deletion has a version of its own.
      const metadata = { ...live.metadata, resourceVersion: this.#nextVersion() };
      this.#notify(resource, { type: 'deleted', object: { ...live, metadata } });
    });
  }

  cache(resource: ResourceType): ResourceCache {
    const known = this.#caches.get(resource.plural);
    if (known !== undefined) return known;
    const cache = new MemoryCache(resource, this.#of(resource));
    this.#caches.set(resource.plural, cache);
    return cache;
  }

  async exec(): Promise<number> {
    throw new ClusterError('invalid', 'a cluster in memory runs nothing');
  }

  async logs(): Promise<void> {
    throw new ClusterError('invalid', 'a cluster in memory runs nothing');
  }

  async #request<T>(
    verb: ClusterRequest['verb'],
    resource: ResourceType,
    name: string,
    { signal, beforeSend }: RequestOptions,
    effect: () => T,
  ): Promise<T> {
    await Promise.resolve();
    if (signal.aborted)
      throw new ClusterError('aborted', `${verb} ${name}: given up`, undefined, undefined, {
        cause: signal.reason,
      });
    beforeSend?.();
    const request = { verb, plural: resource.plural, name };
    this.requests.push(request);
    this.fault?.(request, false);
    const result = effect();
    this.fault?.(request, true);
    return result;
  }

  #of(resource: ResourceType): Map<string, KubernetesObject> {
    const objects = this.#objects.get(resource.plural) ?? new Map<string, KubernetesObject>();
    this.#objects.set(resource.plural, objects);
    return objects;
  }

  #require(resource: ResourceType, key: ObjectKey): KubernetesObject {
    const object = this.#of(resource).get(keyOf(key));
    if (object === undefined)
      throw new ClusterError('missing', `${resource.plural} "${key.name}" not found`, 404);
    return object;
  }

  #current(resource: ResourceType, object: KubernetesObject): KubernetesObject {
    const live = this.#require(resource, object.metadata);
    const { uid, resourceVersion } = object.metadata;
    if (live.metadata.uid !== uid || live.metadata.resourceVersion !== resourceVersion) {
      throw new ClusterError(
        'conflict',
        `${resource.plural} "${object.metadata.name}" has been modified`,
        409,
      );
    }
    return live;
  }

  #store(resource: ResourceType, object: KubernetesObject, type: 'added' | 'modified'): KubernetesObject {
    const metadata = { ...object.metadata, resourceVersion: this.#nextVersion() };
    // Through JSON, as over the wire: nobody shares what the writer goes on holding.
    const stored = JSON.parse(JSON.stringify({ ...object, metadata })) as KubernetesObject;
    const previous = this.#of(resource).get(keyOf(metadata));
    this.#of(resource).set(keyOf(metadata), stored);
    this.#notify(resource, { type, object: stored, ...(previous === undefined ? {} : { previous }) });
    return stored;
  }

  #nextVersion(): string {
    this.#resourceVersion += 1;
    return String(this.#resourceVersion);
  }

  #notify(resource: ResourceType, event: CacheEvent): void {
    const cache = this.#caches.get(resource.plural);
    if (cache !== undefined) queueMicrotask(() => cache.receive(event));
  }
}

/** A cache that holds what it is given: `receive` is what a watch would tell it. */
export class MemoryCache implements ResourceCache {
  readonly resource: ResourceType;
  readonly hasSynced: boolean = true;
  readonly #objects: Map<string, KubernetesObject>;
  readonly #listeners = new Set<(event: CacheEvent) => void>();
  /** The newest version that the watch has told of. */
  #reached = 0;

  constructor(resource: ResourceType, objects: ReadonlyMap<string, KubernetesObject>) {
    this.resource = resource;
    this.#objects = new Map(objects);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): KubernetesObject | undefined {
    return this.#objects.get(keyOf(key));
  }

  list(): Iterable<KubernetesObject> {
    return this.#objects.values();
  }

  ownedBy(uid: string): readonly KubernetesObject[] {
    return [...this.#objects.values()].filter((object) =>
      object.metadata.ownerReferences?.some((owner) => owner.uid === uid),
    );
  }

  withLabel(key: string, value: string): readonly KubernetesObject[] {
    return [...this.#objects.values()].filter((object) => object.metadata.labels?.[key] === value);
  }

  async synced(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  subscribe(listener: (event: CacheEvent) => void): Disposable {
    for (const object of this.#objects.values()) listener({ type: 'added', object });
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Ignores what the watch has come to already: of the object's end, too. */
  assume(object: KubernetesObject): void {
    if (versionOf(object) <= this.#reached) return;
    const previous = this.get(object.metadata);
    this.#take(previous === undefined ? { type: 'added', object } : { type: 'modified', object, previous });
  }

  /** Takes a change in that the watch tells, and tells everybody of it, unless something newer is here. */
  receive(event: CacheEvent): void {
    this.#reached = Math.max(this.#reached, versionOf(event.object));
    this.#take(event);
  }

  #take(event: CacheEvent): void {
    const key = keyOf(event.object.metadata);
    const known = this.#objects.get(key);
    if (event.type === 'deleted') {
      if (known?.metadata.uid === event.object.metadata.uid) this.#objects.delete(key);
    } else {
      if (known !== undefined && versionOf(event.object) <= versionOf(known)) return;
      this.#objects.set(key, event.object);
    }
    for (const listener of [...this.#listeners]) listener(event);
  }
}

function versionOf({ metadata }: KubernetesObject): number {
  return Number(metadata.resourceVersion ?? 0);
}

function keyOf(key: { readonly namespace?: string; readonly name: string }): string {
  return `${key.namespace ?? ''}/${key.name}`;
}
