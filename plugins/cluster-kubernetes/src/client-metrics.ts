import type { Counter, Histogram, Telemetry } from '@rynxs/kernel';

/** What is counted when no answer came; the value that client-go uses. */
export const NO_ANSWER = '<error>';

const EXPECTED: readonly (readonly [method: string, code: string])[] = [
  ['GET', '200'],
  ['POST', '201'],
  ['PUT', '200'],
  ['DELETE', '200'],
  ['GET', NO_ANSWER],
  ['POST', NO_ANSWER],
  ['PUT', NO_ANSWER],
  ['DELETE', NO_ANSWER],
];

/** Metrics of requests to one API server, with the names and labels that client-go and controller-runtime use. */
export class ClientMetrics {
  readonly #host: string;
  readonly #total: Counter;
  readonly #seconds: Histogram;
  readonly #retries: Counter;
  // Labels are the same few objects again and again: made once, not per request.
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();
  readonly #verbs = new Map<string, Readonly<Record<string, string>>>();

  constructor(telemetry: Telemetry, host: string) {
    this.#host = host;
    this.#total = telemetry.counter({
      name: 'rest_client_requests_total',
      help: 'Requests to the API server, by HTTP status, method and host',
      labels: ['code', 'method', 'host'],
    });
    this.#seconds = telemetry.histogram({
      name: 'rest_client_request_duration_seconds',
      help: 'Time from sending a request to the API server to the end of its answer',
      labels: ['verb', 'host'],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
    });
    this.#retries = telemetry.counter({
      name: 'rest_client_request_retries_total',
      help: 'Requests that were sent again: throttled ones, and those with credentials that were refused',
      labels: ['code', 'verb', 'host'],
      initial: ['401', '429', '503'].map((code) => ({ code, verb: 'GET', host })),
    });
    for (const [method, code] of EXPECTED) this.#total.add(this.#labelsOf(method, code), 0);
  }

  record(method: string, code: string, seconds: number): void {
    this.#total.add(this.#labelsOf(method, code));
    let verb = this.#verbs.get(method);
    if (verb === undefined) {
      verb = { verb: method, host: this.#host };
      this.#verbs.set(method, verb);
    }
    this.#seconds.observe(seconds, verb);
  }

  repeat(method: string, code: string): void {
    this.#retries.add({ code, verb: method, host: this.#host });
  }

  #labelsOf(method: string, code: string): Readonly<Record<string, string>> {
    const key = `${method} ${code}`;
    let labels = this.#labels.get(key);
    if (labels === undefined) {
      labels = { code, method, host: this.#host };
      this.#labels.set(key, labels);
    }
    return labels;
  }
}
