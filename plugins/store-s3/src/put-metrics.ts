import type { Counter, Telemetry } from '@rynxs/kernel';
import { ObjectStorageError } from './object-storage.js';

const ERROR_TYPES = ['AccessDenied', 'PreconditionFailed', 'NoSuchBucket', 'NetworkError', 'Other'] as const;
type ErrorType = (typeof ERROR_TYPES)[number];

/** Counts the requests that write, and those that failed; a request that is sent again counts again. */
export class PutMetrics {
  readonly #puts: Counter;
  readonly #errors: Counter;

  constructor(telemetry: Telemetry) {
    this.#puts = telemetry.counter({
      name: 'rynxs_s3_put_total',
      help: 'Requests to object storage that write.',
    });
    this.#errors = telemetry.counter({
      name: 'rynxs_s3_put_errors_total',
      help: 'Requests to object storage that write and failed, by what went wrong.',
      labels: ['error_type'],
      initial: ERROR_TYPES.map((error_type) => ({ error_type })),
    });
  }

  async counted(put: Promise<void>): Promise<void> {
    this.#puts.add();
    try {
      await put;
    } catch (error) {
      this.#errors.add({ error_type: errorTypeOf(error) });
      throw error;
    }
  }
}

function errorTypeOf(error: unknown): ErrorType {
  if (!(error instanceof ObjectStorageError)) return 'Other';
  switch (error.kind) {
    case 'denied':
      return 'AccessDenied';
    case 'exists':
      return 'PreconditionFailed';
    case 'no_bucket':
      return 'NoSuchBucket';
    default:
      return error.answered ? 'Other' : 'NetworkError';
  }
}
