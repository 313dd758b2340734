import { type ConfigValues, defineConfig } from '@rynxs/kernel';

/** Size of a file of the log, unless a single commit is larger. */
export const DEFAULT_SEGMENT_BYTES = 67_108_864;

export const fileStoreSettings = defineConfig({
  dir: {
    type: 'string',
    default: '/var/lib/rynxs/logs',
    env: 'LOG_DIR',
    doc: 'Directory of the event log; created when absent. It must be on one host, and for one operator.',
  },
  segmentSize: {
    type: 'size',
    default: '64Mi',
    env: 'LOG_SEGMENT_SIZE',
    min: 65_536,
    max: 1_073_741_824,
    doc: 'Size at which a file of the log is full: it is compressed, and the next one begun.',
  },
});

export type FileStoreSettings = ConfigValues<typeof fileStoreSettings>;
