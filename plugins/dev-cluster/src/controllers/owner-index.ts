import type { KubernetesObject, OwnerReference, ResourceType } from '@rynxs/kernel';
import { storageKey } from '../storage/change-feed.js';
import type { ObjectStorage } from '../storage/object-storage.js';

/** An object and its type. */
export interface TypedObject {
  readonly resource: ResourceType;
  readonly object: KubernetesObject;
}

/** Who belongs to whom, kept up to date from the storage. */
export class OwnerIndex implements Disposable {
  readonly #dependents = new Map<string, Map<string, TypedObject>>();
  readonly #objects = new Map<string, TypedObject>();
  readonly #subscription: Disposable;

  constructor(storage: ObjectStorage) {
    this.#subscription = storage.subscribe(undefined, ({ type, resource, object, previous }) => {
      const key = `${storageKey(resource)}/${object.metadata.uid ?? ''}`;
      for (const owner of ownersOf(previous)) this.#remove(owner.uid, key);
      const { uid } = object.metadata;
      if (type === 'DELETED') {
        for (const owner of ownersOf(object)) this.#remove(owner.uid, key);
        if (uid !== undefined) this.#objects.delete(uid);
        return;
      }
      if (uid !== undefined) this.#objects.set(uid, { resource, object });
      for (const owner of ownersOf(object)) this.#add(owner.uid, key, { resource, object });
    });
  }

  /** The object with a uid, whatever its type. */
  find(uid: string): TypedObject | undefined {
    return this.#objects.get(uid);
  }

  /** Objects that name `uid` as an owner. */
  dependentsOf(uid: string | undefined): readonly TypedObject[] {
    return uid === undefined ? [] : [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** Objects of a type that `uid` controls. */
  controlledBy(uid: string | undefined, resource: ResourceType): readonly KubernetesObject[] {
    const type = storageKey(resource);
    return this.dependentsOf(uid)
      .filter((dependent) => storageKey(dependent.resource) === type)
      .map((dependent) => dependent.object)
      .filter((object) => controllerOf(object)?.uid === uid);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #add(owner: string, key: string, dependent: TypedObject): void {
    let dependents = this.#dependents.get(owner);
    if (dependents === undefined) {
      dependents = new Map();
      this.#dependents.set(owner, dependents);
    }
    dependents.set(key, dependent);
  }

  #remove(owner: string, key: string): void {
    const dependents = this.#dependents.get(owner);
    dependents?.delete(key);
    if (dependents?.size === 0) this.#dependents.delete(owner);
  }
}

export function ownersOf(object: KubernetesObject | undefined): readonly OwnerReference[] {
  return object?.metadata.ownerReferences ?? [];
}

/** The owner that manages the object. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return ownersOf(object).find((owner) => owner.controller === true);
}
