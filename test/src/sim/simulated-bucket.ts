import { type Listing, type ListQuery, MAX_LIST_KEYS } from '@rynxs/store-s3';

/** What a bucket holds. Every call takes effect at once: a server that is strongly consistent. */
export class SimulatedBucket {
  readonly #objects = new Map<string, Buffer>();
  /** In ascending order; keys are ASCII here, so that this is byte order. */
  readonly #keys: string[] = [];
  /** Called for each object as soon as it is there. */
  onCreated: (key: string, bytes: Buffer) => void = () => undefined;

  /** Which objects are written without asking what is there: for servers that are broken on purpose. */
  ignoresCondition: (bytes: Buffer) => boolean = () => false;

  /** Returns false, and changes nothing, when the key is taken. */
  create(key: string, bytes: Buffer): boolean {
    const isTaken = this.#objects.has(key);
    if (isTaken && !this.ignoresCondition(bytes)) return false;
    if (!isTaken) this.#keys.splice(this.#position(key), 0, key);
    this.#objects.set(key, bytes);
    this.onCreated(key, bytes);
    return true;
  }

  /** Removes an object: for buckets that lose what they hold. */
  delete(key: string): void {
    if (this.#objects.delete(key)) this.#keys.splice(this.#position(key), 1);
  }

  get(key: string): Buffer | undefined {
    return this.#objects.get(key);
  }

  list({ prefix, startAfter = '', limit }: ListQuery): Listing {
    const from = startAfter < prefix ? this.#position(prefix) : this.#after(startAfter);
    const count = Math.min(limit, MAX_LIST_KEYS);
    const keys = this.#keys.slice(from, from + count + 1).filter((key) => key.startsWith(prefix));
    const objects = keys.slice(0, count).map((key) => ({ key, size: this.#objects.get(key)?.length ?? 0 }));
    return { objects, isTruncated: keys.length > count };
  }

  /** Index of the first key at or behind `key`. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #after(key: string): number {
    const at = this.#position(key);
    return this.#keys[at] === key ? at + 1 : at;
  }
}
