import { type Clock, ClusterError, type RequestOptions, type ServerAnswer } from '@rynxs/kernel';
import { CallScope } from './call-scope.js';
import { type ClientMetrics, NO_ANSWER } from './client-metrics.js';
import { errorOfAnswer, errorOfConnection, failure } from './cluster-errors.js';
import type { Credentials, Identity } from './credentials.js';
import { type Answer, Exchange, type Unanswered } from './exchange.js';
import { Slots } from './slots.js';
import type { Subject } from './subject.js';
import type { Lane, Transport, WatchLane } from './transport.js';

const MAX_ANSWER_BYTES = 128 * 1024 * 1024;
const MAX_WAITING = 10_000;
// A server in need may wish for no time at all, again and again: pauses grow from this, whatever it says.
const MIN_PAUSE_MS = 100;
// The name in managedFields of what this client writes is the part before a slash.
const USER_AGENT = 'rynxs';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
export type RequestLane = Exclude<Lane, WatchLane | 'logs'>;

export interface Call {
  readonly method: Method;
  readonly path: string;
  readonly query?: URLSearchParams;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly lane: RequestLane;
  readonly subject: Subject;
  readonly options: RequestOptions;
}

export interface RequesterParts {
  readonly transport: Transport;
  readonly identity: Identity;
  readonly metrics: ClientMetrics;
  readonly clock: Clock;
  /** Path of the API server's address, without a slash at the end. */
  readonly basePath: string;
  readonly maxConnections: number;
  readonly defaultTimeoutMs: number;
}

/** Sends requests: one slot, one deadline and one meaning for every outcome. */
export class Requester {
  readonly #parts: RequesterParts;
  readonly #slots: Readonly<Record<RequestLane, Slots>>;
  readonly #headers = new WeakMap<Credentials, { readonly plain: string[]; readonly json: string[] }>();

  constructor(parts: RequesterParts) {
    this.#parts = parts;
    this.#slots = { requests: new Slots(parts.maxConnections), leases: new Slots(1) };
  }

  /**
   * Resolves to the JSON of a 2xx answer. What the server throttles is sent again when it wishes, as long as the deadline
   * allows; a write only after a 429, which says that it was not looked at. Credentials that were refused are renewed once. Rejects with ClusterError, or with
   * what `beforeSend` threw.
   */
  async send(call: Call): Promise<unknown> {
    return parse(await this.#answer(call), call.subject);
  }

  /** The same, with the time of the answer by the server's clock. */
  async sendForTime(call: Call): Promise<ServerAnswer> {
    const answer = await this.#answer(call);
    return { body: parse(answer, call.subject), serverTime: timeOf(answer) };
  }

  /** Credentials for what does not go through `send`: watches and exec. Rejects with ClusterError. */
  async credentials(subject: Subject, signal: AbortSignal): Promise<Credentials> {
    using scope = new CallScope(this.#parts.clock, signal, this.#parts.defaultTimeoutMs);
    return this.#parts.identity.current() ?? (await this.#renewed(subject, scope));
  }

  async #answer(call: Call): Promise<Answer> {
    const { signal, timeoutMs = this.#parts.defaultTimeoutMs } = call.options;
    if (signal.aborted) throw failure('aborted', call.subject, 'given up before it was sent', signal.reason);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    using scope = new CallScope(this.#parts.clock, signal, timeoutMs);
    return await this.#answerOf(call, body, scope);
  }

  async #answerOf(call: Call, body: string | undefined, scope: CallScope): Promise<Answer> {
    let refused: { readonly credentials: Credentials; readonly error: ClusterError } | undefined;
    for (let minPauseMs = MIN_PAUSE_MS; ; minPauseMs *= 2) {
      const credentials = this.#parts.identity.current() ?? (await this.#renewed(call.subject, scope));
      if (refused !== undefined && isSameProof(refused.credentials, credentials)) throw refused.error;
      if (scope.end !== undefined) throw unsent(scope, call.subject, 'its turn');
      if (!this.#slots[call.lane].tryTake()) await this.#turn(call, scope);
      const answer = await this.#exchange(call, body, credentials, scope);
      if (answer.status >= 200 && answer.status < 300) return answer;
      const isWrite = call.method !== 'GET';
      const error = errorOfAnswer({ ...answer, isWrite }, call.subject, this.#parts.clock.now());
      if (answer.status === 401 && refused === undefined) {
        refused = { credentials, error };
        this.#parts.identity.reject(credentials);
        this.#parts.metrics.repeat(call.method, '401');
        continue;
      }
      const mayRepeat = (!isWrite || answer.status === 429) && error.retryAfterMs !== undefined;
      const pauseMs = Math.max(error.retryAfterMs ?? 0, minPauseMs);
      if (!mayRepeat || pauseMs >= scope.remainingMs) throw error;
      await this.#pause(pauseMs, error, call, scope);
      this.#parts.metrics.repeat(call.method, String(answer.status));
    }
  }

  async #renewed(subject: Subject, scope: CallScope): Promise<Credentials> {
    try {
      return await scope.during(this.#parts.identity.renew());
    } catch (error) {
      if (scope.end !== undefined) throw unsent(scope, subject, 'the credentials of the kubeconfig');
      const detail = error instanceof Error ? error.message : String(error);
      throw failure('unavailable', subject, detail, error);
    }
  }

  /** Waits for a slot. */
  async #turn(call: Call, scope: CallScope): Promise<void> {
    const slots = this.#slots[call.lane];
    if (slots.waiting >= MAX_WAITING) {
      throw failure('unavailable', call.subject, `${slots.waiting} requests are waiting already`);
    }
    await new Promise<void>((resolve, reject) => {
      const leave = slots.wait(resolve);
      scope.onEnd(() => {
        leave();
        reject(unsent(scope, call.subject, 'its turn'));
      });
    });
  }

  #exchange(
    call: Call,
    body: string | undefined,
    credentials: Credentials,
    scope: CallScope,
  ): Promise<Answer> {
    const { clock, metrics, transport } = this.#parts;
    const startedMs = clock.monotonic();
    const seconds = () => (clock.monotonic() - startedMs) / 1000;
    return new Promise((resolve, reject) => {
      const exchange = new Exchange({
        maxAnswerBytes: MAX_ANSWER_BYTES,
        beforeSend: call.options.beforeSend,
        onAnswer: (answer) => {
          metrics.record(call.method, String(answer.status), seconds());
          resolve(answer);
        },
        onUnanswered: (unanswered) => {
          if (unanswered.kind === 'failed') metrics.record(call.method, NO_ANSWER, seconds());
          reject(this.#errorOf(unanswered, call, scope));
        },
        onFreed: () => this.#slots[call.lane].release(),
      });
      // A turn may be given in the very moment in which the call ends.
      scope.onEnd(() => exchange.cancel(new Error('given up')));
      try {
        const headers = this.#headersOf(credentials);
        const request = {
          method: call.method,
          path: this.#path(call, scope),
          headers: body === undefined ? headers.plain : headers.json,
          body: body ?? null,
          // Without this undici gives the connection up after a DELETE with a body.
          reset: false,
        };
        transport.dispatch(call.lane, credentials.tls, request, exchange);
      } catch (error) {
        this.#slots[call.lane].release();
        reject(
          failure('unavailable', call.subject, error instanceof Error ? error.message : String(error), error),
        );
      }
    });
  }

  #errorOf(unanswered: Unanswered, call: Call, scope: CallScope): unknown {
    if (unanswered.kind === 'refused') return unanswered.error;
    if (scope.end === undefined) return errorOfConnection(unanswered.error, call.subject, unanswered.wasSent);
    if (!unanswered.wasSent) return unsent(scope, call.subject, 'a connection');
    const detail = scope.end === 'deadline' ? 'no answer before the deadline' : 'given up before the answer';
    return failure('ambiguous', call.subject, `sent, but ${detail}`, unanswered.error);
  }

  async #pause(ms: number, error: ClusterError, call: Call, scope: CallScope): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = this.#parts.clock.schedule(ms, resolve);
      scope.onEnd((end) => {
        timer[Symbol.dispose]();
        reject(
          end === 'aborted' ? failure('aborted', call.subject, 'given up while throttled', error) : error,
        );
      });
    });
  }

  #path(call: Call, scope: CallScope): string {
    const path = `${this.#parts.basePath}${call.path}`;
    if (call.method === 'GET') return call.query === undefined ? path : `${path}?${call.query}`;
    // The server must give up no later than the caller: what is written after that nobody knows of.
    return `${path}?timeout=${Math.max(1, Math.ceil(scope.remainingMs))}ms`;
  }

  #headersOf(credentials: Credentials): { readonly plain: string[]; readonly json: string[] } {
    let headers = this.#headers.get(credentials);
    if (headers === undefined) {
      const plain = requestHeaders(credentials);
      headers = { plain, json: [...plain, 'content-type', 'application/json'] };
      this.#headers.set(credentials, headers);
    }
    return headers;
  }
}

/** Names and values in turn, for a request without a body. */
export function requestHeaders(credentials: Credentials): string[] {
  return ['accept', 'application/json', 'user-agent', USER_AGENT, ...credentials.headers];
}

function parse(answer: Answer, subject: Subject): unknown {
  try {
    return JSON.parse(answer.body);
  } catch (error) {
    throw failure(
      'ambiguous',
      subject,
      `sent, but the answer is no JSON (${answer.body.length} characters)`,
      error,
    );
  }
}

function timeOf({ date }: Answer): number | undefined {
  const ms = Date.parse(date ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

function unsent(scope: CallScope, subject: Subject, waitingFor: string): ClusterError {
  return scope.end === 'aborted'
    ? failure('aborted', subject, `given up while waiting for ${waitingFor}`, scope.reason)
    : failure('unavailable', subject, `not sent: the deadline passed while waiting for ${waitingFor}`);
}

function isSameProof(a: Credentials, b: Credentials): boolean {
  return a.tls === b.tls && a.headers.join('\n') === b.headers.join('\n');
}
