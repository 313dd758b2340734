export { SystemClock } from './clock/system-clock.js';
export { ForwardingCluster } from './cluster/forwarding-cluster.js';
export type { ConfigOrigin, Configuration, ResolvedSetting } from './config/configuration.js';
export type { KernelSettings } from './config/kernel-settings.js';
export { configReference } from './config/reference.js';
export { settingsFrom } from './config/settings-from.js';
export * from './contracts/index.js';
export { inject, injectable, optional } from './di/dependencies.js';
export * from './errors/index.js';
export { errorReference } from './errors/reference.js';
export {
  allCheckpoints,
  newestCheckpoints,
  type StoredCheckpoint,
} from './event-log/checkpoint-objects.js';
export { ConfigMapAnchor } from './event-log/config-map-anchor.js';
export { EventLog, type EventLogOptions, type LogOwner, type WritingTerm } from './event-log/event-log.js';
export type { AnchorEntry, LogAnchor } from './event-log/log-anchor.js';
export {
  type LogKeySettings,
  type LogKeys,
  parseVerifierKey,
  readLogKeys,
  readSigningKey,
} from './event-log/log-keys.js';
export { damageOf } from './event-log/open-failure.js';
export { type LogRecovery, recoverLog } from './event-log/recover.js';
export type { SnapshotSource } from './event-log/snapshots.js';
export { storeFailure } from './event-log/store-failure.js';
export { createKernel } from './host/create-kernel.js';
export type {
  BootNode,
  BootTree,
  Kernel,
  KernelOptions,
  ModuleLoader,
  PluginDescription,
  PluginPackage,
} from './host/kernel.js';
export { type ElectionFailure, electionFailures } from './leadership/election-failures.js';
export { StandaloneLeadership } from './leadership/standalone.js';
export { untilAborted } from './leadership/waiting.js';
export { ShutdownRequested, ShutdownSignals, type SignalSource } from './lifecycle/shutdown-signals.js';
export { createLogger, type LoggerOptions } from './logging/create-logger.js';
export type { LogLevel } from './logging/line-logger.js';
export { type Operator, startOperator } from './operator/operator.js';
export { SystemRandom } from './random/system-random.js';
export * from './reconcile/index.js';
export * from './replay/index.js';
export { MetricDefinitions } from './telemetry/metric-definitions.js';
export { NoTelemetry } from './telemetry/no-telemetry.js';
