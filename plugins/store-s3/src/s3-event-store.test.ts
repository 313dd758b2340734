import { eventStoreSuite } from '@rynxs/kernel/testing';
import { MemoryBucket } from './testing/memory-object-storage.js';
import { storeOver } from './testing/memory-s3-store.js';

eventStoreSuite({
  name: 'store-s3 over a bucket in memory',
  create: () => {
    const bucket = new MemoryBucket();
    return {
      isExclusive: false,
      open: () => storeOver(bucket),
      crash: async () => {},
      damage: async (offset) => damageAt(bucket, offset),
      dispose: async () => {},
    };
  },
});

/** Changes the byte of the log's commits that stands at `offset` when they are joined. */
function damageAt(bucket: MemoryBucket, offset: number): void {
  let at = offset;
  for (const key of bucket.keys) {
    const bytes = bucket.objects.get(key);
    if (bytes === undefined || !/^events\/\d/.test(key)) continue;
    if (at < bytes.length) {
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return;
    }
    at -= bytes.length;
  }
}
