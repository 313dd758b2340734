import type { StoreErrorCode } from '@rynxs/kernel';
import { Damage } from '@rynxs/log';

/** A failure that the store found itself. */
export class FileStoreError extends Error {
  override readonly name = 'FileStoreError';
  constructor(
    readonly storeCode: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const CODE_OF_ERRNO: Readonly<Record<string, StoreErrorCode>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOENT: 'missing',
  EMFILE: 'unavailable',
  ENFILE: 'unavailable',
  EIO: 'unavailable',
  ESTALE: 'unavailable',
};

/** What an error of this store, or of the file system under it, means. */
export function storeErrorCode(error: unknown): StoreErrorCode {
  if (error instanceof FileStoreError) return error.storeCode;
  if (error instanceof Damage) return 'damaged';
  // The first failure, and those of tidying up after it.
  if (error instanceof AggregateError) return storeErrorCode(error.errors[0]);
  return CODE_OF_ERRNO[errnoOf(error) ?? ''] ?? 'unknown';
}

/** The `ENOENT` of a file system's error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
