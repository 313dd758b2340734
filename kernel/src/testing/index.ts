export { describeDecision } from '../reconcile/decision.js';
export { type CapturedLine, type CapturingLogger, capturingLogger } from './capturing-logger.js';
export { type ClusterHarness, type ClusterSuiteOptions, clusterSuite } from './cluster-suite.js';
export { CutOffCluster } from './cut-off-cluster.js';
export * from './event-store-suite/index.js';
export { FakeClock } from './fake-clock.js';
export { FakeLeadership } from './fake-leadership.js';
export { FakeTelemetry } from './fake-telemetry.js';
export { lastingTenure } from './lasting-tenure.js';
export {
  type Contender,
  type LeadershipHarness,
  type LeadershipSuiteOptions,
  leadershipSuite,
} from './leadership-suite.js';
export { type ClusterRequest, type Fault, MemoryCache, MemoryCluster } from './memory-cluster.js';
export * from './reconciler-suite/index.js';
export { seededRandom } from './seeded-random.js';
export {
  type GivenService,
  given,
  startTestKernel,
  type TestKernel,
  type TestKernelOptions,
} from './start-test-kernel.js';
export { WIDGET, WidgetReconciler, type WidgetState, widget } from './widget-reconciler.js';
