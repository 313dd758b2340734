export {
  EVENT_STORE_CASES,
  type EventStoreSuiteOptions,
  eventStoreSuite,
  runEventStoreCase,
} from './event-store-suite.js';
export type { EventStoreCase, EventStoreHarness, EventStoreNeed, WriteFate } from './harness.js';
export { MemoryEventStore, MemoryStorage, memoryEventStore } from './memory-event-store.js';
export {
  type BatchPosition,
  batchOf,
  type SampleBatch,
  type SampleEvent,
  SampleLog,
  sampleBatch,
} from './sample-log.js';
