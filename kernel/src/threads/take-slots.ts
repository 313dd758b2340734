import { parentPort, workerData } from 'node:worker_threads';
import type { FilledSlot, FreeSlot } from './slots.js';
import { SLOT_BYTES } from './slots.js';

/** How the module of a LineFeed's thread is spoken to. */
export interface SlotTaker<Note> {
  /** Takes the next bytes, cut anywhere; their memory is reused afterwards. */
  readonly take: (bytes: Uint8Array, notes: readonly Note[]) => void;
  /** Takes what the feed was asked to tell. */
  readonly told: (message: string) => void;
}

/** Runs in the thread of a LineFeed: hands on each slot, gives it back, and hands on what is told. Returns how to answer. */
export function takeSlots<Answer extends object, Note = never>(
  taker: SlotTaker<Note>,
): (answer: Answer) => void {
  const port = parentPort;
  if (port === null) throw new Error('this module is the thread of a LineFeed');
  const { memory } = workerData as { memory: SharedArrayBuffer };
  port.on('message', (message: FilledSlot<Note> | string) => {
    if (typeof message === 'string') {
      taker.told(message);
      return;
    }
    const { slot, bytes, notes } = message;
    taker.take(new Uint8Array(memory, slot * SLOT_BYTES, bytes), notes);
    port.postMessage({ free: slot } satisfies FreeSlot);
  });
  return (answer) => port.postMessage(answer);
}
