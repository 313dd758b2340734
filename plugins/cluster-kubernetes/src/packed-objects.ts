import type { KubernetesObject } from '@rynxs/kernel';

/** So many objects of one resource are all kept as they are. Packing one and reading it again takes about 20 us. */
const FEW = 1_024;
/** Of more, so many are: those that passes are about, and what comes next. */
const MAX_UNPACKED = 256;

/** Stands for the object's name. JSON escapes it, so it is nowhere else. */
const NAME = '\0';

/** A text that objects have in common. */
interface SharedText {
  readonly text: string;
  uses: number;
}

/** An object's JSON in two parts. */
interface Packed {
  /** Its metadata, without labels and annotations. */
  readonly metadata: string;
  /** All else, with its name left out: what is made for many by one pattern often differs in nothing else. */
  readonly rest: SharedText;
}

interface Entry {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** Made when the object is no more among the last ones used. */
  packed: Packed | undefined;
  /** Undefined while only its JSON is kept. */
  object: KubernetesObject | undefined;
}

/**
 * Objects by key, in the order in which they came. Those that nobody has asked for lately are kept as their JSON, of which equal
 * parts are kept once: a third of the memory or less, and nothing for the garbage collector to walk. It is in the heap, where what is
 * gone leaves no holes. So `get` may give equal objects that are not the same, and whoever changed one would change nothing.
 */
export class PackedObjects {
  readonly #entries = new Map<string, Entry>();
  /** Keys of what is not packed, the one that was used last at the end. */
  readonly #unpacked = new Set<string>();
  readonly #texts = new Map<string, SharedText>();
  readonly #few: number;
  readonly #maxUnpacked: number;

  constructor({ few = FEW, maxUnpacked = MAX_UNPACKED } = {}) {
    this.#few = few;
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
    this.#release(this.#entries.get(key));
    this.#entries.set(key, { uid, resourceVersion, packed: undefined, object });
    this.#use(key);
  }

  delete(key: string): void {
    this.#release(this.#entries.get(key));
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
    // While there are few none is packed, and nobody asks which was used last.
    const areFew = this.#entries.size <= this.#few;
    if (!areFew) this.#unpacked.delete(key);
    this.#unpacked.add(key);
    if (areFew) return;
    // Two at a time, so that nobody waits for hundreds when few become many.
    for (let packed = 0; packed < 2 && this.#unpacked.size > this.#maxUnpacked; packed += 1) {
      const [oldest = ''] = this.#unpacked;
      this.#unpacked.delete(oldest);
      const entry = this.#entries.get(oldest);
      if (entry !== undefined) this.#pack(entry);
    }
  }

  #pack(entry: Entry): void {
    if (entry.packed === undefined && entry.object !== undefined) {
      const { labels, annotations, ...metadata } = entry.object.metadata;
      const rest = { ...entry.object, metadata: { labels, annotations } };
      const text = JSON.stringify(rest).replaceAll(quoted(metadata.name), NAME);
      const shared = this.#texts.get(text) ?? { text, uses: 0 };
      if (shared.uses === 0) this.#texts.set(text, shared);
      shared.uses += 1;
      entry.packed = { metadata: JSON.stringify(metadata), rest: shared };
    }
    entry.object = undefined;
  }

  #release(entry: Entry | undefined): void {
    if (entry?.packed === undefined) return;
    const { rest } = entry.packed;
    rest.uses -= 1;
    if (rest.uses === 0) this.#texts.delete(rest.text);
  }
}

function read({ packed }: Entry): KubernetesObject {
  if (packed === undefined) throw new TypeError('an object that is neither packed nor there');
  const metadata = JSON.parse(packed.metadata) as KubernetesObject['metadata'];
  const rest = JSON.parse(packed.rest.text.replaceAll(NAME, () => quoted(metadata.name))) as KubernetesObject;
  return { ...rest, metadata: { ...metadata, ...rest.metadata } };
}

/** As it stands in JSON, without quotation marks. */
function quoted(name: string): string {
  return JSON.stringify(name).slice(1, -1);
}
