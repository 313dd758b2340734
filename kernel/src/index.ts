export * from './contracts/index.js';
export * from './errors/index.js';
export * from './reconcile/children.js';
export * from './reconcile/events.js';
