import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** An answer, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** When the server made it, by its clock (RFC 9110, 6.6.1). */
  readonly date: string | undefined;
  readonly body: string;
}

/** How a request failed to get an answer. */
export type Unanswered =
  /** `beforeSend` threw; nothing was sent. */
  | { readonly kind: 'refused'; readonly error: unknown }
  /** `wasSent`: the server may have seen it. */
  | { readonly kind: 'failed'; readonly wasSent: boolean; readonly error: unknown };

export interface ExchangeOptions {
  readonly maxAnswerBytes: number;
  readonly beforeSend: (() => void) | undefined;
  readonly onAnswer: (answer: Answer) => void;
  readonly onUnanswered: (unanswered: Unanswered) => void;
  /** The connection is free again. Called once; may be later than the outcome. */
  readonly onFreed: () => void;
}

/** One request and its answer on a connection. Reports one outcome. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #wasSent = false;
  #isSettled = false;
  #status = 0;
  #retryAfter: string | undefined;
  #date: string | undefined;
  #bytes = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Gives up. What has not been sent yet will not be. */
  cancel(error: Error): void {
    this.#fail({ kind: 'failed', wasSent: this.#wasSent, error });
    this.#controller?.abort(error);
  }

  /** The last moment before bytes are sent, with a connection at hand. A throw makes undici drop the request. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) throw new Error('given up before it was sent');
    try {
      this.#options.beforeSend?.();
    } catch (error) {
      this.#fail({ kind: 'refused', error });
      throw error;
    }
    this.#controller = controller;
    this.#wasSent = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status;
    this.#retryAfter = headers['retry-after'];
    this.#date = headers.date;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxAnswerBytes) {
      controller.abort(new RangeError(`the answer is longer than ${this.#options.maxAnswerBytes} bytes`));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#options.onFreed();
    if (this.#isSettled) return;
    this.#isSettled = true;
    const [first] = this.#chunks;
    const whole = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#options.onAnswer({
      status: this.#status,
      retryAfter: this.#retryAfter,
      date: this.#date,
      body: whole.toString('utf8'),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#options.onFreed();
    this.#fail({ kind: 'failed', wasSent: this.#wasSent, error });
  }

  #fail(unanswered: Unanswered): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#options.onUnanswered(unanswered);
  }
}
