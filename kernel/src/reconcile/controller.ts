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
import type { Reconciler, Report } from '../contracts/reconciler.js';
import type { Telemetry } from '../contracts/telemetry.js';
import { RynxsError } from '../errors/rynxs-error.js';
import { confirmPending } from './confirm.js';
import { actionChild, describeDecision, outcomeDraft } from './decision.js';
import type { DriftBackoff } from './drift-backoff.js';
import type { DeadlineReached, DriftObserved, EventDraft, ObjectDeleted } from './events.js';
import { type ActionOutcome, type ExecuteContext, execute } from './execute.js';
import { HealthWatch } from './health-watch.js';
import { aggregateId, objectKey, queueKey, queueKeyOf } from './keys.js';
import { observeDrift, observeObject } from './observe.js';
import type { Aggregate, Projection } from './projection.js';
import { announce, writeStatus } from './report.js';
import { WorkQueue } from './work-queue.js';

/** Label by which objects that are only looked at (pods) are matched to the object that they belong to. */
export const INSTANCE_LABEL = 'app.kubernetes.io/instance';

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_RETRY_DELAY_MS = 5_000;
const NOT_ATTEMPTED: ActionOutcome = {
  kind: 'failed',
  reason: 'NotAttempted',
  message: 'an earlier action of the same decision failed',
  permanent: false,
  ambiguous: false,
};

/** Appends to the log of the running term; resolves when durable. */
export type Append = (drafts: readonly EventDraft[]) => Promise<readonly LogRecord[]>;

export interface ControllerOptions {
  readonly reconciler: Reconciler;
  readonly cluster: Cluster;
  readonly projection: Projection;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly driftBackoff: DriftBackoff;
  /** Key of the digests of drifted values. */
  readonly digestKey: string;
  /** How many objects are worked on at a time. */
  readonly workers: number;
}

/**
 * Runs one reconciler for one term: observe, record, decide, record, act, record, report. Every step that the next one
 * builds on is durable before it; see docs/ARCHITECTURE.md.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #term: Term;
  readonly #append: Append;
  readonly #queue: WorkQueue;
  readonly #health: HealthWatch;
  readonly #caches = new Map<string, ResourceCache>();
  readonly #subscriptions: Disposable[] = [];
  /** Uids of objects that were there in this term: their deletion was watched. */
  readonly #seen = new Set<string>();
  /** The status that was written last, by uid, as JSON. */
  readonly #writtenStatus = new Map<string, string>();
  readonly #seconds;
  readonly #results;

  constructor(options: ControllerOptions, term: Term, append: Append) {
    const { reconciler, cluster, clock, telemetry } = options;
    this.#options = options;
    this.#term = term;
    this.#append = append;
    this.#queue = new WorkQueue(reconciler.name, clock, telemetry);
    this.#health = new HealthWatch(clock);
    for (const type of [reconciler.resource, ...reconciler.owns, ...(reconciler.watches ?? [])]) {
      this.#caches.set(type.plural, cluster.cache(type));
    }
    this.#seconds = telemetry.histogram({
      name: 'rynxs_reconcile_duration_seconds',
      help: 'Time for one pass over one object',
      labels: ['reconciler'],
      initial: [{ reconciler: reconciler.name }],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10],
    });
    this.#results = telemetry.counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Passes over objects, by result',
      labels: ['controller', 'result'],
      initial: ['success', 'error', 'requeue_after'].map((result) => ({
        controller: reconciler.name,
        result,
      })),
    });
  }

  /** Works until the queue is closed by `stop` or the term ends. Rejects when the log can no longer be written. */
  async run(): Promise<void> {
    const { signal } = this.#term;
    for (const cache of this.#caches.values()) await cache.synced(signal);
    await this.#settlePending();
    this.#subscribe();
    const close = () => this.#queue.close();
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#work()));
  }

  /** Takes nothing new; `run` resolves when what is under way is finished. */
  stop(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
    this.#queue.close();
  }

  /** Decisions of earlier terms that have no outcome: look what became of them, and record it. */
  async #settlePending(): Promise<void> {
    const { projection, reconciler, cluster } = this.#options;
    for (const aggregate of [...projection.aggregates()]) {
      if (aggregate.reconciler !== reconciler || aggregate.pending.length === 0) continue;
      const traceId = this.#options.random.hex(16);
      const { id } = aggregate;
      await this.#persist(`what became of the decisions for ${id}`, async () => {
        const found = await confirmPending(aggregate, cluster, this.#term.signal, REQUEST_TIMEOUT_MS);
        await this.#append(
          found.map((payload) => ({ type: 'ActionUnconfirmed', aggregateId: id, payload, traceId })),
        );
      });
    }
  }

  #subscribe(): void {
    const { reconciler, projection } = this.#options;
    const { resource } = reconciler;
    for (const aggregate of projection.aggregates()) {
      if (aggregate.reconciler === reconciler) this.#queue.add(queueKeyOf(aggregate.id), 'resync');
    }
    this.#subscriptions.push(this.#cache(resource).subscribe((event) => this.#onObject(event)));
    for (const type of reconciler.owns) {
      this.#subscriptions.push(this.#cache(type).subscribe(({ object }) => this.#onChild(object)));
    }
    for (const type of reconciler.watches ?? []) {
      this.#subscriptions.push(this.#cache(type).subscribe(({ object }) => this.#onWatched(object)));
    }
  }

  #onObject({ type, object, previous }: CacheEvent): void {
    const isStatusOnly =
      type === 'modified' &&
      previous !== undefined &&
      previous.metadata.uid === object.metadata.uid &&
      previous.metadata.generation === object.metadata.generation &&
      previous.metadata.deletionTimestamp === object.metadata.deletionTimestamp;
    if (isStatusOnly && !this.#isStatusForeign(object)) return;
    this.#queue.add(queueKey(object.metadata), type === 'added' ? 'new' : 'resync');
  }

  /** Whether somebody else has written the status since we did. */
  #isStatusForeign(object: KubernetesObject): boolean {
    return this.#writtenStatus.get(object.metadata.uid ?? '') !== JSON.stringify(object['status']);
  }

  #onChild(child: KubernetesObject): void {
    const { kind } = this.#options.reconciler.resource;
    const owner = child.metadata.ownerReferences?.find((reference) => reference.controller === true);
    if (owner?.kind !== kind) return;
    this.#queue.add(queueKey({ ...child.metadata, name: owner.name }), 'resync');
  }

  #onWatched(object: KubernetesObject): void {
    const name = object.metadata.labels?.[INSTANCE_LABEL];
    if (name === undefined) return;
    const key = queueKey({ ...object.metadata, name });
    if (this.#cache(this.#options.reconciler.resource).get(objectKey(key)) !== undefined)
      this.#queue.add(key, 'resync');
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const startedAt = this.#options.clock.monotonic();
      const controller = this.#options.reconciler.name;
      try {
        const isSettled = await this.#reconcile(key);
        this.#results.add({ controller, result: isSettled ? 'success' : 'requeue_after' });
        if (isSettled) this.#queue.forget(key);
      } catch (error) {
        if (this.#term.signal.aborted) return;
        this.#results.add({ controller, result: 'error' });
        this.#retry(key, error);
      } finally {
        this.#seconds.observe((this.#options.clock.monotonic() - startedAt) / 1000, {
          reconciler: controller,
        });
        this.#queue.done(key);
      }
    }
  }

  #retry(key: string, error: unknown): void {
    const atLeastMs = error instanceof ClusterError ? (error.retryAfterMs ?? 0) : 0;
    this.#queue.addRateLimited(key, atLeastMs);
    const code = error instanceof RynxsError ? error.code : undefined;
    this.#options.logger.warn('reconcile failed, will try again', { key, code, error });
  }

  /** One pass. Returns false when the object needs another one after a delay because an action failed. */
  async #reconcile(key: string): Promise<boolean> {
    const { reconciler, projection } = this.#options;
    const { resource } = reconciler;
    const id = aggregateId(resource.plural, objectKey(key));
    const traceId = this.#options.random.hex(16);
    const object = this.#cache(resource).get(objectKey(key));
    const known = projection.get(id);
    if (known?.observed !== undefined && known.observed.uid !== object?.metadata.uid) {
      await this.#recordDeleted(known, known.observed.uid, traceId);
      if (object !== undefined) this.#queue.add(key, 'new');
      return true;
    }
    if (object === undefined) return true;
    if (object.metadata.deletionTimestamp !== undefined) return true;

    const observation = observeObject(known, object, (seen) => reconciler.observe(seen));
    if (observation !== undefined) {
      const type = `${resource.kind}Observed`;
      await this.#append([{ type, aggregateId: id, payload: observation, traceId }]);
    }
    let aggregate = this.#current(id);
    if (aggregate === undefined) return true;
    aggregate = await this.#recordDrift(aggregate, object, key, traceId);
    aggregate = await this.#recordDeadline(aggregate, key, traceId);

    const {
      isSettled,
      retryAfterMs,
      aggregate: acted,
    } = await this.#decideAndAct(aggregate, object, traceId);
    if (!isSettled) this.#queue.addRateLimited(key, retryAfterMs);
    await this.#report(acted, key, traceId);
    return isSettled;
  }

  async #recordDeleted(aggregate: Aggregate, uid: string, traceId: string): Promise<void> {
    const { reconciler, driftBackoff } = this.#options;
    const payload: ObjectDeleted = { v: 1, uid, found: this.#seen.has(uid) ? 'watching' : 'at_start' };
    const type = `${reconciler.resource.kind}Deleted`;
    await this.#append([{ type, aggregateId: aggregate.id, payload, traceId }]);
    driftBackoff.forget(aggregate.id);
    this.#health.forget(aggregate.id);
    this.#writtenStatus.delete(uid);
    this.#seen.delete(uid);
  }

  async #recordDrift(
    aggregate: Aggregate,
    object: KubernetesObject,
    key: string,
    traceId: string,
  ): Promise<Aggregate> {
    const { reconciler, driftBackoff, digestKey } = this.#options;
    this.#seen.add(object.metadata.uid ?? '');
    const drifts = observeDrift(
      reconciler.manifests(aggregate.state),
      reconciler.children(aggregate.state),
      object.metadata.namespace,
      { ownerUid: object.metadata.uid ?? '', cacheOf: (type) => this.#cache(type), digestKey },
    );
    const admitted: DriftObserved[] = [];
    for (const drift of drifts) {
      const delayMs = driftBackoff.delayMs(aggregate.id, drift);
      if (delayMs === 0) admitted.push(drift);
      else this.#queue.addAfter(key, delayMs);
    }
    if (admitted.length === 0) return aggregate;
    await this.#append(
      admitted.map((payload) => ({ type: 'DriftObserved', aggregateId: aggregate.id, payload, traceId })),
    );
    return this.#current(aggregate.id) ?? aggregate;
  }

  async #recordDeadline(aggregate: Aggregate, key: string, traceId: string): Promise<Aggregate> {
    const { reconciler, clock } = this.#options;
    const deadline = reconciler.deadline(aggregate.state);
    if (deadline === undefined) return aggregate;
    const delayMs = Date.parse(deadline) - clock.now();
    if (delayMs > 0) {
      this.#queue.addAfter(key, delayMs);
      return aggregate;
    }
    const payload: DeadlineReached = { v: 1, deadline };
    await this.#append([{ type: 'DeadlineReached', aggregateId: aggregate.id, payload, traceId }]);
    return this.#current(aggregate.id) ?? aggregate;
  }

  async #decideAndAct(
    aggregate: Aggregate,
    object: KubernetesObject,
    traceId: string,
  ): Promise<{ readonly isSettled: boolean; readonly retryAfterMs: number; readonly aggregate: Aggregate }> {
    const { reconciler } = this.#options;
    const decision = reconciler.decide(aggregate.state);
    if (decision.actions.length === 0 && decision.refusal === undefined) {
      return { isSettled: true, retryAfterMs: 0, aggregate };
    }
    const payload = describeDecision(decision, aggregate);
    const previous = new Map(
      decision.actions.map((action) => [action, reconciler.applied(aggregate.state, actionChild(action))]),
    );
    const [record] = await this.#append([
      { type: 'ActionsDecided', aggregateId: aggregate.id, payload, traceId },
    ]);
    if (record === undefined) return { isSettled: true, retryAfterMs: 0, aggregate };

    const outcomes: ActionOutcome[] = [];
    for (const action of decision.actions) {
      if (outcomes.some((outcome) => outcome.kind === 'failed')) outcomes.push(NOT_ATTEMPTED);
      else outcomes.push(await execute(action, this.#executeContext(object, previous.get(action))));
    }
    const drafts = outcomes.map((outcome, index) => outcomeDraft(outcome, payload, index, record, traceId));
    await this.#persist(`the outcome of decision ${record.event.seq}`, () => this.#append(drafts));
    announce(this.#reportContext(traceId), object, payload, outcomes, aggregate.lastType);
    const failed = outcomes.filter((outcome) => outcome.kind === 'failed');
    const retryAfterMs = Math.max(0, ...failed.map((outcome) => outcome.retryAfterMs ?? 0));
    const after = this.#current(aggregate.id) ?? aggregate;
    const isSettled = failed.length === 0 || reconciler.decide(after.state).actions.length === 0;
    return { isSettled, retryAfterMs, aggregate: after };
  }

  /** Does what the term cannot go on without, again and again as long as the term lasts. */
  async #persist(what: string, attempt: () => Promise<unknown>): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      try {
        await attempt();
        return;
      } catch (error) {
        if (this.#term.signal.aborted) throw error;
        this.#options.logger.error(`${what} is not on the record yet, will try again`, { error });
        await this.#options.clock.sleep(Math.min(MAX_RETRY_DELAY_MS, 50 * 2 ** failures), this.#term.signal);
      }
    }
  }

  async #report(aggregate: Aggregate, key: string, traceId: string): Promise<void> {
    const { reconciler, clock, driftBackoff } = this.#options;
    const object = this.#cache(reconciler.resource).get(objectKey(key));
    if (object === undefined || object.metadata.uid !== aggregate.observed?.uid) return;
    const live = {
      object,
      children: this.#childrenOf(object),
      lastEvent: aggregate.lastEvent,
      contested: driftBackoff.contested(aggregate.id),
      now: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
    const report = reconciler.report(aggregate.state, live);
    const written = await writeStatus(this.#reportContext(traceId), object, report.status);
    if (written !== undefined) {
      this.#cache(reconciler.resource).assume(written);
      this.#writtenStatus.set(object.metadata.uid ?? '', JSON.stringify(written['status']));
    }
    await this.#recordHealth(aggregate, report, key, traceId);
  }

  async #recordHealth(aggregate: Aggregate, report: Report, key: string, traceId: string): Promise<void> {
    const { kind } = this.#options.reconciler.resource;
    const waitMs = this.#health.observe(aggregate.id, report.health.state, aggregate.health);
    if (waitMs === undefined) return;
    if (waitMs > 0) {
      this.#queue.addAfter(key, waitMs);
      return;
    }
    const { state, reason, message } = report.health;
    const payload = { v: 1 as const, uid: aggregate.observed?.uid ?? '', reason, message };
    const type = state === 'ready' ? `${kind}Ready` : `${kind}Degraded`;
    await this.#append([{ type, aggregateId: aggregate.id, payload, traceId }]);
    this.#queue.add(key, 'resync');
  }

  #childrenOf(object: KubernetesObject) {
    const { reconciler } = this.#options;
    const { uid = '', name, namespace } = object.metadata;
    const owned = reconciler.owns.flatMap((resource) =>
      this.#cache(resource)
        .ownedBy(uid)
        .map((child) => ({ resource, object: child })),
    );
    const watched = (reconciler.watches ?? []).flatMap((resource) =>
      this.#cache(resource)
        .withLabel(INSTANCE_LABEL, name)
        .filter((child) => child.metadata.namespace === namespace)
        .map((child) => ({ resource, object: child })),
    );
    return [...owned, ...watched];
  }

  #executeContext(object: KubernetesObject, previous: ExecuteContext['previous']): ExecuteContext {
    return {
      cluster: this.#options.cluster,
      term: this.#term,
      cacheOf: (type) => this.#cache(type),
      ownerUid: object.metadata.uid ?? '',
      previous,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    };
  }

  #reportContext(traceId: string) {
    const { cluster, clock, random, logger, reconciler } = this.#options;
    return { cluster, clock, random, logger, traceId, resource: reconciler.resource, term: this.#term };
  }

  #current(id: string): Aggregate | undefined {
    return this.#options.projection.get(id);
  }

  #cache(type: ResourceType): ResourceCache {
    const cache = this.#caches.get(type.plural);
    if (cache === undefined)
      throw new TypeError(`${type.plural} is neither owned nor watched by the reconciler`);
    return cache;
  }
}
