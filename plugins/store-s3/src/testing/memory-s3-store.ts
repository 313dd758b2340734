import { NoTelemetry, SystemClock, type Telemetry } from '@rynxs/kernel';
import { seededRandom } from '@rynxs/kernel/testing';
import { S3EventStore } from '../s3-event-store.js';
import { type MemoryBucket, MemoryObjectStorage } from './memory-object-storage.js';

/** A store over a bucket in memory, as one process would have it. */
export function storeOver(bucket: MemoryBucket, telemetry: Telemetry = new NoTelemetry()): S3EventStore {
  return new S3EventStore({
    storage: new MemoryObjectStorage(bucket),
    prefix: 'events',
    clock: new SystemClock(),
    random: seededRandom(1),
    telemetry,
  });
}
