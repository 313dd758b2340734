export { FileEventStore } from './file-event-store.js';
export { default } from './plugin.js';
export { type FileStoreSettings, fileStoreSettings } from './settings.js';
