import type { IncomingHttpHeaders } from 'node:http';
import { type Clock, ClusterError, type KubernetesObject } from '@rynxs/kernel';
import type { Dispatcher } from 'undici';
import { errorOfAnswer, errorOfConnection, failure } from './cluster-errors.js';
import { JsonLines } from './json-lines.js';
import type { Subject } from './subject.js';

/** One line of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubernetesObject;
}

export interface WatchStreamOptions {
  readonly clock: Clock;
  readonly subject: Subject;
  /** API servers answer at once, before there is anything to tell: after so long without an answer none will come. */
  readonly answerTimeoutMs: number;
  /** Silence for so long after the answer, bookmarks included, means that the connection is dead. */
  readonly staleAfterMs: number;
  /** May throw ClusterError, which ends the stream with it. */
  readonly onEvent: (event: WatchEvent) => void;
  /** Whether a line tells only what is known, so that it need not be parsed. */
  readonly isKnown: (line: Buffer) => boolean;
  /** Called with the status of the answer, once. */
  readonly onAnswer: (status: number) => void;
}

// etcd refuses objects over 1.5 MB by default; with both versions of a conversion a line stays far below this.
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Reads one watch request. `ended` resolves when the server ends the stream, and rejects with ClusterError when it
 * answers with an error, goes silent, is cut, sends what is no watch event, or `cancel` is called.
 */
export class WatchStream implements Dispatcher.DispatchHandler {
  readonly #options: WatchStreamOptions;
  readonly #lines: JsonLines;
  readonly #outcome = Promise.withResolvers<void>();
  readonly #errorBody: Buffer[] = [];
  #errorBytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  #end: Error | undefined;
  #isGarbled = false;
  #lastByteMs: number;
  #timer: Disposable;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
    const onLine = (line: unknown) => options.onEvent(asWatchEvent(line));
    this.#lines = new JsonLines(onLine, MAX_LINE_BYTES, options.isKnown);
    // Whoever awaits the end gets the rejection; a stream that is cancelled before that must not end the process.
    this.#outcome.promise.catch(() => undefined);
    this.#lastByteMs = options.clock.monotonic();
    this.#timer = options.clock.schedule(options.answerTimeoutMs, () => this.#checkSilence());
  }

  get ended(): Promise<void> {
    return this.#outcome.promise;
  }

  /** Whether it ended because of a line that cannot be read: then nothing is known of what was in it. */
  get isGarbled(): boolean {
    return this.#isGarbled;
  }

  cancel(error: Error): void {
    this.#end ??= error;
    this.#controller?.abort(error);
    this.#settle(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#end !== undefined) throw this.#end;
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status;
    this.#retryAfter = headers['retry-after'];
    this.#lastByteMs = this.#options.clock.monotonic();
    this.#options.onAnswer(status);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#lastByteMs = this.#options.clock.monotonic();
    if (this.#status === 200) {
      this.#push(chunk);
    } else if (this.#errorBytes < MAX_ERROR_BYTES) {
      this.#errorBody.push(chunk);
      this.#errorBytes += chunk.length;
    }
  }

  onResponseEnd(): void {
    this.#settle(this.#status === 200 ? undefined : this.#answerError());
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle(
      this.#end ?? errorOfConnection(error, this.#options.subject, this.#controller !== undefined),
    );
  }

  /** After an error event, or a line that cannot be read, the stream is over. */
  #push(chunk: Buffer): void {
    if (this.#end !== undefined) return;
    try {
      this.#lines.push(chunk);
    } catch (error) {
      if (error instanceof ClusterError) {
        this.cancel(error);
        return;
      }
      this.#isGarbled = true;
      const detail = error instanceof Error ? error.message : String(error);
      this.cancel(failure('unavailable', this.#options.subject, `not a watch event: ${detail}`, error));
    }
  }

  #answerError(): Error {
    const body = Buffer.concat(this.#errorBody).toString('utf8');
    const answer = { status: this.#status, retryAfter: this.#retryAfter, body, isWrite: false };
    return errorOfAnswer(answer, this.#options.subject, this.#options.clock.now());
  }

  #checkSilence(): void {
    const { clock, answerTimeoutMs, staleAfterMs, subject } = this.#options;
    const isAnswered = this.#status !== 0;
    const allowedMs = isAnswered ? staleAfterMs : answerTimeoutMs;
    const leftMs = this.#lastByteMs + allowedMs - clock.monotonic();
    if (leftMs > 0) {
      this.#timer = clock.schedule(leftMs, () => this.#checkSilence());
      return;
    }
    const what = isAnswered ? 'silent for' : 'not answered within';
    this.cancel(failure('unavailable', subject, `${what} ${Math.round(allowedMs / 1000)} s`));
  }

  #settle(error: Error | undefined): void {
    this.#timer[Symbol.dispose]();
    if (error === undefined) this.#outcome.resolve();
    else this.#outcome.reject(error);
  }
}

function asWatchEvent(line: unknown): WatchEvent {
  const event = line as Partial<WatchEvent> | null;
  const isEvent =
    typeof event?.type === 'string' && typeof event.object === 'object' && event.object !== null;
  if (!isEvent) throw new TypeError('type or object is missing');
  return event as WatchEvent;
}
