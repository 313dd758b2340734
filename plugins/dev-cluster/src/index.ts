export type { FaultEffect, FaultMatch, Verb } from './api/faults.js';
export { Faults } from './api/faults.js';
export {
  type EmbeddedClusterOptions,
  type EmbeddedClusterServer,
  type RuntimeContext,
  startEmbeddedCluster,
} from './start-embedded-cluster.js';
export { ObjectStorage } from './storage/object-storage.js';
