export type { FaultEffect, FaultMatch, Verb } from './api/faults.js';
export { Faults } from './api/faults.js';
export { EmbeddedCluster } from './embedded-cluster.js';
export { probeSandbox, type SandboxProbe } from './node/sandbox/probe.js';
export { default } from './plugin.js';
export {
  type EmbeddedClusterOptions,
  type EmbeddedClusterServer,
  startEmbeddedCluster,
} from './start-embedded-cluster.js';
export {
  type Change,
  type DeleteOptions,
  ObjectStorage,
  type WriteOptions,
} from './storage/object-storage.js';
export { StatusError } from './storage/status-error.js';
