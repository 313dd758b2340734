import type { StoreErrorCode } from '@rynxs/kernel';
import { Damage } from '@rynxs/log';
import { ObjectStorageError, type ObjectStorageErrorKind } from './object-storage.js';

/** A failure that the store found itself. */
export class S3StoreError extends Error {
  override readonly name = 'S3StoreError';

  constructor(
    readonly storeCode: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const CODE_OF_KIND: Readonly<Record<ObjectStorageErrorKind, StoreErrorCode>> = {
  exists: 'conflict',
  in_progress: 'unavailable',
  ambiguous: 'ambiguous',
  throttled: 'unavailable',
  unavailable: 'unavailable',
  no_bucket: 'missing',
  denied: 'denied',
  full: 'full',
  too_large: 'damaged',
  other: 'unknown',
};

/** What an error of this store, or of the object storage under it, means. */
export function storeErrorCode(error: unknown): StoreErrorCode {
  if (error instanceof S3StoreError) return error.storeCode;
  if (error instanceof ObjectStorageError) return CODE_OF_KIND[error.kind];
  return error instanceof Damage ? 'damaged' : 'unknown';
}
