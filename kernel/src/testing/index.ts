export * from './event-store-suite/index.js';
