import type { CacheEvent, KubernetesObject, ObjectKey, ResourceCache, ResourceType } from '@rynxs/kernel';

/** The caches of one resource in several namespaces as one. What lives elsewhere is not there. */
export class NamespacedCaches implements ResourceCache {
  readonly #caches: ReadonlyMap<string, ResourceCache>;

  /** `caches` are by namespace. */
  constructor(
    readonly resource: ResourceType,
    caches: ReadonlyMap<string, ResourceCache>,
  ) {
    this.#caches = caches;
  }

  get hasSynced(): boolean {
    return this.#all().every(({ hasSynced }) => hasSynced);
  }

  get size(): number {
    return this.#all().reduce((sum, { size }) => sum + size, 0);
  }

  get(key: ObjectKey): KubernetesObject | undefined {
    return this.#of(key)?.get(key);
  }

  *list(): Iterable<KubernetesObject> {
    for (const cache of this.#caches.values()) yield* cache.list();
  }

  ownedBy(uid: string): readonly KubernetesObject[] {
    return this.#all().flatMap((cache) => cache.ownedBy(uid));
  }

  withLabel(key: string, value: string): readonly KubernetesObject[] {
    return this.#all().flatMap((cache) => cache.withLabel(key, value));
  }

  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map((cache) => cache.synced(signal)));
  }

  /** In order within a namespace. */
  subscribe(listener: (event: CacheEvent) => void): Disposable {
    const subscriptions = this.#all().map((cache) => cache.subscribe(listener));
    return {
      [Symbol.dispose]: () => {
        for (const subscription of subscriptions) subscription[Symbol.dispose]();
      },
    };
  }

  assume(object: KubernetesObject): void {
    this.#of(object.metadata)?.assume(object);
  }

  #of({ namespace = '' }: Pick<ObjectKey, 'namespace'>): ResourceCache | undefined {
    return this.#caches.get(namespace);
  }

  #all(): readonly ResourceCache[] {
    return [...this.#caches.values()];
  }
}
