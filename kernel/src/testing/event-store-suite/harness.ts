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
  /**
   * Loses the answer of the next write that `store.append` asks for, once. What becomes of that write: `written` when
   * it took effect, `unwritten` when it did not get there. For stores behind a network.
   */
  loseAnswer?(store: EventStore, fate: WriteFate): void;
  /** Closes and removes everything. Called after each case. */
  dispose(): Promise<void>;
}

/** What became of a write whose answer was lost. */
export type WriteFate = 'written' | 'unwritten';

/** What a case may need: a part of the harness, a kind of store, or a method that not every store has. */
export type EventStoreNeed =
  | 'crash'
  | 'tear'
  | 'damage'
  | 'loseAnswer'
  | 'exclusive'
  | 'shared'
  | 'trailing'
  | 'probe';

/** One thing that a store must do. `run` throws when it does not. */
export interface EventStoreCase {
  readonly name: string;
  /** All that the harness and the store must offer. */
  readonly needs?: readonly EventStoreNeed[];
  /** How long the case may take on a slow store; 20,000 when absent. */
  readonly limitMs?: number;
  run(harness: EventStoreHarness): Promise<void>;
}

export function isPossible({ needs = [] }: EventStoreCase, harness: EventStoreHarness): boolean {
  return needs.every((need) => isMet(need, harness));
}

function isMet(need: EventStoreNeed, harness: EventStoreHarness): boolean {
  switch (need) {
    case 'exclusive':
      return harness.isExclusive;
    case 'shared':
      return !harness.isExclusive;
    case 'trailing':
    case 'probe':
      return harness.open()[need] !== undefined;
    default:
      return harness[need] !== undefined;
  }
}
