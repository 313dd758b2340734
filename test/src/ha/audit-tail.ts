import { open } from 'node:fs/promises';
import type { AuditedRequest } from '../cluster/real-cluster.js';

const NEWLINE = 10;

/** Reads on in the API server's audit log, each line once. */
export class AuditTail {
  readonly #file: string;
  /** In bytes. */
  #place = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** The requests that were written since the last call; a line that is still being written comes with the next. */
  async next(): Promise<readonly AuditedRequest[]> {
    await using file = await open(this.#file);
    const size = (await file.stat()).size - this.#place;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, this.#place);
    const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
    this.#place += end;
    const lines = buffer.toString('utf8', 0, end).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as AuditedRequest);
  }
}
