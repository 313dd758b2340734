import { type ConfigValues, defineConfig } from '@rynxs/kernel';

export const fileStoreSettings = defineConfig({
  dir: {
    type: 'string',
    default: '/var/lib/rynxs/logs',
    env: 'LOG_DIR',
    doc: 'Directory of the event log; created when absent. It must be on one host, and for one operator.',
  },
});

export type FileStoreSettings = ConfigValues<typeof fileStoreSettings>;
