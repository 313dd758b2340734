import { MAX_RECORD_BYTES } from './limits.js';

const LF = 0x0a;

/** Takes whole lines, without their LF. `copied` tells that the bytes are the splitter's own and will change. */
export type LineSink = (text: Buffer, start: number, end: number, copied: boolean) => void;

/** Cuts chunks, which may end anywhere, into lines. Keeps at most one unfinished line of a record's length. */
export class LineSplitter {
  #carry = Buffer.alloc(0);
  #carried = 0;

  constructor(
    private readonly onLine: LineSink,
    private readonly onTooLong: () => void,
  ) {}

  /** Bytes after the last LF. */
  get unfinishedBytes(): number {
    return this.#carried;
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    if (this.#carried > 0) {
      const lf = bytes.indexOf(LF);
      const end = lf < 0 ? bytes.length : lf;
      this.#keep(bytes, 0, end);
      if (lf < 0) return;
      const length = this.#carried;
      this.#carried = 0;
      this.onLine(this.#carry, 0, length, true);
      at = lf + 1;
    }
    for (;;) {
      const lf = bytes.indexOf(LF, at);
      if (lf < 0) break;
      if (lf - at > MAX_RECORD_BYTES) this.onTooLong();
      this.onLine(bytes, at, lf, false);
      at = lf + 1;
    }
    if (at < bytes.length) this.#keep(bytes, at, bytes.length);
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    if (this.#carried + end - start > MAX_RECORD_BYTES) this.onTooLong();
    if (this.#carry.length === 0) this.#carry = Buffer.allocUnsafe(MAX_RECORD_BYTES);
    bytes.copy(this.#carry, this.#carried, start, end);
    this.#carried += end - start;
  }
}
