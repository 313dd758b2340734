import type { KubernetesObject, ResourceType } from '@rynxs/kernel';

/** One committed change of one object. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: ResourceType;
  /** The object after the change; for DELETED the last state, with the resource version of the deletion. */
  readonly object: KubernetesObject;
  readonly previous?: KubernetesObject;
  /** Position in the storage's one order of changes; equals `object.metadata.resourceVersion`. */
  readonly resourceVersion: number;
}

/** The newest changes, bounded, so that a watch can go on where it ended. */
export class ChangeHistory {
  readonly #changes: Change[] = [];
  #start = 0;
  /** Every change after this one is here. */
  #completeAfter: number;

  constructor(
    startVersion: number,
    private readonly capacity: number,
  ) {
    this.#completeAfter = startVersion;
  }

  add(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length - this.#start <= this.capacity) return;
    const dropped = this.#changes[this.#start];
    if (dropped !== undefined) this.#completeAfter = dropped.resourceVersion;
    this.#start += 1;
    if (this.#start < this.capacity) return;
    this.#changes.splice(0, this.#start);
    this.#start = 0;
  }

  /** The changes after a resource version, oldest first; undefined when some of them were dropped already. */
  since(resourceVersion: number): readonly Change[] | undefined {
    if (resourceVersion < this.#completeAfter) return undefined;
    let low = this.#start;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const change = this.#changes[middle];
      if (change !== undefined && change.resourceVersion <= resourceVersion) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }

  /** Forgets everything up to `resourceVersion`, so that older watches find their position gone. */
  forget(resourceVersion: number): void {
    this.#changes.length = 0;
    this.#start = 0;
    this.#completeAfter = resourceVersion;
  }
}
