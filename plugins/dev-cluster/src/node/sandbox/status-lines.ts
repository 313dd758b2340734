import type { Readable } from 'node:stream';
import type { Clock } from '@rynxs/kernel';

/** More than this in one go is no report of ours. */
const MAX_PENDING_BYTES = 65_536;

/** How long after a process's end its last lines may take; a child of it that holds the pipe open is not waited for. */
const LAST_LINES_MS = 500;

/** The lines by which a process that is being set up reports how far it is. */
export class StatusLines {
  readonly #lines: string[] = [];
  #partial = '';
  #ended = false;
  #wake: (() => void) | undefined;
  #lastLines: Disposable | undefined;

  constructor(
    private readonly stream: Readable,
    process: { readonly exited: Promise<unknown> },
    private readonly clock: Clock,
  ) {
    stream.on('data', (chunk: Buffer) => this.#read(chunk.toString('utf8')));
    stream.once('close', () => this.#end());
    // What goes wrong with the stream ends the report; why is told by the process's exit.
    stream.once('error', () => this.#end());
    void process.exited.then(() => {
      if (!this.#ended) this.#lastLines = clock.schedule(LAST_LINES_MS, () => this.close());
    });
  }

  /**
   * The next line; undefined when no more will come. Rejects with `signal.reason` when that aborts, and with a
   * TimeoutError after `timeoutMs`. One call at a time.
   */
  async next(timeoutMs: number, signal?: AbortSignal): Promise<string | undefined> {
    signal?.throwIfAborted();
    const timeout = new AbortController();
    using _timer = this.clock.schedule(timeoutMs, () =>
      timeout.abort(new DOMException(`no answer within ${timeoutMs / 1_000} s`, 'TimeoutError')),
    );
    const either = AbortSignal.any(signal === undefined ? [timeout.signal] : [signal, timeout.signal]);
    while (this.#lines.length === 0 && !this.#ended) {
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => reject(either.reason);
        either.addEventListener('abort', abort, { once: true });
        this.#wake = () => {
          either.removeEventListener('abort', abort);
          resolve();
        };
      });
    }
    return this.#lines.shift();
  }

  /** Stops listening; lines that were read already can still be had. */
  close(): void {
    this.stream.destroy();
    this.#end();
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    this.#lines.push(...lines);
    if (this.#partial.length > MAX_PENDING_BYTES) this.close();
    this.#notify();
  }

  #end(): void {
    this.#ended = true;
    this.#lastLines?.[Symbol.dispose]();
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
