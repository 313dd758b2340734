/**
 * Keys of objects by a value that they share. Most values have one key, so a set is made only for a second one: with
 * tens of thousands of owners that is most of the memory.
 */
export class KeyIndex {
  readonly #keys = new Map<string, string | Set<string>>();

  add(value: string, key: string): void {
    const known = this.#keys.get(value);
    if (known === undefined) this.#keys.set(value, key);
    else if (typeof known !== 'string') known.add(key);
    else if (known !== key) this.#keys.set(value, new Set([known, key]));
  }

  delete(value: string, key: string): void {
    const known = this.#keys.get(value);
    if (known === key) this.#keys.delete(value);
    else if (known instanceof Set && known.delete(key) && known.size === 0) this.#keys.delete(value);
  }

  get(value: string): Iterable<string> {
    const known = this.#keys.get(value);
    if (known === undefined) return [];
    return typeof known === 'string' ? [known] : known;
  }
}
