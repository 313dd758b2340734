export * from './object-storage.js';
export { openS3Log, type S3LogAddress } from './open-s3-log.js';
export { default } from './plugin.js';
export { S3EventStore, type S3StoreParts } from './s3-event-store.js';
export { S3ObjectStorage } from './s3-object-storage.js';
export type { S3StorageOptions } from './s3-storage-options.js';
export { type S3StoreSettings, s3StoreSettings } from './settings.js';
