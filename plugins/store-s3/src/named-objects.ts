import type { ListOptions } from '@rynxs/kernel';
import type { ObjectKeys } from './object-keys.js';
import { MAX_LIST_KEYS } from './object-storage.js';
import type { RetryingReads } from './retrying-reads.js';
import { S3StoreError } from './s3-store-error.js';
import type { SettledCreate } from './settled-create.js';

const MAX_OBJECT_BYTES = 16 * 1_048_576;

/** Small objects beside the commits, each created once. */
export class NamedObjects {
  readonly #keys: ObjectKeys;
  readonly #create: SettledCreate;
  readonly #reads: RetryingReads;

  constructor(keys: ObjectKeys, create: SettledCreate, reads: RetryingReads) {
    this.#keys = keys;
    this.#create = create;
    this.#reads = reads;
  }

  async create(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const key = this.#keys.object(name);
    if (bytes.length > MAX_OBJECT_BYTES) {
      throw new RangeError(`the object ${name} has ${bytes.length} bytes, more than ${MAX_OBJECT_BYTES}`);
    }
    // Others may write the same bytes, so what is there at the first attempt is not ours.
    const created = await this.#create.run({ key, bytes, isInDoubt: false, mayBeOwn: false }, signal);
    if (created === 'other') throw new S3StoreError('conflict', `the object ${name} exists`);
  }

  async read(name: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#reads.get(this.#keys.object(name), MAX_OBJECT_BYTES, signal);
  }

  async list(
    prefix: string,
    { startAfter = '', limit = Number.POSITIVE_INFINITY }: ListOptions,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const root = this.#keys.objectsRoot;
    const names: string[] = [];
    let after = startAfter === '' ? undefined : root + startAfter;
    while (names.length < limit) {
      const wanted = Math.min(MAX_LIST_KEYS, limit - names.length);
      const start = after === undefined ? {} : { startAfter: after };
      const page = await this.#reads.list({ prefix: root + prefix, limit: wanted, ...start }, signal);
      names.push(...page.objects.map(({ key }) => this.#keys.nameOf(key)));
      after = page.objects.at(-1)?.key;
      if (!page.isTruncated || after === undefined) break;
    }
    return names;
  }
}
