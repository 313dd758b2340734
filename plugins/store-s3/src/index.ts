export * from './object-storage.js';
export { S3EventStore, type S3StoreParts } from './s3-event-store.js';
