import type { Scheduler } from './scheduler.js';
import type { SimulatedProcess } from './simulated-process.js';

export type Refusal = 'unavailable' | 'throttled' | 'in_progress';

/** One arrival of a request at the server. */
export interface Delivery {
  readonly afterMs: number;
  /** `fails` answers 500 and does nothing, `serves_and_fails` does it and answers 500. */
  readonly server: 'serves' | 'fails' | 'serves_and_fails';
  /** How long the answer takes; undefined when it is lost. */
  readonly answerMs: number | undefined;
}

/** What becomes of a request. The client takes the first answer that reaches it, and waits no longer than its time-out. */
export interface Fate {
  /** Refused, and nothing is done: by the server (409, 503), or because there is no connection. */
  readonly refusedAs?: Refusal;
  readonly deliveries: readonly Delivery[];
  /** The connection breaks so long after sending, whatever becomes of the deliveries. */
  readonly resetMs?: number;
}

export type Answer<T> = { readonly value: T } | { readonly failure: Error };

/** How the client of some server names what went wrong. */
export interface FailureNames {
  /** No answer, or one that says nothing; `answered`: there was one. */
  silence(detail: string, answered: boolean): Error;
  refused(as: Refusal): Error;
}

export interface ExchangeParts {
  readonly scheduler: Scheduler;
  readonly process: SimulatedProcess;
  readonly timeoutMs: number;
  readonly failures: FailureNames;
  /** Called for what happens, in words. */
  readonly trace: (what: string) => void;
}

/** One request across a bad network, and the answer that its process takes for it. */
export class Exchange<T> {
  readonly answer: Promise<T>;
  readonly #parts: ExchangeParts;
  readonly #settle: { resolve: (value: T) => void; reject: (reason: unknown) => void };
  readonly #timeout: Disposable;
  #hasEnded = false;

  constructor(parts: ExchangeParts) {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.answer = promise;
    this.#settle = { resolve, reject };
    this.#parts = parts;
    const { process, timeoutMs, failures } = parts;
    this.#timeout = process.clock.schedule(timeoutMs, () =>
      this.end({ failure: failures.silence(`no answer within ${timeoutMs} ms`, false) }, 'timed out'),
    );
  }

  /** `serve` is called at each arrival, and must have its effect before it waits for anything but the microtask queue. */
  send(fate: Fate, serve: () => Answer<T> | Promise<Answer<T>>): void {
    const { scheduler, failures, trace } = this.#parts;
    trace('sent');
    const { refusedAs, deliveries, resetMs } = fate;
    if (refusedAs !== undefined) this.#answerIn(1, { failure: failures.refused(refusedAs) });
    for (const delivery of deliveries) {
      scheduler.schedule(delivery.afterMs, () => {
        const served = delivery.server === 'fails' ? undefined : serve();
        if (served instanceof Promise) void served.then((answer) => this.#served(delivery, answer));
        else this.#served(delivery, served);
      });
    }
    if (resetMs !== undefined)
      this.#answerIn(resetMs, { failure: failures.silence('connection reset', false) });
  }

  /** Ends the exchange for the process; a second end changes nothing. */
  end(outcome: Answer<T> | { readonly reason: unknown }, how = 'given up'): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timeout[Symbol.dispose]();
    this.#parts.trace(how);
    if ('value' in outcome) this.#settle.resolve(outcome.value);
    else this.#settle.reject('failure' in outcome ? outcome.failure : outcome.reason);
  }

  #served({ server, answerMs }: Delivery, served: Answer<T> | undefined): void {
    const { failures, trace } = this.#parts;
    trace(`arrived: ${server}, ${inWords(served)}`);
    const isAnswered = server === 'serves' && served !== undefined;
    const answer = isAnswered ? served : { failure: failures.silence('500 Internal Error', true) };
    if (answerMs !== undefined) this.#answerIn(answerMs, answer);
  }

  #answerIn(ms: number, answer: Answer<T>): void {
    const { scheduler, process } = this.#parts;
    scheduler.schedule(ms, () => process.deliver(() => this.end(answer, `answered: ${inWords(answer)}`)));
  }
}

function inWords(answer: Answer<unknown> | undefined): string {
  if (answer === undefined) return 'nothing done';
  if ('failure' in answer) return answer.failure.message;
  const { value } = answer;
  if (value === undefined) return 'ok';
  return value instanceof Uint8Array ? `${value.length} bytes` : 'done';
}
