import { join } from 'node:path';
import type { Logger } from '@rynxs/kernel';
import { compressedName, plainName } from './file-names.js';
import {
  type FileSystem,
  type OpenFile,
  readRange,
  syncDirectory,
  unlinkIfThere,
  withFile,
  writeAll,
} from './file-system.js';
import { listSegments, type Segment } from './segments.js';
import { settleAll } from './settle-all.js';
import { FileStoreError } from './store-error.js';
import { compressed, decompressed, NotDecompressible } from './zstd.js';

/**
 * Compresses full segments beside the appends, one after the other. A plain file is removed when its compressed one is
 * durable and was compared with it, so the end of the process at any call leaves at least one of them whole.
 * A failure is told and leaves the plain file, which readers read; the next call of `start` tries again.
 */
export class SegmentCompressor {
  readonly #files: FileSystem;
  readonly #directory: string;
  readonly #logger: Logger | undefined;
  readonly #closing = new AbortController();
  /** Segments whose two files differ: told once. */
  readonly #differing = new Set<number>();
  #beforeSeq = 0;
  #isAsked = false;
  #running: Promise<void> | undefined;

  constructor(files: FileSystem, directory: string, logger: Logger | undefined) {
    this.#files = files;
    this.#directory = directory;
    this.#logger = logger;
  }

  /** Compresses all plain segments that begin before this number. Returns at once. */
  start(beforeSeq: number): void {
    this.#beforeSeq = beforeSeq;
    this.#isAsked = true;
    this.#running ??= this.#run();
  }

  /** Gives up what is under way, and waits for that. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAsked) {
        this.#isAsked = false;
        for (let next = await this.#next(-1); next !== undefined; next = await this.#next(next.firstSeq)) {
          await this.#compress(next);
        }
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#report(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #next(afterSeq: number): Promise<Segment | undefined> {
    this.#closing.signal.throwIfAborted();
    const segments = await listSegments(this.#files, this.#directory);
    return segments.find(
      ({ firstSeq, isPlain }) =>
        isPlain && firstSeq > afterSeq && firstSeq < this.#beforeSeq && !this.#differing.has(firstSeq),
    );
  }

  async #compress({ firstSeq, isCompressed }: Segment): Promise<void> {
    const files = this.#files;
    const plainPath = join(this.#directory, plainName(firstSeq));
    const path = join(this.#directory, compressedName(firstSeq));
    if (!isCompressed) {
      await withFile(files, plainPath, 'r', (plain) => this.#write(plain, path));
    }
    await syncDirectory(files, this.#directory);
    const isSame = await withFile(files, plainPath, 'r', (plain) =>
      withFile(files, path, 'r', (packed) => hasContent(packed, plain, this.#closing.signal)),
    );
    if (isSame) {
      await files.unlink(plainPath);
      return;
    }
    this.#differing.add(firstSeq);
    this.#report(
      new FileStoreError(
        'damaged',
        `${path} does not hold what ${plainPath} does; both are kept, the latter is read`,
      ),
    );
  }

  async #write(plain: OpenFile, path: string): Promise<void> {
    const aside = `${path}.tmp`;
    try {
      await withFile(this.#files, aside, 'w', async (file) => {
        let at = 0;
        for await (const chunk of compressed(plain)) {
          this.#closing.signal.throwIfAborted();
          await writeAll(file, chunk, at);
          at += chunk.length;
        }
        await file.sync();
      });
      await this.#files.rename(aside, path);
    } catch (error) {
      await settleAll([unlinkIfThere(this.#files, aside)], error);
      throw error;
    }
  }

  #report(error: unknown): void {
    this.#logger?.error('A full segment of the log was not compressed; it is kept as it is', { error });
  }
}

/** Whether a compressed file holds exactly what the other one does. */
async function hasContent(packed: OpenFile, plain: OpenFile, signal: AbortSignal): Promise<boolean> {
  let at = 0;
  try {
    for await (const chunk of decompressed(packed)) {
      signal.throwIfAborted();
      if (!chunk.equals(await readRange(plain, at, at + chunk.length))) return false;
      at += chunk.length;
    }
  } catch (error) {
    if (error instanceof NotDecompressible) return false;
    throw error;
  }
  return at === (await plain.stat()).size;
}
