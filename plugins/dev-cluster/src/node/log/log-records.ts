import { type FileHandle, open } from 'node:fs/promises';
import type { ContainerLog } from './container-log.js';

const CHUNK_BYTES = 65_536;
const NEWLINE = 0x0a;

/**
 * The stored records of a log, oldest first, without their ends of line. With `live`, goes on with what is written until
 * that log is closed; rejects with `signal.reason` when `signal` aborts. A reader that lies behind by more than what is
 * kept misses what was dropped.
 */
export async function* logRecords(
  path: string,
  live: ContainerLog | undefined,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let names = [`${path}.1`, path];
  for (;;) {
    const { files, rotations } = await openTogether(names, live);
    try {
      for (const [index, file] of files.entries()) {
        yield* fileRecords(file, index === files.length - 1 ? live : undefined, rotations, signal);
      }
    } finally {
      for (const file of files) await file.close();
    }
    if (live === undefined || live.rotations === rotations) return;
    names = [path];
  }
}

/** Opens those of the files that exist, all of them between the same two rotations. */
async function openTogether(
  names: readonly string[],
  live: ContainerLog | undefined,
): Promise<{ readonly files: readonly FileHandle[]; readonly rotations: number }> {
  for (;;) {
    const rotations = live?.rotations ?? 0;
    const files: FileHandle[] = [];
    for (const name of names) {
      const file = await openIfThere(name);
      if (file !== undefined) files.push(file);
    }
    if (live === undefined || live.rotations === rotations) return { files, rotations };
    for (const file of files) await file.close();
  }
}

/** The records of one file; with `live`, until that is closed or has been rotated away from the file. */
async function* fileRecords(
  file: FileHandle,
  live: ContainerLog | undefined,
  rotations: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  for (;;) {
    signal.throwIfAborted();
    using changes = new Changes(live);
    // Asked before reading: what was written until then is found by the read.
    const isComplete = live === undefined || live.isClosed || live.rotations !== rotations;
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) {
      if (isComplete) return;
      await changes.next(signal);
      continue;
    }
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield bytes.subarray(start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}

/** Whether a log has changed since this was made. */
class Changes implements Disposable {
  readonly #changed = Promise.withResolvers<void>();
  readonly #subscription: Disposable | undefined;

  constructor(live: ContainerLog | undefined) {
    this.#subscription = live?.subscribe(() => this.#changed.resolve());
  }

  async next(signal: AbortSignal): Promise<void> {
    const abort = (): void => this.#changed.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await this.#changed.promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
