import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { KubernetesObject } from '@rynxs/kernel';

/** How many objects of one resource are kept as they are. Packing one and reading it again takes about 50 us. */
const MAX_UNPACKED = 1_024;
/** As small as the tables may be for objects of some kilobytes, which they have to be made for each time. */
const DEFLATE = { level: 3, windowBits: 13, memLevel: 5 } as const;

interface Entry {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** Compressed JSON, a byte a character; made when the object is no more among the last ones used. */
  packed: string | undefined;
  /** Undefined while it is only kept packed. */
  object: KubernetesObject | undefined;
}

/**
 * Objects of one resource by key, in the order in which they came. Those that nobody has asked for lately are kept as their JSON,
 * compressed by what it has in common with the first of them: a tenth of the memory, and nothing for the garbage collector to
 * walk. It is a string, in the heap, where what is gone leaves no holes. So `get` may give equal objects that are not the same,
 * and whoever changed one would change nothing.
 */
export class PackedObjects {
  readonly #entries = new Map<string, Entry>();
  /** Keys of what is not packed, the one that was used last at the end. */
  readonly #unpacked = new Set<string>();
  readonly #maxUnpacked: number;
  /** JSON of the first object that was packed: those of one resource are much alike. */
  #dictionary: Buffer | undefined;

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
    entry.object ??= this.#read(entry);
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
    for (const entry of [...this.#entries.values()]) yield entry.object ?? this.#read(entry);
  }

  #use(key: string): void {
    this.#unpacked.delete(key);
    this.#unpacked.add(key);
    if (this.#unpacked.size <= this.#maxUnpacked) return;
    for (const oldest of this.#unpacked) {
      this.#unpacked.delete(oldest);
      const entry = this.#entries.get(oldest);
      if (entry !== undefined) this.#pack(entry);
      return;
    }
  }

  #pack(entry: Entry): void {
    if (entry.packed === undefined) {
      const json = Buffer.from(JSON.stringify(entry.object));
      // Of more than the window the end is used; a copy, so that no large object is kept for it.
      this.#dictionary ??= Buffer.from(json.subarray(-(2 ** DEFLATE.windowBits)));
      entry.packed = deflateRawSync(json, { ...DEFLATE, dictionary: this.#dictionary }).toString('latin1');
    }
    entry.object = undefined;
  }

  #read({ packed = '' }: Entry): KubernetesObject {
    const { windowBits } = DEFLATE;
    const dictionary = this.#dictionary;
    const json = inflateRawSync(Buffer.from(packed, 'latin1'), { windowBits, dictionary });
    return JSON.parse(json.toString()) as KubernetesObject;
  }
}
