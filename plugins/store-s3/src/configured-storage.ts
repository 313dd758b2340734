import { type Clock, rynxsError } from '@rynxs/kernel';
import { parseEndpoint } from './endpoint.js';
import { S3ObjectStorage } from './s3-object-storage.js';
import type { S3StorageOptions } from './s3-storage-options.js';
import type { S3StoreSettings } from './settings.js';

// As S3 allows bucket names of general purpose; older buckets may have capitals and underscores.
const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
// Characters that every S3 server and every tool takes unchanged.
const PREFIX = /^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*$/;

/** The bucket that the settings name. Throws RYNXS_CONFIG_INVALID. */
export function configuredStorage(settings: S3StoreSettings, clock: Clock): S3ObjectStorage {
  return new S3ObjectStorage({ ...storageOptions(settings), clock });
}

/** What the settings mean. Throws RYNXS_CONFIG_INVALID. */
export function storageOptions(settings: S3StoreSettings): Omit<S3StorageOptions, 'clock'> {
  const { bucket, endpoint } = settings;
  if (bucket.endsWith('--x-s3')) {
    throw invalid('bucket', 'S3_BUCKET', `${bucket} is a directory bucket, which lists keys in no order`);
  }
  if (!BUCKET_NAME.test(bucket))
    throw invalid('bucket', 'S3_BUCKET', `${bucket} is not the name of a bucket`);
  return {
    bucket,
    region: settings.region,
    endpoint: endpoint === undefined ? undefined : endpointUrl(endpoint),
    forcePathStyle: settings.forcePathStyle ?? endpoint !== undefined,
    caFile: settings.caFile,
    connectTimeoutMs: settings.connectTimeout,
    requestTimeoutMs: settings.requestTimeout,
    maxConnections: settings.maxConnections,
  };
}

/** The prefix without slashes around it. Throws RYNXS_CONFIG_INVALID. */
export function configuredPrefix({ prefix }: S3StoreSettings): string {
  const trimmed = prefix.replace(/^\/|\/$/g, '');
  if (PREFIX.test(trimmed)) return trimmed;
  throw invalid('prefix', 'S3_PREFIX', `${prefix} has empty parts, or characters that keys should not have`);
}

function endpointUrl(text: string): URL {
  try {
    return parseEndpoint(text);
  } catch (error) {
    // What is wrong with it, without the text, which may hold credentials.
    throw invalid('endpoint', 'S3_ENDPOINT', error instanceof Error ? error.message : String(error));
  }
}

function invalid(name: string, env: string, detail: string): Error {
  return rynxsError('RYNXS_CONFIG_INVALID', { setting: `store-s3.${name}`, where: `$${env}`, detail });
}
