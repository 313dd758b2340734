import { definePlugin, EVENT_STORE } from '@rynxs/kernel';
import { FileEventStore } from './file-event-store.js';
import { fileStoreSettings } from './settings.js';

export default definePlugin({
  id: 'store-file',
  apiVersion: 1,
  provides: [EVENT_STORE.as('file', FileEventStore)],
  config: fileStoreSettings,
});
