/** Memory that a LineFeed shares with its thread. */
export const SLOTS = 8;
export const SLOT_BYTES = 524_288;

/** Tells the thread that a slot holds bytes; `notes` came with them, or before them. */
export interface FilledSlot<Note> {
  readonly slot: number;
  readonly bytes: number;
  readonly notes: readonly Note[];
}

/** What a thread answers when it has done with a slot, which may then be filled again. */
export interface FreeSlot {
  readonly free: number;
}
