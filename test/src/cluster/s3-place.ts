import { randomBytes } from 'node:crypto';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { type EventStore, NoTelemetry, SystemClock, SystemRandom, type Telemetry } from '@rynxs/kernel';
import type { EventStoreHarness } from '@rynxs/kernel/testing';
import { S3EventStore, S3ObjectStorage, type S3StorageOptions } from '@rynxs/store-s3';
import { FaultProxy } from './fault-proxy.js';
import { CREDENTIALS, S3Server, type S3ServerName } from './s3-server.js';

/** A server with a bucket, reached through a proxy that can spoil requests. */
export class S3Place implements AsyncDisposable {
  readonly #before: Readonly<Record<string, string | undefined>>;

  private constructor(
    readonly server: S3Server,
    readonly proxy: FaultProxy,
    readonly bucket: string,
  ) {
    this.#before = Object.fromEntries(Object.keys(CREDENTIALS).map((name) => [name, process.env[name]]));
    Object.assign(process.env, CREDENTIALS);
  }

  static async start(name: S3ServerName): Promise<S3Place> {
    const server = await S3Server.start(name);
    const bucket = await server.createBucket();
    return new S3Place(server, await FaultProxy.start(server.endpoint), bucket);
  }

  /** A prefix that nobody has used. */
  newPrefix(): string {
    return `logs/${randomBytes(6).toString('hex')}`;
  }

  /** A store over `prefix`, as one process would have it. */
  store(
    prefix: string,
    options: Partial<S3StorageOptions> = {},
    telemetry: Telemetry = new NoTelemetry(),
  ): S3EventStore {
    const clock = new SystemClock();
    return new S3EventStore({
      storage: new S3ObjectStorage({
        bucket: this.bucket,
        region: 'us-east-1',
        endpoint: new URL(this.proxy.endpoint),
        forcePathStyle: true,
        caFile: undefined,
        connectTimeoutMs: 3_000,
        requestTimeoutMs: 10_000,
        maxConnections: 32,
        clock,
        ...options,
      }),
      prefix,
      clock,
      random: new SystemRandom(),
      telemetry,
    });
  }

  /** For eventStoreSuite: each case has a prefix of its own. */
  harness(): EventStoreHarness {
    const prefix = this.newPrefix();
    const stores: EventStore[] = [];
    return {
      isExclusive: false,
      open: () => {
        const store = this.store(prefix);
        stores.push(store);
        return store;
      },
      crash: async () => {},
      damage: (offset) => this.#damage(prefix, offset),
      loseAnswer: (_store, fate) =>
        this.proxy.spoilNextPut(`${prefix}/`, fate === 'written' ? 'lost' : 'reset'),
      dispose: async () => {
        await Promise.all(stores.map((store) => store.close()));
      },
    };
  }

  /** Changes the byte at `offset` of the log's commits, laid end to end. */
  async #damage(prefix: string, offset: number): Promise<void> {
    const { client } = this.server;
    const place = { Bucket: this.bucket };
    const { Contents = [] } = await client.send(
      new ListObjectsV2Command({ ...place, Prefix: `${prefix}/0` }),
    );
    let at = offset;
    for (const { Key, Size = 0 } of Contents) {
      if (at >= Size) {
        at -= Size;
        continue;
      }
      const { Body } = await client.send(new GetObjectCommand({ ...place, Key }));
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await client.send(new PutObjectCommand({ ...place, Key, Body: bytes }));
      return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, value] of Object.entries(this.#before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await this.proxy[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
