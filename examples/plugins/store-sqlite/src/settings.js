import { defineConfig } from '@rynxs/kernel';

export const sqliteSettings = defineConfig({
  file: {
    type: 'string',
    env: 'SQLITE_FILE',
    default: './rynxs.db',
    doc: 'The database that holds the log; created when absent. It must be on a disk of this host.',
  },
  busyTimeout: {
    type: 'duration',
    env: 'SQLITE_BUSY_TIMEOUT',
    default: '5s',
    min: 0,
    max: 60_000,
    doc: 'How long a write waits for the one of another process.',
  },
});

/** @typedef {import('@rynxs/kernel').ConfigValues<typeof sqliteSettings>} SqliteSettings */
