import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Clock } from '@rynxs/kernel';

export type LogStream = 'stdout' | 'stderr';

/** A log file is put aside at this size; the one that was put aside before is gone then. */
export const MAX_LOG_BYTES = 10 * 2 ** 20;
/** A longer line is stored in parts. */
const MAX_LINE_BYTES = 16 * 1_024;
const NEWLINE = 0x0a;

/**
 * What a container writes, in the format of the container runtime interface: `<time> stdout F <line>`, with `P` for a part
 * of a line that goes on. Kept in `<path>` and, from before the last rotation, `<path>.1`.
 */
export class ContainerLog {
  #fd: number;
  #bytes: number;
  #closed = false;
  /** Rises with each rotation, so that a reader knows when the file it reads is not the newest any more. */
  #rotations = 0;
  readonly #partial: Record<LogStream, Buffer[]> = { stdout: [], stderr: [] };
  readonly #partialBytes: Record<LogStream, number> = { stdout: 0, stderr: 0 };
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly path: string,
    private readonly clock: Clock,
    private readonly maxBytes = MAX_LOG_BYTES,
  ) {
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get rotations(): number {
    return this.#rotations;
  }

  /** Takes output as it comes. Throws what the file system throws. */
  write(stream: LogStream, chunk: Buffer): void {
    if (this.#closed) return;
    const lines: Buffer[] = [];
    const time = this.#timestamp();
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#append(stream, chunk.subarray(start, end), lines, time);
      this.#flush(stream, 'F', lines, time);
      start = end + 1;
    }
    if (start < chunk.length) this.#append(stream, chunk.subarray(start), lines, time);
    if (lines.length > 0) this.#store(Buffer.concat(lines));
  }

  /** Ends the log: what came without an end of line is stored as it is. */
  close(): void {
    if (this.#closed) return;
    const lines: Buffer[] = [];
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#partialBytes[stream] > 0) this.#flush(stream, 'P', lines, this.#timestamp());
    }
    try {
      if (lines.length > 0) this.#store(Buffer.concat(lines));
    } finally {
      this.#closed = true;
      closeSync(this.#fd);
      this.#notify();
    }
  }

  /** Calls `listener` after each write and at the end. */
  subscribe(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #append(stream: LogStream, bytes: Buffer, lines: Buffer[], time: string): void {
    let rest = bytes;
    while (this.#partialBytes[stream] + rest.length > MAX_LINE_BYTES) {
      const room = MAX_LINE_BYTES - this.#partialBytes[stream];
      this.#keep(stream, rest.subarray(0, room));
      this.#flush(stream, 'P', lines, time);
      rest = rest.subarray(room);
    }
    if (rest.length > 0) this.#keep(stream, rest);
  }

  #keep(stream: LogStream, bytes: Buffer): void {
    // A copy: what the socket handed over is a window into a larger buffer.
    this.#partial[stream].push(Buffer.from(bytes));
    this.#partialBytes[stream] += bytes.length;
  }

  #flush(stream: LogStream, tag: 'F' | 'P', lines: Buffer[], time: string): void {
    lines.push(Buffer.from(`${time} ${stream} ${tag} `), ...this.#partial[stream], Buffer.from('\n'));
    this.#partial[stream] = [];
    this.#partialBytes[stream] = 0;
  }

  #store(bytes: Buffer): void {
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.maxBytes) this.#rotate();
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.#fd, bytes, written);
    }
    this.#bytes += bytes.length;
    this.#notify();
  }

  #rotate(): void {
    closeSync(this.#fd);
    if (existsSync(this.path)) renameSync(this.path, `${this.path}.1`);
    this.#fd = openSync(this.path, 'a', 0o600);
    this.#bytes = 0;
    this.#rotations += 1;
  }

  /** RFC 3339 with the nanoseconds' width that Kubernetes' readers expect. */
  #timestamp(): string {
    return new Date(this.clock.now()).toISOString().replace('Z', '000000Z');
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
