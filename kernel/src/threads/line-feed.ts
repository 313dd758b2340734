import { Worker } from 'node:worker_threads';
import { type FilledSlot, type FreeSlot, SLOT_BYTES, SLOTS } from './slots.js';

const LF = 0x0a;

interface WaitingLines<Note> {
  readonly bytes: Uint8Array;
  readonly note: Note | undefined;
}

/**
 * A thread that is fed with record lines through a few slots of shared memory, so that they are copied once and never more
 * than the slots hold are under way: who gives it lines awaits `ready` before the next ones. The module of the thread is
 * given its memory in `workerData.memory`, takes FilledSlot messages and answers each with FreeSlot; `takeSlots` does so.
 */
export class LineFeed<Answer extends object, Note = never> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  #waiting: WaitingLines<Note>[] = [];
  /** Who waits for a slot, while something does. */
  #room: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;
  readonly #onAnswer: (answer: Answer) => void;
  readonly #onFailure: (error: Error) => void;

  constructor(
    module: URL,
    options: {
      /** What the module finds in `workerData` besides its memory. */
      readonly data?: object;
      /** Called for each message of the thread that gives back no slot. */
      readonly onAnswer: (answer: Answer) => void;
      /** Called at most once: when the thread has failed or ended, also by disposal. */
      readonly onFailure: (error: Error) => void;
    },
  ) {
    this.#onAnswer = options.onAnswer;
    this.#onFailure = options.onFailure;
    this.#worker = new Worker(module, { workerData: { ...options.data, memory: this.#memory } });
    this.#worker.on('message', (message: FreeSlot | Answer) => this.#on(message));
    this.#worker.once('error', (error) => this.#fail(error));
    this.#worker.once('exit', (code) => this.#fail(new Error(`the thread ended with code ${code}`)));
  }

  /** Takes bytes over, cut where lines end unless a line is longer than a slot. What finds no free slot waits, copied. */
  give(bytes: Uint8Array, note?: Note): void {
    let first = note;
    for (let at = 0; at < bytes.length; ) {
      const end = endOfSlot(bytes, at);
      this.#take({ bytes: bytes.subarray(at, end), note: first });
      first = undefined;
      at = end;
    }
  }

  /** Resolves when nothing waits for a slot; undefined when nothing does. Rejects when the thread has failed. */
  ready(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#waiting.length === 0) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Tells the thread something, after all that was given. */
  async tell(message: string): Promise<void> {
    await this.ready();
    this.#worker.postMessage(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #take(lines: WaitingLines<Note>): void {
    const slot = this.#waiting.length === 0 ? this.#free.pop() : undefined;
    if (slot === undefined) this.#waiting.push({ ...lines, bytes: Buffer.from(lines.bytes) });
    else this.#fill(slot, lines);
  }

  #fill(slot: number, { bytes, note }: WaitingLines<Note>): void {
    new Uint8Array(this.#memory, slot * SLOT_BYTES, SLOT_BYTES).set(bytes);
    this.#worker.postMessage({ slot, bytes: bytes.length, note } satisfies FilledSlot<Note>);
  }

  #on(message: FreeSlot | Answer): void {
    if (!('free' in message)) {
      this.#onAnswer(message);
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(message.free);
    else this.#fill(message.free, next);
    if (this.#waiting.length > 0) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#room?.promise.catch(() => undefined);
    this.#room?.reject(error);
    this.#onFailure(error);
  }
}

/** The end of the last line that fits into a slot; where none ends, of the slot. */
function endOfSlot(bytes: Uint8Array, start: number): number {
  if (bytes.length - start <= SLOT_BYTES) return bytes.length;
  const lf = bytes.lastIndexOf(LF, start + SLOT_BYTES - 1);
  return lf < start ? start + SLOT_BYTES : lf + 1;
}
