import type { S3Client } from '@aws-sdk/client-s3';
import { LinkedAbort } from './linked-abort.js';
import { type Listing, type ListQuery, type ObjectStorage, ObjectStorageError } from './object-storage.js';
import { createS3Client, type Sdk } from './s3-client.js';
import { deadlinePassed, isNoSuchKey, type RequestContext, s3Failure } from './s3-failure.js';
import type { S3StorageOptions } from './s3-storage-options.js';

/** A bucket by the AWS SDK, which is loaded with the first request. See ObjectStorage. */
export class S3ObjectStorage implements ObjectStorage {
  readonly location: string;
  readonly server: string;
  readonly #options: S3StorageOptions;
  #client: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | undefined;
  #isClosed = false;

  constructor(options: S3StorageOptions) {
    const { bucket, region, endpoint } = options;
    this.#options = options;
    this.location = `s3://${bucket}`;
    this.server =
      endpoint === undefined ? `https://s3.${region}.amazonaws.com` : endpoint.href.replace(/\/$/, '');
  }

  putIfAbsent(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#request(this.#context('s3:PutObject', key), signal, async (client, sdk, abortSignal) => {
      const command = new sdk.PutObjectCommand({
        Bucket: this.#options.bucket,
        Key: key,
        Body: bytes,
        IfNoneMatch: '*',
      });
      await client.send(command, { abortSignal });
    });
  }

  async get(key: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const context = this.#context('s3:GetObject', key);
    try {
      return await this.#request(context, signal, async (client, sdk, abortSignal) => {
        const command = new sdk.GetObjectCommand({ Bucket: this.#options.bucket, Key: key });
        const { Body } = await client.send(command, { abortSignal });
        // In Node a body is a Readable, whatever else the SDK's types allow.
        return readBody(Body as AsyncIterable<Uint8Array>, maxBytes, context);
      });
    } catch (error) {
      if (error instanceof ObjectStorageError && isNoSuchKey(error.cause)) return undefined;
      throw error;
    }
  }

  list({ prefix, startAfter, limit }: ListQuery, signal: AbortSignal): Promise<Listing> {
    return this.#request(this.#context('s3:ListBucket', prefix), signal, async (client, sdk, abortSignal) => {
      const command = new sdk.ListObjectsV2Command({
        Bucket: this.#options.bucket,
        Prefix: prefix,
        StartAfter: startAfter,
        MaxKeys: limit,
      });
      const { Contents = [], IsTruncated = false } = await client.send(command, { abortSignal });
      const objects = Contents.flatMap(({ Key, Size = 0 }) =>
        Key === undefined ? [] : [{ key: Key, size: Size }],
      );
      return { objects, isTruncated: IsTruncated };
    });
  }

  async serverTime(signal: AbortSignal): Promise<number | undefined> {
    let date: string | undefined;
    try {
      await this.#request(this.#context('s3:ListBucket', ''), signal, async (client, sdk, abortSignal) => {
        const command = new sdk.ListObjectsV2Command({ Bucket: this.#options.bucket, MaxKeys: 1 });
        command.middlewareStack.add(
          (next) => async (args) => {
            const result = await next(args);
            date = dateOf(result.response);
            return result;
          },
          // Next to the connection: before an answer becomes an error.
          { step: 'deserialize', priority: 'low', name: 'dateOfAnswer' },
        );
        await client.send(command, { abortSignal });
      });
    } catch (error) {
      if (date === undefined) throw error;
    }
    const ms = Date.parse(date ?? '');
    return Number.isNaN(ms) ? undefined : ms;
  }

  close(): void {
    this.#isClosed = true;
    void this.#client?.then(
      ({ client }) => client.destroy(),
      () => undefined,
    );
  }

  #context(action: RequestContext['action'], key: string): RequestContext {
    return { action, key, bucket: this.#options.bucket, server: this.server };
  }

  async #request<T>(
    context: RequestContext,
    signal: AbortSignal,
    send: (client: S3Client, sdk: Sdk, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new ObjectStorageError('unavailable', 'the connection was closed', false);
    const { clock, requestTimeoutMs } = this.#options;
    const { client, sdk } = await this.#connected();
    using abort = new LinkedAbort(signal);
    let isLate = false;
    using _ = clock.schedule(requestTimeoutMs, () => {
      isLate = true;
      abort.abort();
    });
    try {
      return await send(client, sdk, abort.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ObjectStorageError) throw error;
      throw isLate ? deadlinePassed(requestTimeoutMs, context) : s3Failure(error, context);
    }
  }

  #connected(): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
    this.#client ??= createS3Client(this.#options);
    return this.#client;
  }
}

/** The Date (RFC 9110, 6.6.1) of an answer as the SDK's HTTP handler gives it, with names in lower case. */
function dateOf(response: unknown): string | undefined {
  const { headers } = (response ?? {}) as { readonly headers?: Readonly<Record<string, string>> };
  return headers?.date;
}

async function readBody(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  { bucket, key }: RequestContext,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early ends the stream and its connection.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new ObjectStorageError('too_large', `${bucket}/${key} has more than ${maxBytes} bytes`, true);
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length);
}
