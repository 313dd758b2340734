import type { KubernetesObject } from '@rynxs/kernel';

/** How many objects of one resource are kept as they are. Packing one and reading it again takes about 15 us. */
const MAX_UNPACKED = 1_024;

interface Entry {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** JSON; made when the object is no more among the last ones used. */
  packed: string | undefined;
  /** Undefined while only its JSON is kept. */
  object: KubernetesObject | undefined;
}

/**
 * Objects by key, in the order in which they came. Those that nobody has asked for lately are kept as their JSON: half of the
 * memory, and nothing for the garbage collector to walk. It is in the heap, where what is gone leaves no holes. So `get` may give
 * equal objects that are not the same, and whoever changed one would change nothing.
 */
export class PackedObjects {
  readonly #entries = new Map<string, Entry>();
  /** Keys of what is not packed, the one that was used last at the end. */
  readonly #unpacked = new Set<string>();
  readonly #maxUnpacked: number;

  constructor(maxUnpacked = MAX_UNPACKED) {
    this.#maxUnpacked = maxUnpacked;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What can be told of an object without reading it. */
  idOf(key: string): Pick<Entry, 'uid' | 'resourceVersion'> | undefined {
    return this.#entries.get(key);
  }

  get(key: string): KubernetesObject | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.object ??= read(entry);
    this.#use(key);
    return entry.object;
  }

  set(key: string, object: KubernetesObject): void {
    const { uid, resourceVersion } = object.metadata;
    this.#entries.set(key, { uid, resourceVersion, packed: undefined, object });
    this.#use(key);
  }

  delete(key: string): void {
    this.#entries.delete(key);
    this.#unpacked.delete(key);
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  /** All objects that there are when it is begun with; going through them is no use of each. */
  *values(): Generator<KubernetesObject> {
    for (const entry of [...this.#entries.values()]) yield entry.object ?? read(entry);
  }

  #use(key: string): void {
    this.#unpacked.delete(key);
    this.#unpacked.add(key);
    if (this.#unpacked.size <= this.#maxUnpacked) return;
    for (const oldest of this.#unpacked) {
      this.#unpacked.delete(oldest);
      const entry = this.#entries.get(oldest);
      if (entry !== undefined) pack(entry);
      return;
    }
  }
}

function pack(entry: Entry): void {
  entry.packed ??= JSON.stringify(entry.object);
  entry.object = undefined;
}

function read({ packed = '' }: Entry): KubernetesObject {
  return JSON.parse(packed) as KubernetesObject;
}
