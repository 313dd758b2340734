import { Worker } from 'node:worker_threads';
import { type FilledSlot, type FreeSlot, SLOT_BYTES, SLOTS } from './slots.js';

const LF = 0x0a;

/** Bytes that are on their way to a slot, and what came with them. */
interface Piece<Note> {
  readonly bytes: Uint8Array;
  readonly notes: readonly Note[];
}

/** A slot that still has space. */
interface OpenSlot<Note> {
  readonly slot: number;
  bytes: number;
  readonly notes: Note[];
}

/** Starting a thread and copying to it pay from so many records on. */
export const THREAD_FROM_RECORDS = 20_000;

/** A slot with less space than this is sent. */
const LITTLE_BYTES = 65_536;

/**
 * A thread that is fed with record lines through a few slots of shared memory, so that they are copied once and never more
 * than the slots hold are under way: who gives it lines awaits `ready` before the next ones. The module of the thread is
 * given its memory in `workerData.memory`, takes FilledSlot messages and answers each with FreeSlot; `takeSlots` does so.
 */
export class LineFeed<Answer extends object, Note = never> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #memory = new SharedArrayBuffer(SLOTS * SLOT_BYTES);
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  #open: OpenSlot<Note> | undefined;
  #waiting: Piece<Note>[] = [];
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
    const rest = this.#take({ bytes, notes: note === undefined ? [] : [note] });
    if (rest !== undefined) this.#waiting.push({ ...rest, bytes: Buffer.from(rest.bytes) });
  }

  /** Takes bytes as `give` does, without a copy of what waits: they must stay as they are until this has resolved. */
  async giveAll(bytes: Uint8Array): Promise<void> {
    const rest = this.#take({ bytes, notes: [] });
    if (rest !== undefined) this.#waiting.push(rest);
    await this.ready();
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
    this.#send();
    this.#worker.postMessage(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  /** Puts into slots what finds space, unless others wait for some; returns the rest. */
  #take(piece: Piece<Note>): Piece<Note> | undefined {
    return this.#waiting.length === 0 ? this.#put(piece) : piece;
  }

  /** Puts into slots what finds space; returns the rest. */
  #put(piece: Piece<Note>): Piece<Note> | undefined {
    let { notes } = piece;
    for (let at = 0; at < piece.bytes.length; ) {
      const open = this.#openSlot();
      if (open === undefined) return { bytes: piece.bytes.subarray(at), notes };
      const end = endOfPiece(piece.bytes, at, open.bytes);
      const lines = piece.bytes.subarray(at, end);
      new Uint8Array(this.#memory, open.slot * SLOT_BYTES + open.bytes, lines.length).set(lines);
      open.bytes += lines.length;
      open.notes.push(...notes);
      notes = [];
      if (end < piece.bytes.length || SLOT_BYTES - open.bytes < LITTLE_BYTES) this.#send();
      at = end;
    }
    return undefined;
  }

  #openSlot(): OpenSlot<Note> | undefined {
    if (this.#open !== undefined) return this.#open;
    const slot = this.#free.pop();
    if (slot !== undefined) this.#open = { slot, bytes: 0, notes: [] };
    return this.#open;
  }

  #send(): void {
    if (this.#open === undefined) return;
    this.#worker.postMessage(this.#open satisfies FilledSlot<Note>);
    this.#open = undefined;
  }

  #on(message: FreeSlot | Answer): void {
    if (!('free' in message)) {
      this.#onAnswer(message);
      return;
    }
    this.#free.push(message.free);
    for (let first = this.#waiting.shift(); first !== undefined; first = this.#waiting.shift()) {
      const rest = this.#put(first);
      if (rest === undefined) continue;
      this.#waiting.unshift(rest);
      return;
    }
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

/**
 * Up to where bytes from `start` go into a slot that has so many: all, else up to the last line that fits whole. Nothing, when
 * none fits behind others; what does not even fit an empty slot is cut.
 */
function endOfPiece(bytes: Uint8Array, start: number, taken: number): number {
  const space = SLOT_BYTES - taken;
  if (bytes.length - start <= space) return bytes.length;
  const lf = bytes.lastIndexOf(LF, start + space - 1);
  if (lf >= start) return lf + 1;
  return taken > 0 ? start : start + space;
}
