import type { CacheEvent, ObjectKey, ResourceType } from '../contracts/cluster.js';
import { EVERYONE, type Surroundings } from '../contracts/reconciler.js';
import { childKey } from './children.js';

/** Whom a change concerns: one object, or with `EVERYONE` all objects of the namespace. */
export interface Concern {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** An object of the surroundings, to be read from its cache: the index keeps no objects alive. */
export interface Neighbour {
  readonly resource: ResourceType;
  readonly key: ObjectKey;
}

/**
 * Finds what surrounds an object without a search: the objects of its namespace that concern it, as the reconciler's
 * `surroundings` say. Fed with the events of their caches.
 */
export class SurroundingsIndex {
  /** By namespace and whom they concern, then by kind and name. */
  readonly #neighbours = new Map<string, Map<string, Neighbour>>();
  /** Whom each of them concerns, by namespace, kind and name. */
  readonly #concerned = new Map<string, string>();

  /** Takes a change in and returns whom it concerns, before it and after it. */
  receive({ resource, concerns }: Surroundings, { type, object }: CacheEvent): readonly Concern[] {
    const { name, namespace } = object.metadata;
    const child = childKey(resource, name);
    const key = `${namespace ?? ''}/${child}`;
    const before = this.#concerned.get(key);
    const after = type === 'deleted' ? undefined : concerns(object);
    if (before !== undefined && before !== after) {
      this.#concerned.delete(key);
      this.#remove({ namespace, name: before }, child);
    }
    if (after !== undefined) {
      this.#concerned.set(key, after);
      const of = namespace === undefined ? {} : { namespace };
      this.#put({ namespace, name: after }, child, { resource, key: { ...of, name } });
    }
    const names = before === after ? [after] : [before, after];
    return names.flatMap((who) => (who === undefined ? [] : [{ namespace, name: who }]));
  }

  /** Which objects concern the object of this name. */
  around({ namespace, name }: Concern): readonly Neighbour[] {
    return [name, EVERYONE].flatMap((who) => [
      ...(this.#neighbours.get(keyOf({ namespace, name: who }))?.values() ?? []),
    ]);
  }

  #put(concern: Concern, child: string, neighbour: Neighbour): void {
    const key = keyOf(concern);
    const neighbours = this.#neighbours.get(key);
    if (neighbours === undefined) this.#neighbours.set(key, new Map([[child, neighbour]]));
    else neighbours.set(child, neighbour);
  }

  #remove(concern: Concern, child: string): void {
    const key = keyOf(concern);
    const neighbours = this.#neighbours.get(key);
    neighbours?.delete(child);
    if (neighbours?.size === 0) this.#neighbours.delete(key);
  }
}

function keyOf({ namespace = '', name }: Concern): string {
  return `${namespace}/${name}`;
}
