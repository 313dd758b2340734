export * from './contracts/index.js';
export * from './errors/index.js';
export { EventLog, type EventLogOptions, type LogIdentity, type WritingTerm } from './event-log/event-log.js';
export { storeFailure } from './event-log/store-failure.js';
export { StandaloneLeadership } from './leadership/standalone.js';
export { type Operator, startOperator } from './operator/operator.js';
export * from './reconcile/index.js';
export * from './replay/index.js';
