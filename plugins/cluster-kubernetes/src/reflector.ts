import {
  type CacheOptions,
  type Clock,
  ClusterError,
  type KubernetesObject,
  type Logger,
  type Random,
  type ResourceType,
  type Telemetry,
} from '@rynxs/kernel';
import { Backoff } from './backoff.js';
import { type ClientMetrics, NO_ANSWER } from './client-metrics.js';
import { errorOfStatus, failure, type Status } from './cluster-errors.js';
import type { Credentials, Identity } from './credentials.js';
import { listPage, PAGE_SIZE, type Page, selectorQuery } from './list-page.js';
import type { ObjectCache } from './object-cache.js';
import { ReflectorMetrics } from './reflector-metrics.js';
import { type Requester, requestHeaders } from './requester.js';
import { collectionPath, resourceName } from './resource-path.js';
import { isNewer } from './resource-version.js';
import type { SetBacks } from './set-backs.js';
import type { Subject } from './subject.js';
import type { Transport, WatchLane } from './transport.js';
import { type WatchEvent, WatchStream } from './watch-stream.js';

const LIST_TIMEOUT_MS = 60_000;
// Watches of one process should not all end at once; below the API server's minimum of 5 to 10 minutes of its own.
const WATCH_SECONDS_MIN = 280;
const WATCH_SECONDS_SPREAD = 20;
const ANSWER_TIMEOUT_MS = 30_000;
// The API server sends a bookmark about every minute.
const STALE_AFTER_MS = 180_000;
// A watch that ended sooner without any progress counts as a failure, so that it is not opened again in a tight loop.
const SHORT_WATCH_MS = 1000;

// Where nobody listens, or nothing is served, asking costs next to nothing: what comes is found soon.
const MAX_IDLE_DELAY_MS = 5_000;

export interface ReflectorParts {
  readonly requester: Requester;
  readonly transport: Transport;
  readonly identity: Identity;
  readonly metrics: ClientMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly basePath: string;
  readonly server: string;
  readonly setBacks: SetBacks;
}

/**
 * Keeps a cache equal to what the API server has: a complete list in pages, then a watch from its version, resumed from
 * the last version seen when it ends. Only a version that the server has forgotten (410) or lost, a resource that it does
 * not have any more, or a stream that makes no sense leads to a new list. Never gives up; failures wait, growing, with jitter.
 */
export class Reflector {
  readonly #parts: ReflectorParts;
  readonly #cache: ObjectCache;
  readonly #resource: ResourceType;
  readonly #options: CacheOptions;
  readonly #lane: WatchLane;
  readonly #backoff: Backoff;
  readonly #reflectorMetrics: ReflectorMetrics;
  #mustList = true;
  /** A watch ended before its time: the server may be another one now, or in an earlier state. */
  #mustCompare = false;
  /** The server has lost versions which it had: what was written in them is no more. */
  #isSetBack = false;
  #endWatch: (() => void) | undefined;
  #isPaging = true;
  /** Whether the last failure was a forgotten version: a server that forgets at once must not be listed in a loop. */
  #wasGone = false;

  constructor(cache: ObjectCache, lane: WatchLane, parts: ReflectorParts) {
    this.#lane = lane;
    this.#parts = parts;
    this.#cache = cache;
    this.#resource = cache.resource;
    this.#options = cache.options;
    this.#backoff = new Backoff(parts.random);
    this.#reflectorMetrics = new ReflectorMetrics(
      parts.telemetry,
      resourceName(cache.resource),
      () => cache.resourceVersion,
    );
  }

  /** Runs until `signal` aborts; then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    using _metrics = this.#reflectorMetrics;
    using _subscription = this.#parts.setBacks.subscribe(() => this.#onSetBack());
    while (!signal.aborted) {
      try {
        if (this.#mustCompare && !this.#mustList) await this.#compare(signal);
        if (this.#mustList) await this.#list(signal);
        if (await this.#watch(signal)) continue;
        await this.#wait(this.#backoff.next(), signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#wait(this.#delayAfter(error), signal);
      }
    }
  }

  #onSetBack(): void {
    this.#mustList = true;
    this.#isSetBack = true;
    this.#endWatch?.();
  }

  async #list(signal: AbortSignal): Promise<void> {
    const objects = new Map<string, KubernetesObject>();
    const subject = this.#subject('list');
    const startedMs = this.#parts.clock.monotonic();
    let first: string | undefined;
    let next: string | undefined;
    do {
      let page: Page;
      try {
        page = await listPage(this.#parts.requester, subject, this.#resource, this.#options, {
          limit: this.#isPaging ? PAGE_SIZE : 0,
          next,
          options: { signal, timeoutMs: LIST_TIMEOUT_MS },
        });
      } catch (error) {
        // Pages that the server forgets before they are read never complete: ask for everything at once then.
        if (isGone(error)) this.#isPaging = false;
        throw error;
      }
      this.#cache.collect(page.items, objects);
      first ??= page.resourceVersion;
      next = page.next;
    } while (next !== undefined);
    this.#reflectorMetrics.listed(objects.size, this.#secondsSince(startedMs));
    this.#isPaging = true;
    this.#mustList = false;
    this.#mustCompare = false;
    // Should later pages be newer, the watch tells of the difference again, and the cache knows it already.
    this.#cache.replace(objects, first, this.#isSetBack);
    this.#isSetBack = false;
  }

  /**
   * Lists again when the server is behind the cache, as after its store was restored from a backup: a watch from a version
   * of the future would be silent, and end in nothing. A store that has passed the cache's version meanwhile looks like
   * any other; for that, etcd is restored with `--bump-revision --mark-compacted`.
   */
  async #compare(signal: AbortSignal): Promise<void> {
    const { requester, logger, setBacks } = this.#parts;
    const options = { signal, timeoutMs: LIST_TIMEOUT_MS };
    const request = { limit: 1, next: undefined, options };
    // Before it is asked: what is written meanwhile may be newer than the answer.
    const reached = this.#cache.newestVersion;
    const page = await listPage(requester, this.#subject('list'), this.#resource, this.#options, request);
    this.#mustCompare = false;
    if (this.#mustList || !isNewer(reached, page.resourceVersion)) return;
    setBacks.found();
    logger.warn('the API server has gone back to an earlier version, listing again', {
      resource: this.#resource.plural,
      reached,
      server: page.resourceVersion,
    });
  }

  /**
   * One watch, until it ends. Resolves to whether the next may follow at once: when this one lasted or brought something.
   * Rejects when it failed without that.
   */
  async #watch(signal: AbortSignal): Promise<boolean> {
    const { clock, identity, metrics, requester, transport } = this.#parts;
    const subject = this.#subject('watch');
    const credentials = await requester.credentials(subject, signal);
    const startedFrom = this.#cache.resourceVersion;
    const startedMs = clock.monotonic();
    const seconds = this.#watchSeconds();
    let answeredMs: number | undefined;
    let items = 0;
    const stream = new WatchStream({
      clock,
      subject,
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      staleAfterMs: STALE_AFTER_MS,
      onEvent: (event) => {
        items += 1;
        this.#onEvent(event, subject);
      },
      isKnown: (line) => {
        const isEcho = this.#cache.isEcho(line);
        if (isEcho) items += 1;
        return isEcho;
      },
      onAnswer: (status) => {
        metrics.record('GET', String(status), this.#secondsSince(startedMs));
        answeredMs = clock.monotonic();
        if (status === 401) identity.reject(credentials);
      },
    });
    const stop = () => stream.cancel(failure('aborted', subject, 'the client was closed'));
    this.#endWatch = () => stream.cancel(failure('gone', subject, 'the server was set back'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    let failed: unknown;
    try {
      transport.dispatch(this.#lane, credentials.tls, this.#watchRequest(credentials, seconds), stream);
      await stream.ended;
    } catch (error) {
      stream.cancel(error instanceof Error ? error : new Error(String(error)));
      if (answeredMs === undefined) metrics.record('GET', NO_ANSWER, this.#secondsSince(startedMs));
      failed = error;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#endWatch = undefined;
    }
    if (stream.isGarbled) this.#mustList = true;
    const lastedSeconds = this.#secondsSince(startedMs);
    this.#mustCompare = failed !== undefined || lastedSeconds < seconds - 1;
    this.#reflectorMetrics.watched(items, lastedSeconds);
    const isProductive =
      this.#cache.resourceVersion !== startedFrom ||
      (answeredMs !== undefined && clock.monotonic() - answeredMs >= SHORT_WATCH_MS);
    if (isProductive) {
      this.#backoff.reset();
      this.#wasGone = false;
    }
    const mayFollow = isProductive && !isGone(failed);
    if (failed === undefined || mayFollow) {
      this.#parts.logger.debug('watch ended', { resource: this.#resource.plural, error: failed });
      return isProductive;
    }
    throw failed;
  }

  #onEvent({ type, object }: WatchEvent, subject: Subject): void {
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
        this.#cache.apply(type, object);
        return;
      case 'BOOKMARK':
        this.#cache.reached(object.metadata.resourceVersion);
        return;
      case 'ERROR':
        // The object is a Status, not an object of the resource.
        throw errorOfStatus(object as Status, subject, this.#parts.clock.now());
    }
  }

  /** How long to wait before the next try. */
  #delayAfter(error: unknown): number {
    const { logger } = this.#parts;
    const resource = this.#resource.plural;
    if (isGone(error)) {
      this.#mustList = true;
      const isFirst = !this.#wasGone;
      this.#wasGone = true;
      logger.info('the watched version is no longer kept, listing again', { resource });
      if (isFirst) return 0;
    }
    // What comes again is not what was there before, and its history may not tell the difference.
    if (isMissing(error)) this.#mustList = true;
    const retryAfterMs = error instanceof ClusterError ? (error.retryAfterMs ?? 0) : 0;
    const maxMs = isUnreachable(error) || isMissing(error) ? MAX_IDLE_DELAY_MS : undefined;
    const delayMs = Math.max(this.#backoff.next(maxMs), retryAfterMs);
    logger.warn('list or watch failed, will try again', { resource, delayMs: Math.round(delayMs), error });
    return delayMs;
  }

  #watchRequest(credentials: Credentials, seconds: number) {
    const { basePath } = this.#parts;
    const query = selectorQuery(this.#options);
    query.set('watch', 'true');
    query.set('allowWatchBookmarks', 'true');
    query.set('resourceVersion', this.#cache.resourceVersion ?? '');
    query.set('timeoutSeconds', String(seconds));
    const path = `${basePath}${collectionPath(this.#resource, this.#options.namespace)}?${query}`;
    return { method: 'GET', path, headers: requestHeaders(credentials) } as const;
  }

  #watchSeconds(): number {
    return WATCH_SECONDS_MIN + Math.floor(this.#parts.random.next() * WATCH_SECONDS_SPREAD);
  }

  #secondsSince(monotonicMs: number): number {
    return (this.#parts.clock.monotonic() - monotonicMs) / 1000;
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    try {
      if (ms > 0) await this.#parts.clock.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #subject(verb: string): Subject {
    return { verb, resource: resourceName(this.#resource), server: this.#parts.server };
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ClusterError && error.reason === 'gone';
}

/** Whether the server does not have the resource: its definition is not installed, or not any more. */
function isMissing(error: unknown): boolean {
  return error instanceof ClusterError && error.reason === 'missing';
}

/** Whether nobody has answered, and nothing was sent. */
function isUnreachable(error: unknown): boolean {
  return error instanceof ClusterError && error.reason === 'unavailable' && error.status === undefined;
}
