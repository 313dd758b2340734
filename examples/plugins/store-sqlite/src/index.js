import { definePlugin, EVENT_STORE } from '@rynxs/kernel';
import { sqliteSettings } from './settings.js';
import { SqliteEventStore } from './sqlite-event-store.js';

export { SqliteEventStore };

export default definePlugin({
  id: 'store-sqlite',
  apiVersion: 1,
  provides: [EVENT_STORE.as('sqlite', SqliteEventStore)],
  config: sqliteSettings,
});
