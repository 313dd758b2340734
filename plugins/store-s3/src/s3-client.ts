import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import type { S3Client } from '@aws-sdk/client-s3';
import { ObjectStorageError } from './object-storage.js';
import type { S3StorageOptions } from './s3-storage-options.js';

/** What is used of the SDK. */
export type Sdk = Pick<
  typeof import('@aws-sdk/client-s3'),
  'S3Client' | 'PutObjectCommand' | 'GetObjectCommand' | 'ListObjectsV2Command'
>;

/**
 * Loads the SDK, which takes 75 ms and 35 MB and is therefore left until it is needed, and makes a client that sends
 * each request once. Throws `denied` for an authority's certificate that cannot be read.
 */
export async function createS3Client(
  options: S3StorageOptions,
): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
  const ca = options.caFile === undefined ? undefined : await authorities(options.caFile);
  const sdk = await import('@aws-sdk/client-s3');
  const agent = { keepAlive: true, maxSockets: options.maxConnections };
  const client = new sdk.S3Client({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint.href }),
    forcePathStyle: options.forcePathStyle,
    maxAttempts: 1,
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs,
      // The deadline of each request is kept by who sends it, body and all.
      requestTimeout: 0,
      socketTimeout: 0,
      httpAgent: agent,
      httpsAgent: ca === undefined ? agent : { ...agent, ca },
    },
  });
  return { sdk, client };
}

async function authorities(file: string): Promise<string[]> {
  let own: string;
  try {
    own = await readFile(file, 'utf8');
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new ObjectStorageError('denied', `S3_CA_FILE cannot be read: ${detail}`, false, { cause: error });
  }
  if (!own.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ObjectStorageError('denied', `S3_CA_FILE (${file}) holds no PEM certificate`, false);
  }
  return [...getCACertificates('default'), own];
}
