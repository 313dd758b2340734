import { isDeepStrictEqual } from 'node:util';
import {
  type CacheEvent,
  type CacheOptions,
  ClusterError,
  type KubernetesObject,
  type Logger,
  type ObjectKey,
  type ResourceCache,
  type ResourceType,
} from '@rynxs/kernel';
import { dropManagedFieldSets } from './default-transform.js';
import { KeyIndex } from './key-index.js';
import { PackedObjects } from './packed-objects.js';
import { compareResourceVersions, isNewer } from './resource-version.js';
import { versionInLine } from './watch-line.js';

/** The label that `withLabel` finds objects by without a search. */
export const INDEXED_LABEL = 'app.kubernetes.io/instance';

/** An event and who was there when it happened: a listener that comes later is told of the object when it subscribes. */
interface Delivery {
  readonly event: CacheEvent;
  readonly listeners: readonly ((event: CacheEvent) => void)[];
}

export type WatchChange = 'ADDED' | 'MODIFIED' | 'DELETED';

/**
 * The objects of a resource, fed by a reflector. Three rules keep it true:
 * - A version is never replaced by an older one, and the same version is never reported twice.
 * - What `assume` puts in is reported at once, since a cache may have more readers than the writer; the watch event of
 *   the same version is not.
 * - An object that was replaced by another one of its name is reported as deleted, then as added.
 */
export class ObjectCache implements ResourceCache {
  readonly #objects = new PackedObjects();
  readonly #byOwner = new KeyIndex();
  readonly #byInstance = new KeyIndex();
  readonly #listeners = new Set<(event: CacheEvent) => void>();
  readonly #undelivered: Delivery[] = [];
  /** The newest version that an own write has put in and the watch has not reached yet, by key. */
  readonly #assumed = new Map<string, string>();
  /** The keys of all versions of own writes that the watch still has to tell of. */
  readonly #echoes = new Map<string, string>();
  readonly #transform: (object: KubernetesObject) => KubernetesObject;
  readonly #firstList = Promise.withResolvers<void>();
  #resourceVersion: string | undefined;
  #hasSynced = false;
  #isDelivering = false;

  constructor(
    readonly resource: ResourceType,
    readonly options: CacheOptions,
    readonly logger: Logger,
  ) {
    this.#transform = options.transform ?? dropManagedFieldSets;
    // Whoever waits gets the rejection; a cache that nobody waits for must not end the process.
    this.#firstList.promise.catch(() => undefined);
  }

  /** The version that the list and the watch have reached; undefined before the first list. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  /** The newest version that the server is known to have had: own writes may be ahead of the watch. */
  get newestVersion(): string | undefined {
    let newest = this.#resourceVersion;
    for (const version of this.#assumed.values()) if (isNewer(version, newest)) newest = version;
    return newest;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
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
    return this.#lookUp(this.#byOwner.get(uid));
  }

  withLabel(key: string, value: string): readonly KubernetesObject[] {
    if (key === INDEXED_LABEL) return this.#lookUp(this.#byInstance.get(value));
    return [...this.#objects.values()].filter((object) => object.metadata.labels?.[key] === value);
  }

  /** Rejects with `signal.reason`, or with ClusterError (`aborted`) when the cluster's client is closed first. */
  async synced(signal: AbortSignal): Promise<void> {
    if (this.#hasSynced) return;
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#firstList.promise, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  subscribe(listener: (event: CacheEvent) => void): Disposable {
    // A listener's own identity may be subscribed twice; each subscription ends by itself.
    const subscription = (event: CacheEvent) => listener(event);
    for (const object of this.#objects.values()) this.#call(subscription, { type: 'added', object });
    this.#listeners.add(subscription);
    return { [Symbol.dispose]: () => void this.#listeners.delete(subscription) };
  }

  /**
   * Takes the answer of an own write, or of a read. Ignored where it could take the cache back: when the watch has come as far (it has
   * told of this version, or of the object's end), when something newer is there, or when versions have no order.
   */
  assume(answer: KubernetesObject): void {
    const { resourceVersion, namespace } = answer.metadata;
    const key = keyOf(answer.metadata);
    const cached = this.#objects.idOf(key);
    if (resourceVersion === undefined || !this.#isInScope(namespace, cached !== undefined)) return;
    if (this.#resourceVersion !== undefined && !isNewer(resourceVersion, this.#resourceVersion)) return;
    if (cached !== undefined && !isNewer(resourceVersion, cached.resourceVersion)) return;
    this.#assumed.set(key, resourceVersion);
    this.#echoes.set(resourceVersion, key);
    this.#put(key, this.#transform(answer));
  }

  /** Applies an event of the watch. */
  apply(change: WatchChange, received: KubernetesObject): void {
    const key = keyOf(received.metadata);
    const { resourceVersion } = received.metadata;
    const order = compareResourceVersions(this.#objects.idOf(key)?.resourceVersion, resourceVersion);
    if (change === 'DELETED') {
      // A deletion has a version of its own, or (leaving a selection) that of the write that caused it.
      if (order === undefined || order <= 0) this.#remove(key, this.#transform(received));
    } else if (order === undefined || order < 0) {
      this.#put(key, this.#transform(received));
    }
    this.#hear(resourceVersion);
    this.#advance(resourceVersion);
  }

  /**
   * Whether a line of the watch tells of an own write whose answer is here already; that is noted. An operator's own
   * writes are most of what it watches, and this costs a fraction of parsing them.
   */
  isEcho(line: Buffer): boolean {
    if (this.#echoes.size === 0) return false;
    const resourceVersion = versionInLine(line);
    if (resourceVersion === undefined || !this.#hear(resourceVersion)) return false;
    this.#advance(resourceVersion);
    return true;
  }

  /** Notes how far the watch has come, as bookmarks tell. */
  reached(resourceVersion: string | undefined): void {
    if (this.#advance(resourceVersion)) this.#confirm(resourceVersion);
  }

  /** Takes the objects of a page, ready to be kept, for a later `replace`. */
  collect(items: readonly KubernetesObject[], into: Map<string, KubernetesObject>): void {
    for (const item of items) into.set(keyOf(item.metadata), this.#transform(item));
  }

  /**
   * Makes the cache what a complete list says, and reports the differences. `isKnownSetBack` says that the server has
   * lost versions which it had, also when the list does not show it.
   */
  replace(
    listed: ReadonlyMap<string, KubernetesObject>,
    resourceVersion: string,
    isKnownSetBack = false,
  ): void {
    // A store that was set back to an earlier state knows nothing of later writes, and is right.
    const isSetBack = isKnownSetBack || isNewer(this.#resourceVersion, resourceVersion);
    if (isSetBack) this.#forgetOwnWrites();
    // Set before anything is reported: a listener that assumes a write meanwhile is judged by it.
    this.#resourceVersion = resourceVersion;
    this.#confirm(resourceVersion);
    const isKept = (key: string) => isNewer(this.#assumed.get(key), resourceVersion);
    for (const key of [...this.#objects.keys()]) {
      if (!listed.has(key) && !isKept(key)) this.#remove(key);
    }
    for (const [key, object] of listed) {
      if (isKept(key)) continue;
      const isSameVersion = this.#objects.idOf(key)?.resourceVersion === object.metadata.resourceVersion;
      // A store that was set back gives the same versions a second time, for other writes.
      if (!isSameVersion || (isSetBack && !isDeepStrictEqual(this.#objects.get(key), object)))
        this.#put(key, object);
    }
    this.#hasSynced = true;
    this.#firstList.resolve();
  }

  /** Ends the waiting for a first list that will not come any more. */
  close(): void {
    this.#firstList.reject(
      new ClusterError('aborted', `the client was closed before ${this.resource.plural} were listed`),
    );
    this.#listeners.clear();
  }

  /** Whether the watch would tell of this object. A selector cannot be evaluated here: then only what is known counts. */
  #isInScope(namespace: string | undefined, isCached: boolean): boolean {
    const { labelSelector, fieldSelector } = this.options;
    if (this.options.namespace !== undefined && this.options.namespace !== namespace) return false;
    return isCached || (labelSelector === undefined && fieldSelector === undefined);
  }

  #advance(resourceVersion: string | undefined): resourceVersion is string {
    if (resourceVersion === undefined || isNewer(this.#resourceVersion, resourceVersion)) return false;
    this.#resourceVersion = resourceVersion;
    return true;
  }

  /** The watch tells of a version: when it is that of an own write, the write is now like any other. */
  #hear(resourceVersion: string | undefined): boolean {
    const key = resourceVersion === undefined ? undefined : this.#echoes.get(resourceVersion);
    if (key === undefined || resourceVersion === undefined) return false;
    this.#echoes.delete(resourceVersion);
    if (this.#assumed.get(key) === resourceVersion) this.#assumed.delete(key);
    return true;
  }

  /** Own writes up to a version that was reached as a whole are like any other. */
  #confirm(resourceVersion: string): void {
    for (const version of this.#echoes.keys()) {
      if (!isNewer(version, resourceVersion)) this.#hear(version);
    }
  }

  #forgetOwnWrites(): void {
    this.#assumed.clear();
    this.#echoes.clear();
  }

  #lookUp(keys: Iterable<string>): readonly KubernetesObject[] {
    const found: KubernetesObject[] = [];
    for (const key of keys) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  #put(key: string, object: KubernetesObject): void {
    const previous = this.#objects.get(key);
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) {
      this.#remove(key);
      this.#put(key, object);
      return;
    }
    if (previous !== undefined) this.#unindex(key, previous);
    this.#objects.set(key, object);
    for (const owner of object.metadata.ownerReferences ?? []) this.#byOwner.add(owner.uid, key);
    const instance = object.metadata.labels?.[INDEXED_LABEL];
    if (instance !== undefined) this.#byInstance.add(instance, key);
    this.#report(previous === undefined ? { type: 'added', object } : { type: 'modified', object, previous });
  }

  #remove(key: string, last?: KubernetesObject): void {
    const previous = this.#objects.get(key);
    if (previous === undefined) return;
    this.#objects.delete(key);
    this.#unindex(key, previous);
    this.#report({ type: 'deleted', object: last ?? previous, previous });
  }

  #unindex(key: string, object: KubernetesObject): void {
    for (const owner of object.metadata.ownerReferences ?? []) this.#byOwner.delete(owner.uid, key);
    const instance = object.metadata.labels?.[INDEXED_LABEL];
    if (instance !== undefined) this.#byInstance.delete(instance, key);
  }

  /** A listener may cause the next change; it is then reported to everybody after this one. */
  #report(event: CacheEvent): void {
    this.#undelivered.push({ event, listeners: [...this.#listeners] });
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of next.listeners) {
          if (this.#listeners.has(listener)) this.#call(listener, next.event);
        }
      }
    } finally {
      this.#isDelivering = false;
    }
  }

  #call(listener: (event: CacheEvent) => void, event: CacheEvent): void {
    try {
      listener(event);
    } catch (error) {
      const { namespace, name } = event.object.metadata;
      this.logger.error('a listener of a cache failed', {
        resource: this.resource.plural,
        namespace,
        name,
        error,
      });
    }
  }
}

function keyOf({ namespace = '', name }: ObjectKey): string {
  return `${namespace}/${name}`;
}
