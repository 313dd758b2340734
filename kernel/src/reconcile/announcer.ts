import type { Clock } from '../contracts/clock.js';
import type { Cluster, KubernetesObject, ResourceType } from '../contracts/cluster.js';
import type { Term } from '../contracts/leadership.js';
import type { Logger } from '../contracts/logger.js';
import { writeOptions } from './write-options.js';

const EVENTS: ResourceType = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };
/** Between two Events while passes run. */
const BUSY_PAUSE_MS = 100;
/** How many are sent at a time while none runs. */
const IDLE_CONCURRENCY = 4;
const MAX_WAITING = 10_000;

export interface AnnouncerOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly term: Term;
  /** Whether no pass runs. */
  readonly isIdle: () => boolean;
}

interface Announcement {
  readonly event: KubernetesObject;
  readonly traceId: string;
}

/**
 * Sends Kubernetes Events, a few at a time. They give way to what they tell of: while passes run, an API server with much to
 * do gets ten in a second. An Event that cannot be written is logged and lost, as are those that wait when the
 * term ends: the record of what happened is the log.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  #waiting: Announcement[] = [];
  #dropped = 0;
  readonly #underWay = new Set<Promise<void>>();
  #isStopped = false;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #timer: Disposable | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  add(event: KubernetesObject, traceId: string): void {
    if (this.#waiting.length >= MAX_WAITING) this.#dropped += 1;
    else this.#waiting.push({ event, traceId });
    this.next();
  }

  /** Sends what it is time for: called when a pass has ended. */
  next(): void {
    const { clock, isIdle, term } = this.#options;
    while (this.#waiting.length > 0 && !this.#isStopped && !term.signal.aborted) {
      const pauseMs = isIdle() ? 0 : this.#lastSentAt + BUSY_PAUSE_MS - clock.monotonic();
      if (pauseMs > 0) {
        this.#timer ??= clock.schedule(pauseMs, () => this.#onTime());
        return;
      }
      if (this.#underWay.size >= (isIdle() ? IDLE_CONCURRENCY : 1)) return;
      this.#begin();
    }
  }

  /** Nothing more is sent: who waits to lead would have to wait for its answer. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
  }

  /** Stops; resolves when what was sent is answered, as one that is given up counts as under way until its time-out is over. */
  async close(): Promise<void> {
    this.stop();
    const lost = this.#waiting.length + this.#dropped;
    this.#waiting = [];
    if (lost > 0) this.#options.logger.info('Kubernetes Events were not written', { count: lost });
    await Promise.all(this.#underWay);
  }

  #onTime(): void {
    this.#timer = undefined;
    this.next();
  }

  #begin(): void {
    const announcement = this.#waiting.shift();
    if (announcement === undefined) return;
    this.#lastSentAt = this.#options.clock.monotonic();
    const sending = this.#send(announcement).then(() => {
      this.#underWay.delete(sending);
      this.next();
    });
    this.#underWay.add(sending);
  }

  async #send({ event, traceId }: Announcement): Promise<void> {
    const { cluster, logger, term } = this.#options;
    try {
      await cluster.create(EVENTS, event, writeOptions(term));
    } catch (error) {
      if (!term.signal.aborted)
        logger.warn('a Kubernetes Event was not written', { reason: event.reason, trace_id: traceId, error });
    }
  }
}
