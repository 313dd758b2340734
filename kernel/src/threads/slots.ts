/** Memory that a LineFeed shares with its thread: this many slots, each for as many whole lines as it holds. */
export const SLOTS = 8;
export const SLOT_BYTES = 524_288;

/** Tells the thread that a slot holds lines. `note` is for the lines that begin with the slot. */
export interface FilledSlot<Note> {
  readonly slot: number;
  readonly bytes: number;
  readonly note: Note | undefined;
}

/** What a thread answers when it has done with a slot, which may then be filled again. */
export interface FreeSlot {
  readonly free: number;
}
