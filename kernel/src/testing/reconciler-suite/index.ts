export { type Finding, History, type Outcome } from './history.js';
export { RECONCILER_CASES, type ReconcilerSuiteOptions, reconcilerSuite } from './reconciler-suite.js';
export type { ReconcilerCase, ReconcilerSubject } from './subject.js';
