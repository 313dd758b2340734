import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '@rynxs/kernel';
import type { Dispatcher } from 'undici';
import { errorOfAnswer, errorOfConnection, failure } from './cluster-errors.js';
import type { Subject } from './subject.js';

export interface LogStreamOptions {
  readonly clock: Clock;
  readonly subject: Subject;
  /** How long the answer may take to begin. */
  readonly timeoutMs: number;
  readonly output: NodeJS.WritableStream;
  /** Called with the status of the answer, once. */
  readonly onAnswer: (status: number) => void;
}

const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Hands the log of a container on as it comes; a slow reader holds the server up, and a reader that has gone ends the
 * stream. `ended` resolves when all was handed on, and rejects with ClusterError.
 */
export class LogStream implements Dispatcher.DispatchHandler {
  readonly #options: LogStreamOptions;
  readonly #outcome = Promise.withResolvers<void>();
  readonly #errorBody: Buffer[] = [];
  readonly #timer: Disposable;
  #errorBytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #isHeldUp = false;
  #retryAfter: string | undefined;
  #end: Error | undefined;

  constructor(options: LogStreamOptions) {
    this.#options = options;
    // Whoever awaits the end gets the rejection; a stream that is cancelled before that must not end the process.
    this.#outcome.promise.catch(() => undefined);
    const late = () => this.cancel(failure('unavailable', options.subject, 'no answer before the deadline'));
    this.#timer = options.clock.schedule(options.timeoutMs, late);
  }

  get ended(): Promise<void> {
    return this.#outcome.promise;
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
    this.#timer[Symbol.dispose]();
    this.#status = status;
    this.#retryAfter = headers['retry-after'];
    this.#options.onAnswer(status);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#status === 200) this.#write(controller, chunk);
    else if (this.#errorBytes < MAX_ERROR_BYTES) {
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

  #write(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { output, subject } = this.#options;
    if (!output.writable) {
      this.cancel(failure('aborted', subject, 'nobody reads it any more'));
      return;
    }
    // What was read already comes although the connection is held up.
    if (output.write(chunk) || this.#isHeldUp) return;
    const resume = () => {
      output.off('drain', resume).off('close', resume);
      this.#isHeldUp = false;
      controller.resume();
    };
    this.#isHeldUp = true;
    controller.pause();
    output.on('drain', resume).on('close', resume);
  }

  #answerError(): Error {
    const body = Buffer.concat(this.#errorBody).toString('utf8');
    const answer = { status: this.#status, retryAfter: this.#retryAfter, body, isWrite: false };
    return errorOfAnswer(answer, this.#options.subject, this.#options.clock.now());
  }

  #settle(error: Error | undefined): void {
    this.#timer[Symbol.dispose]();
    if (error === undefined) this.#outcome.resolve();
    else this.#outcome.reject(error);
  }
}
