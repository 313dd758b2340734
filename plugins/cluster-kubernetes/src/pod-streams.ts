import {
  type Clock,
  ClusterError,
  type ExecOptions,
  type LogOptions,
  type ObjectKey,
  type ResourceType,
} from '@rynxs/kernel';
import { type ClientMetrics, NO_ANSWER } from './client-metrics.js';
import { failure } from './cluster-errors.js';
import type { Connector } from './connector.js';
import type { Credentials, Identity } from './credentials.js';
import { execInPod } from './exec.js';
import { LogStream } from './log-stream.js';
import { type Requester, requestHeaders } from './requester.js';
import { objectName, objectPath, resourceName } from './resource-path.js';
import type { Subject } from './subject.js';
import type { Transport } from './transport.js';

const PODS: ResourceType = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

export interface PodStreamsParts {
  readonly requester: Requester;
  readonly transport: Transport;
  readonly connector: Connector;
  readonly identity: Identity;
  readonly metrics: ClientMetrics;
  readonly clock: Clock;
  /** Path of the API server's address, without a slash at the end. */
  readonly basePath: string;
  /** URL of the API server. */
  readonly server: string;
  readonly timeoutMs: number;
  /** Aborts when the client is closed; that ends all streams. */
  readonly closing: AbortSignal;
}

/** What streams from and to pods: commands and logs. Each has a connection of its own. */
export class PodStreams {
  readonly #parts: PodStreamsParts;

  constructor(parts: PodStreamsParts) {
    this.#parts = parts;
  }

  async exec(pod: ObjectKey, options: ExecOptions): Promise<number> {
    const { server, connector, clock } = this.#parts;
    const url = new URL(`${server}${objectPath(PODS, pod)}/exec`);
    const subject = this.#subject('exec into', pod);
    return this.#run(subject, options.signal, (credentials, signal) =>
      execInPod(url, { ...options, signal }, credentials, connector, subject, clock),
    );
  }

  async logs(pod: ObjectKey, options: LogOptions): Promise<void> {
    const subject = this.#subject('read the log of', pod);
    return this.#run(subject, options.signal, (credentials, signal) =>
      this.#stream(pod, options, credentials, subject, signal),
    );
  }

  async #run<T>(
    subject: Subject,
    wanted: AbortSignal,
    work: (credentials: Credentials, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { identity, requester, closing } = this.#parts;
    const signal = AbortSignal.any([wanted, closing]);
    const credentials = await requester.credentials(subject, signal);
    try {
      return await work(credentials, signal);
    } catch (error) {
      if (error instanceof ClusterError && error.status === 401) identity.reject(credentials);
      throw error;
    }
  }

  async #stream(
    pod: ObjectKey,
    options: LogOptions,
    credentials: Credentials,
    subject: Subject,
    signal: AbortSignal,
  ): Promise<void> {
    const { basePath, clock, metrics, timeoutMs, transport } = this.#parts;
    const startedMs = clock.monotonic();
    const count = (code: string) => metrics.record('GET', code, (clock.monotonic() - startedMs) / 1000);
    let isAnswered = false;
    const onAnswer = (status: number) => {
      isAnswered = true;
      count(String(status));
    };
    const stream = new LogStream({ clock, subject, timeoutMs, output: options.output, onAnswer });
    const stop = () => stream.cancel(failure('aborted', subject, 'given up', signal.reason));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const path = `${basePath}${objectPath(PODS, pod)}/log?${queryOf(options)}`;
    try {
      const request = { method: 'GET', path, headers: requestHeaders(credentials) } as const;
      transport.dispatch('logs', credentials.tls, request, stream);
      await stream.ended;
    } catch (error) {
      if (!isAnswered && !signal.aborted) count(NO_ANSWER);
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #subject(verb: string, pod: ObjectKey): Subject {
    return { verb, resource: resourceName(PODS), object: objectName(pod), server: this.#parts.server };
  }
}

function queryOf({ container, follow, previous, tailLines, since }: LogOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (container !== undefined) query.set('container', container);
  if (follow === true) query.set('follow', 'true');
  if (previous === true) query.set('previous', 'true');
  if (tailLines !== undefined) query.set('tailLines', String(tailLines));
  if (since !== undefined) query.set('sinceTime', since.toISOString());
  return query;
}
