/** Memory that a TreeWorker shares with its thread: this many slots, each for as many whole lines as it holds. */
export const SLOTS = 3;
export const SLOT_BYTES = 1_048_576;

/** Tells the thread that a slot holds lines, and at which sizes of the tree the root is wanted. */
export interface FilledSlot {
  readonly slot: number;
  readonly bytes: number;
  readonly sizes: readonly number[];
}

/** What the thread answers: a slot may be filled again; or, once, the roots. */
export type TreeAnswer = { readonly free: number } | { readonly roots: ReadonlyMap<number, Uint8Array> };
