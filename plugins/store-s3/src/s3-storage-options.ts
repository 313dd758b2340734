import type { Clock } from '@rynxs/kernel';

/** Which bucket, on which server, and how it is reached. */
export interface S3StorageOptions {
  readonly bucket: string;
  readonly region: string;
  /** Undefined: AWS in the region. */
  readonly endpoint: URL | undefined;
  readonly forcePathStyle: boolean;
  readonly caFile: string | undefined;
  readonly connectTimeoutMs: number;
  /** Of a whole request, up to the last byte of its answer. */
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
  readonly clock: Clock;
}
