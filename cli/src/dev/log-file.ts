import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { rynxsError } from '@rynxs/kernel';

const MAX_BYTES = 10 * 1024 * 1024;

/**
 * A file that lines are appended to. At 10 MiB it becomes `<file>.1`, in place of the one before, so that two files
 * are all there ever is. Writes are synchronous: the last line before a crash is the one that is needed.
 */
export class LogFile implements Disposable {
  readonly #path: string;
  readonly #maxBytes: number;
  #descriptor: number | undefined;
  #bytes = 0;

  /** Throws RYNXS_DATA_DIR when the file cannot be written. */
  constructor(path: string, maxBytes = MAX_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    try {
      this.#open();
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw rynxsError('RYNXS_DATA_DIR', { dir: path, detail }, { cause });
    }
  }

  write(line: string): void {
    if (this.#descriptor === undefined) return;
    const bytes = Buffer.from(line);
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) this.#rotate();
    try {
      writeSync(this.#descriptor, bytes);
    } catch (error) {
      // A full disk must not stop the operator: the record is the event log, not this file.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
    this.#bytes += bytes.length;
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): void {
    this.#descriptor = openSync(this.#path, 'a', 0o600);
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  #rotate(): void {
    this[Symbol.dispose]();
    renameSync(this.#path, `${this.#path}.1`);
    this.#open();
  }
}
