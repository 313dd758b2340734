import type { CacheEvent, CacheOptions, ResourceCache, ResourceType } from '@rynxs/kernel';
import { MemoryCache } from '@rynxs/kernel/testing';
import type { Scheduler } from '../sim/scheduler.js';
import type { SimulatedProcess } from '../sim/simulated-process.js';

export interface WatchParts {
  readonly scheduler: Scheduler;
  readonly process: SimulatedProcess;
  /** How long a message takes; undefined when nothing gets through at present. */
  readonly delayMs: () => number | undefined;
}

/** How long a watch that is cut off waits before it is tried again. */
const RETRY_MS = 500;

/** A cache of one process: everything that the server's own cache learns, in order, as late as the network has it. */
export class WatchedCache extends MemoryCache {
  override hasSynced = false;
  readonly #parts: WatchParts;
  readonly #options: CacheOptions;
  readonly #underWay: CacheEvent[] = [];
  readonly #firstList = Promise.withResolvers<void>();

  constructor(resource: ResourceType, options: CacheOptions, server: ResourceCache, parts: WatchParts) {
    super(resource, new Map());
    this.#options = options;
    this.#parts = parts;
    const subscription = server.subscribe((event) => {
      if (parts.process.isDead) queueMicrotask(() => subscription[Symbol.dispose]());
      else this.#send(event);
    });
    if (this.#underWay.length === 0) this.#deliverLater();
  }

  override async synced(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#firstList.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #send(event: CacheEvent): void {
    const { namespace, fieldSelector } = this.#options;
    const { metadata } = event.object;
    if (namespace !== undefined && metadata.namespace !== namespace) return;
    if (fieldSelector !== undefined && fieldSelector !== `metadata.name=${metadata.name}`) return;
    this.#underWay.push(event);
    if (this.#underWay.length === 1) this.#deliverLater();
  }

  #deliverLater(): void {
    const { scheduler, process, delayMs } = this.#parts;
    scheduler.schedule(delayMs() ?? RETRY_MS, () => {
      if (delayMs() === undefined) this.#deliverLater();
      else process.deliver(() => this.#deliver());
    });
  }

  #deliver(): void {
    this.hasSynced = true;
    this.#firstList.resolve();
    for (const event of this.#underWay.splice(0)) this.receive(event);
  }
}
