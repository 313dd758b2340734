import { type Listing, type ListQuery, type ObjectStorage, ObjectStorageError } from '@rynxs/store-s3';

/** A bucket whose objects a study can look at and change. Nothing goes wrong with its requests. */
export class MemoryStorage implements ObjectStorage {
  readonly location = 's3://memory';
  readonly server = 'http://memory';
  readonly #objects: Map<string, Buffer>;

  constructor(objects: Map<string, Buffer>) {
    this.#objects = objects;
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<void> {
    if (this.#objects.has(key)) throw new ObjectStorageError('exists', `${key} exists`, true);
    this.#objects.set(key, Buffer.from(bytes));
  }

  async get(key: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const bytes = this.#objects.get(key);
    if (bytes !== undefined && bytes.length > maxBytes) {
      throw new ObjectStorageError('too_large', `${key} is too large`, true);
    }
    return bytes && Uint8Array.from(bytes);
  }

  async list({ prefix, startAfter = '', limit }: ListQuery): Promise<Listing> {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > startAfter).sort();
    const objects = keys.slice(0, limit).map((key) => ({ key, size: this.#objects.get(key)?.length ?? 0 }));
    return { objects, isTruncated: keys.length > limit };
  }

  close(): void {}
}
