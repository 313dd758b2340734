import type { LogRecord } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import {
  type CacheEvent,
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ResourceCache,
  type ResourceType,
} from '../contracts/cluster.js';
import type { Term } from '../contracts/leadership.js';
import type { Logger } from '../contracts/logger.js';
import type { Random } from '../contracts/random.js';
import { EVERYONE, type Reconciler, type Surroundings } from '../contracts/reconciler.js';
import type { Telemetry } from '../contracts/telemetry.js';
import { RynxsError } from '../errors/rynxs-error.js';
import { Announcer } from './announcer.js';
import { confirmPending } from './confirm.js';
import { ControllerMetrics, type PassOutcome } from './controller-metrics.js';
import type { DecisionBarrier } from './decision-barrier.js';
import type { EventDraft } from './events.js';
import { FirstLook } from './first-look.js';
import { HealthWatch } from './health-watch.js';
import { objectKey, queueKey, queueKeyOf } from './keys.js';
import { ObjectMetrics } from './object-metrics.js';
import { INSTANCE_LABEL, ownerNameOf } from './ownership.js';
import type { Aggregate, Projection } from './projection.js';
import { type PassContext, type PassResult, ReconcilePass } from './reconcile-pass.js';
import { RepeatBackoff } from './repeat-backoff.js';
import { SurroundingsIndex } from './surroundings.js';
import { typesOf } from './types-of.js';
import { type Priority, WorkQueue } from './work-queue.js';

const CONFIRM_TIMEOUT_MS = 10_000;
const LIST_TIMEOUT_MS = 60_000;
const MAX_RETRY_DELAY_MS = 5_000;
/** What others change in a report alone is gathered this long: a thousand changes are not a thousand status writes. */
const REPORT_DELAY_MS = 1_000;
/** A status that somebody else has changed is put right that much later: who insists on it is answered so seldom. */
const FOREIGN_STATUS_DELAY_MS = 10_000;

/** What happens to an object and its children while a pass over it runs: versions, as `uid/resourceVersion`. */
interface RunningPass {
  readonly ownWrites: Set<string>;
  readonly changes: Set<string>;
}

/** Stands among the changes for an end, which is never an own write that would be known by its version. */
const DELETION = 'deleted';

export interface ControllerOptions {
  readonly reconciler: Reconciler;
  readonly cluster: Cluster;
  readonly projection: Projection;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly driftBackoff: RepeatBackoff;
  /** Key of the digests of drifted values. */
  readonly digestKey: string;
  /** How many objects are worked on at a time. */
  readonly workers: number;
  readonly term: Term;
  /** What all controllers of the term append through. */
  readonly barrier: DecisionBarrier;
}

/**
 * Runs one reconciler for one term: turns changes in the caches into keys in a queue, and keys into passes. The rules
 * of a pass are in ReconcilePass.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #logger: Logger;
  readonly #queue: WorkQueue;
  readonly #caches = new Map<string, ResourceCache>();
  readonly #context: PassContext;
  readonly #surroundings = new SurroundingsIndex();
  readonly #passes = new Map<string, RunningPass>();
  readonly #append: (drafts: readonly EventDraft[]) => Promise<readonly LogRecord[]>;
  readonly #firstLook = new FirstLook();
  readonly #metrics: ControllerMetrics;
  readonly #objects: ObjectMetrics;
  readonly #announcer: Announcer;

  constructor(options: ControllerOptions) {
    const { reconciler, cluster, clock, telemetry } = options;
    this.#options = options;
    this.#logger = options.logger.child({ controller: reconciler.name });
    this.#objects = new ObjectMetrics(reconciler.name, telemetry);
    this.#queue = new WorkQueue(reconciler.name, clock, telemetry);
    for (const type of typesOf(reconciler)) this.#caches.set(type.plural, cluster.cache(type));
    this.#append = options.barrier.append;
    this.#announcer = new Announcer({
      ...options,
      logger: this.#logger,
      isIdle: () => this.#passes.size === 0,
    });
    this.#context = {
      ...options,
      logger: this.#logger,
      announcer: this.#announcer,
      append: this.#append,
      factBackoff: new RepeatBackoff(clock),
      failureBackoff: new RepeatBackoff(clock),
      health: new HealthWatch(clock, this.#objects),
      surroundings: this.#surroundings,
      seen: new Map(),
      statusConflicts: new Map(),
      retryNotBefore: new Map(),
      cacheOf: (type) => this.#cache(type),
      assume: (type, object, key) => this.#assume(type, object, key),
      persist: (what, traceId, attempt) => this.#persist(what, traceId, attempt),
      observed: (key) => this.#firstLook.seen(key),
      again: (key, delayMs) => this.#queue.addAfter(key, delayMs),
    };
    this.#metrics = new ControllerMetrics(reconciler.name, options.workers, clock, telemetry);
  }

  /** Of its reconciler. */
  get name(): string {
    return this.#options.reconciler.name;
  }

  /** Resolves when each object is on the record as it was at the start, or when the controller has stopped. */
  get caughtUp(): Promise<void> {
    return this.#firstLook.finished;
  }

  /**
   * Works from when `ready` resolves until `stop` is called or the term ends. Rejects when the term ends before the
   * first pass.
   */
  async run(ready: Promise<unknown>): Promise<void> {
    const { signal } = this.#options.term;
    const close = () => this.#queue.close();
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    try {
      for (const cache of this.#caches.values()) await cache.synced(signal);
      await this.#catchUp();
      await this.#settlePending();
      await ready;
      await this.#serve();
    } finally {
      signal.removeEventListener('abort', close);
      close();
      this.#objects[Symbol.dispose]();
    }
  }

  async #serve(): Promise<void> {
    const subscriptions = this.#subscribe();
    try {
      await Promise.all(Array.from({ length: this.#options.workers }, () => this.#work()));
    } finally {
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
      this.#firstLook.end();
      await this.#announcer.close();
    }
  }

  /** Takes nothing new; `run` resolves when what is under way is finished. */
  stop(): void {
    this.#queue.close();
    this.#announcer.stop();
    this.#firstLook.end();
  }

  /**
   * What the log knows of and the cache does not show is gone, or the cache has not heard of it yet: a watch may hang while
   * the leader of before saw more. Only the server says which; what it has goes into the cache.
   */
  async #catchUp(): Promise<void> {
    const { reconciler, cluster, term, random } = this.#options;
    const cache = this.#cache(reconciler.resource);
    if (!this.#aggregates().some((aggregate) => isBehindTheLog(aggregate, cache))) return;
    await this.#persist(`which ${reconciler.resource.plural} are gone`, random.hex(16), async () => {
      const options = { signal: term.signal, timeoutMs: LIST_TIMEOUT_MS };
      for (const object of await cluster.list(reconciler.resource, options)) cache.assume(object);
    });
  }

  /** Decisions of earlier terms that have no outcome: look what became of them, and record it. */
  async #settlePending(): Promise<void> {
    const { cluster, term, random } = this.#options;
    for (const aggregate of this.#aggregates()) {
      if (aggregate.pending.length === 0) continue;
      const { id: aggregateId } = aggregate;
      const traceId = random.hex(16);
      await this.#persist(`what became of the decisions for ${aggregateId}`, traceId, async () => {
        const found = await confirmPending(aggregate, cluster, term.signal, CONFIRM_TIMEOUT_MS);
        await this.#append(
          found.map((payload) => ({ type: 'ActionUnconfirmed', aggregateId, payload, traceId })),
        );
      });
    }
  }

  #subscribe(): readonly Disposable[] {
    const { reconciler, projection } = this.#options;
    const known = this.#aggregates().map(({ id }) => queueKeyOf(id));
    for (const key of known) this.#queue.add(key, 'resync');
    const listed = [...this.#cache(reconciler.resource).list()].map(({ metadata }) => queueKey(metadata));
    this.#firstLook.begin([...known, ...listed]);
    const subscribe = (type: ResourceType, listener: (event: CacheEvent) => void) =>
      this.#cache(type).subscribe(listener);
    return [
      projection.onAffected((aggregate, isStateChanged) => this.#onAffected(aggregate, isStateChanged)),
      subscribe(reconciler.resource, (event) => this.#onObject(event)),
      ...reconciler.owns.map((type) => subscribe(type, (event) => this.#onChild(event))),
      ...(reconciler.watches ?? []).map((type) => subscribe(type, (event) => this.#onWatched(event))),
      ...(reconciler.surroundings ?? []).map((around) =>
        subscribe(around.resource, (event) => this.#onSurroundings(around, event)),
      ),
    ];
  }

  #onAffected({ id, reconciler }: Aggregate, isStateChanged: boolean): void {
    if (reconciler === this.#options.reconciler)
      this.#queue.addAfter(queueKeyOf(id), isStateChanged ? 0 : REPORT_DELAY_MS);
  }

  #onObject({ type, object, previous }: CacheEvent): void {
    const isStatusOnly =
      type === 'modified' &&
      previous?.metadata.uid === object.metadata.uid &&
      previous?.metadata.generation === object.metadata.generation &&
      previous?.metadata.deletionTimestamp === object.metadata.deletionTimestamp;
    const key = queueKey(object.metadata);
    if (!isStatusOnly) this.#call(key, { type, object }, type === 'added' ? 'new' : 'resync');
    // Own statuses are written by a pass, which runs still.
    else if (this.#passes.get(key)?.ownWrites.has(versionOf(object)) !== true)
      this.#queue.addAfter(key, FOREIGN_STATUS_DELAY_MS);
  }

  /** A change may be that a child does not say any more whose it is: whoever it belonged to before is called too. */
  #onChild(event: CacheEvent): void {
    const key = this.#ownerOf(event.object);
    const before = event.previous === undefined ? undefined : this.#ownerOf(event.previous);
    if (key !== undefined) this.#call(key, event, 'resync');
    if (before !== undefined && before !== key) this.#call(before, event, 'resync');
  }

  /** The queue key of the object that a child belongs to. */
  #ownerOf(child: KubernetesObject): string | undefined {
    const name = ownerNameOf(child, this.#options.reconciler.resource.kind);
    return name === undefined ? undefined : queueKey({ ...child.metadata, name });
  }

  #onSurroundings(around: Surroundings, event: CacheEvent): void {
    const objects = this.#cache(this.#options.reconciler.resource);
    for (const { namespace, name } of this.#surroundings.receive(around, event)) {
      const key = queueKey({ ...(namespace === undefined ? {} : { namespace }), name });
      if (name !== EVERYONE) {
        if (objects.get(objectKey(key)) !== undefined) this.#call(key, event, 'resync');
        continue;
      }
      for (const { metadata } of objects.list())
        if (metadata.namespace === namespace) this.#call(queueKey(metadata), event, 'resync');
    }
  }

  #onWatched(event: CacheEvent): void {
    const { metadata } = event.object;
    const name = metadata.labels?.[INSTANCE_LABEL];
    if (name === undefined) return;
    const key = queueKey({ ...metadata, name });
    const isKnown = this.#cache(this.#options.reconciler.resource).get(objectKey(key)) !== undefined;
    if (isKnown) this.#call(key, event, 'resync');
  }

  /** Calls for a pass. What changes while one runs is judged at its end: own writes call for nothing. */
  #call(key: string, { type, object }: CacheEvent, priority: Priority): void {
    const pass = this.#passes.get(key);
    if (pass === undefined) this.#queue.add(key, priority);
    else pass.changes.add(type === 'deleted' ? DELETION : versionOf(object));
  }

  #assume(type: ResourceType, object: KubernetesObject, key: string): void {
    this.#passes.get(key)?.ownWrites.add(versionOf(object));
    this.#cache(type).assume(object);
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const end = this.#metrics.begin();
      let outcome: PassOutcome | undefined;
      const running: RunningPass = { ownWrites: new Set(), changes: new Set() };
      this.#passes.set(key, running);
      const pass = new ReconcilePass(this.#context, key);
      try {
        const result = await pass.run();
        outcome = result.kind === 'settled' ? 'success' : 'requeue_after';
        this.#finish(key, result);
      } catch (error) {
        if (this.#options.term.signal.aborted) return;
        outcome = 'error';
        this.#retry(key, pass.traceId, error);
      } finally {
        end(outcome);
        this.#logger.debug('a pass has ended', { key, outcome, trace_id: pass.traceId });
        this.#passes.delete(key);
        if ([...running.changes].some((version) => !running.ownWrites.has(version)))
          this.#queue.add(key, 'resync');
        this.#queue.done(key);
        this.#announcer.next();
      }
    }
  }

  #finish(key: string, result: PassResult): void {
    const { retryNotBefore } = this.#context;
    if (result.kind === 'settled') {
      this.#queue.forget(key);
      retryNotBefore.delete(key);
    } else if (result.kind === 'unfinished') {
      const delayMs = this.#queue.addRateLimited(key, result.retryAfterMs);
      retryNotBefore.set(key, this.#options.clock.monotonic() + delayMs);
    } else {
      // The pass was called for by something earlier, and the queue keeps one delay for each key.
      this.#queue.addAfter(key, (retryNotBefore.get(key) ?? 0) - this.#options.clock.monotonic());
    }
  }

  #retry(key: string, traceId: string, error: unknown): void {
    const atLeastMs = error instanceof ClusterError ? (error.retryAfterMs ?? 0) : 0;
    this.#queue.addRateLimited(key, atLeastMs);
    const code = error instanceof RynxsError ? error.code : undefined;
    this.#logger.warn('reconcile failed, will try again', { key, code, trace_id: traceId, error });
  }

  async #persist(what: string, traceId: string, attempt: () => Promise<unknown>): Promise<void> {
    const { clock, term } = this.#options;
    for (let failures = 0; ; failures += 1) {
      try {
        await attempt();
        return;
      } catch (error) {
        if (term.signal.aborted) throw error;
        this.#logger.error(`${what} is not on the record yet, will try again`, { trace_id: traceId, error });
        await clock.sleep(Math.min(MAX_RETRY_DELAY_MS, 50 * 2 ** failures), term.signal);
      }
    }
  }

  /** What the log knows of its reconciler's objects now. */
  #aggregates(): readonly Aggregate[] {
    const { projection, reconciler } = this.#options;
    return [...projection.aggregates()].filter((aggregate) => aggregate.reconciler === reconciler);
  }

  #cache(type: ResourceType): ResourceCache {
    const cache = this.#caches.get(type.plural);
    if (cache === undefined)
      throw new TypeError(`${type.plural} is neither owned nor watched by the reconciler`);
    return cache;
  }
}

/** Whether the cache shows less of an object than was recorded: another one, an earlier spec, or none. */
function isBehindTheLog({ id, observed }: Aggregate, cache: ResourceCache): boolean {
  if (observed === undefined) return false;
  const cached = cache.get(objectKey(queueKeyOf(id)))?.metadata;
  return cached?.uid !== observed.uid || (cached.generation ?? 0) < observed.generation;
}

function versionOf({ metadata }: KubernetesObject): string {
  return `${metadata.uid}/${metadata.resourceVersion}`;
}
