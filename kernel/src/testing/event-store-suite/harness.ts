import type { EventStore } from '../../contracts/event-store.js';

/**
 * What the suite needs to know of a store: how to reach one place again and again. Optional parts are for what not
 * every store can do; the cases that need them are left out without them.
 */
export interface EventStoreHarness {
  /** A new instance over the same place, as another process would make it. It has not been opened. */
  open(): EventStore;
  /** Whether a second `open` is refused as `locked` while the first instance lives. Without it, append decides. */
  readonly isExclusive: boolean;
  /** Ends an instance as kill -9 would: nothing is flushed or tidied up, what the system releases is released. */
  crash?(store: EventStore): Promise<void>;
  /** Leaves bytes after the last commit, as a write that a crash cut short does. No instance is open. */
  tear?(bytes: Uint8Array): Promise<void>;
  /** Changes the stored byte at this offset from the start of the log. No instance is open. */
  damage?(offset: number): Promise<void>;
  /** Closes and removes everything. Called after each case. */
  dispose(): Promise<void>;
}

/** One thing that a store must do. `run` throws when it does not. */
export interface EventStoreCase {
  readonly name: string;
  /** What the harness must offer. */
  readonly needs?: 'crash' | 'tear' | 'damage' | 'exclusive' | 'shared';
  run(harness: EventStoreHarness): Promise<void>;
}

export function isPossible({ needs }: EventStoreCase, harness: EventStoreHarness): boolean {
  switch (needs) {
    case undefined:
      return true;
    case 'exclusive':
      return harness.isExclusive;
    case 'shared':
      return !harness.isExclusive;
    default:
      return harness[needs] !== undefined;
  }
}
