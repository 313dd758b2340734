import { hash } from 'node:crypto';
import { canonicalize, type LogRecord } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type {
  Cluster,
  KubernetesObject,
  ObjectKey,
  ResourceCache,
  ResourceType,
} from '../contracts/cluster.js';
import type { Term } from '../contracts/leadership.js';
import type { Logger } from '../contracts/logger.js';
import type { Random } from '../contracts/random.js';
import type { LiveView, Reconciler, Report } from '../contracts/reconciler.js';
import type { Announcer } from './announcer.js';
import { actionChild, describeDecision, isEmpty, outcomeDraft } from './decision.js';
import type { DecisionBarrier } from './decision-barrier.js';
import type { DriftObserved, EventDraft, EventPayload } from './events.js';
import { type ActionOutcome, execute } from './execute.js';
import type { HealthWatch } from './health-watch.js';
import { aggregateId, objectKey } from './keys.js';
import { liveView } from './live-view.js';
import { observeDrift, observeLeftovers, observeObject } from './observe.js';
import type { Aggregate, Projection } from './projection.js';
import type { RepeatBackoff } from './repeat-backoff.js';
import { announce, type ReportContext, writeStatus } from './report.js';
import type { SurroundingsIndex } from './surroundings.js';
import { hasNews, isObstructed } from './trying-again.js';

/** Before a status is written again that a newer object was in the way of; twice as long each time, to the second. */
const CONFLICT_DELAY_MS = 50;
const MAX_CONFLICT_DELAY_MS = 10_000;
/** How often it is looked, in the cache, whether an object of somebody else is still in the way. */
const BLOCKED_DELAY_MS = 10_000;
const NOT_ATTEMPTED: ActionOutcome = {
  kind: 'failed',
  reason: 'NotAttempted',
  message: 'an earlier action of the same decision failed',
  permanent: false,
  ambiguous: false,
};

/** What the passes of one controller share. */
export interface PassContext {
  readonly reconciler: Reconciler;
  readonly cluster: Cluster;
  readonly projection: Projection;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly term: Term;
  readonly driftBackoff: RepeatBackoff;
  readonly factBackoff: RepeatBackoff;
  /** Of failures that users are told of. */
  readonly failureBackoff: RepeatBackoff;
  readonly surroundings: SurroundingsIndex;
  readonly health: HealthWatch;
  /** Key of the digests of drifted values. */
  readonly digestKey: string;
  /** Specs of the objects that were there in this term, as text, by uid: their deletion was watched. */
  readonly seen: Map<string, string>;
  /** How often in a row a newer object was in the way of a status, by queue key. */
  readonly statusConflicts: Map<string, number>;
  /** When (monotonic) actions that failed may be tried again, by queue key. */
  readonly retryNotBefore: Map<string, number>;
  cacheOf(type: ResourceType): ResourceCache;
  /** Puts the answer of a write into the cache; for the pass over `key` this change is its own. */
  assume(type: ResourceType, object: KubernetesObject, key: string): void;
  readonly barrier: DecisionBarrier;
  readonly announcer: Announcer;
  /** Appends to the log of the term; resolves when durable. */
  append(drafts: readonly EventDraft[]): Promise<readonly LogRecord[]>;
  /** Does what the term cannot go on without, again and again as long as the term lasts. */
  persist(what: string, traceId: string, attempt: () => Promise<unknown>): Promise<void>;
  /** Told that the object is on the record as it is now. */
  observed(key: string): void;
  /** Asks for another pass over the object after a delay. */
  again(key: string, delayMs: number): void;
}

/**
 * `settled`: nothing is left to do. `unfinished`: an action failed and is to be tried again, or what was done leads to more
 * (a computer that had to stop first may run); with growing delays, and not before the server's wish to be left alone is
 * over. `waiting`: it is not yet time to try again.
 */
export type PassResult =
  | { readonly kind: 'settled' | 'waiting' }
  | { readonly kind: 'unfinished'; readonly retryAfterMs: number };

const SETTLED: PassResult = { kind: 'settled' };
const WAITING: PassResult = { kind: 'waiting' };

/**
 * One pass over one object: observe, record, decide, record, act, record, report. What a step builds on is durable
 * before it; what was observed enters a decision only through the log.
 */
export class ReconcilePass {
  readonly #context: PassContext;
  readonly #key: string;
  readonly #objectKey: ObjectKey;
  readonly #id: string;
  /** Of every event that the pass records, and of every line that is logged of it. */
  readonly traceId: string;

  constructor(context: PassContext, key: string) {
    this.#context = context;
    this.#key = key;
    this.#objectKey = objectKey(key);
    this.#id = aggregateId(context.reconciler.resource.plural, this.#objectKey);
    this.traceId = context.random.hex(16);
  }

  /** Rejects when the log cannot be written or the cluster cannot be reached; the object needs another pass then. */
  async run(): Promise<PassResult> {
    const object = await this.#observe();
    this.#context.observed(this.#key);
    if (object === undefined) return SETTLED;
    await this.#recordDrift(object);
    await this.#recordDeadline();
    await this.#recordFacts();
    const result = this.#isBackingOff() ? WAITING : await this.#decideAndAct(object);
    await this.#report();
    return result;
  }

  /** Records what is new of the object, or that it is gone. Returns it as long as it is there to be worked on. */
  async #observe(): Promise<KubernetesObject | undefined> {
    const { reconciler, projection, seen } = this.#context;
    const object = this.#context.cacheOf(reconciler.resource).get(this.#objectKey);
    const known = projection.get(this.#id);
    if (known?.observed !== undefined && known.observed.uid !== object?.metadata.uid) {
      await this.#recordDeleted(known.observed.uid);
    }
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
    const { uid = '' } = object.metadata;
    // Text, so that the objects themselves need not stay. Another order of keys is only looked at more closely.
    const spec = JSON.stringify(object.spec ?? null);
    const isSpecKnown = seen.get(uid) === spec;
    seen.set(uid, spec);

    const observe = (live: KubernetesObject) => reconciler.observe(live);
    const observed = observeObject(projection.get(this.#id), object, observe, isSpecKnown);
    if (observed !== undefined) await this.#record(`${reconciler.resource.kind}Observed`, observed);
    return projection.get(this.#id) === undefined ? undefined : object;
  }

  async #recordDeleted(uid: string): Promise<void> {
    const { reconciler, driftBackoff, factBackoff, failureBackoff, health, seen, statusConflicts } =
      this.#context;
    const found = seen.has(uid) ? 'watching' : 'at_start';
    await this.#record(`${reconciler.resource.kind}Deleted`, { v: 1, uid, found });
    driftBackoff.forget(this.#id);
    factBackoff.forget(this.#id);
    failureBackoff.forget(this.#id);
    health.forget(this.#id);
    seen.delete(uid);
    statusConflicts.delete(this.#key);
  }

  async #recordDrift(object: KubernetesObject): Promise<void> {
    const { reconciler, driftBackoff, digestKey } = this.#context;
    const { state } = this.#aggregate();
    const { uid = '', namespace } = object.metadata;
    const [manifests, children] = [reconciler.manifests(state), reconciler.children(state)];
    const context = {
      ownerUid: uid,
      cacheOf: (type: ResourceType) => this.#context.cacheOf(type),
      digestKey,
    };
    const drifts = [
      ...observeDrift(manifests, children, namespace, context),
      ...observeLeftovers(manifests, children, reconciler.owns, namespace, context),
    ];
    const admitted: DriftObserved[] = [];
    for (const drift of drifts) {
      const what = drift.uid === null ? 'missing' : drift.paths.join(' ');
      const delayMs = driftBackoff.delayMs(this.#id, drift.child, what);
      if (delayMs === 0) admitted.push(drift);
      else this.#context.again(this.#key, delayMs);
    }
    await this.#record('DriftObserved', ...admitted);
  }

  async #recordDeadline(): Promise<void> {
    const { reconciler, clock } = this.#context;
    const deadline = reconciler.deadline(this.#aggregate().state);
    if (deadline === undefined) return;
    const delayMs = Date.parse(deadline) - clock.now();
    if (delayMs > 0) this.#context.again(this.#key, delayMs);
    else await this.#record('DeadlineReached', { v: 1, deadline });
  }

  async #recordFacts(): Promise<void> {
    const { reconciler, clock, factBackoff } = this.#context;
    if (reconciler.facts === undefined) return;
    const aggregate = this.#aggregate();
    const object = this.#current(aggregate);
    if (object === undefined) return;
    const uid = object.metadata.uid ?? '';
    for (const { type, fact, notBefore } of reconciler.facts(
      aggregate.state,
      this.#liveView(object, aggregate),
    )) {
      const earlyMs = notBefore === undefined ? 0 : Date.parse(notBefore) - clock.now();
      const delayMs =
        earlyMs > 0
          ? earlyMs
          : factBackoff.delayMs(this.#id, type, hash('sha256', canonicalize(fact), 'hex'));
      if (delayMs > 0) this.#context.again(this.#key, delayMs);
      else await this.#record(type, { v: 1, uid, fact });
    }
  }

  async #decideAndAct(object: KubernetesObject): Promise<PassResult> {
    const { reconciler, projection, barrier } = this.#context;
    const shared = projection.contextOf(reconciler);
    const blocked = () => barrier.blocked(this.#id, shared);
    for (let wait = blocked(); wait !== undefined; wait = blocked()) await wait;
    const aggregate = this.#aggregate();
    const decision = reconciler.decide(aggregate.state);
    if (isEmpty(decision)) return SETTLED;
    if (isObstructed(decision, aggregate, (type) => this.#context.cacheOf(type))) {
      this.#context.again(this.#key, BLOCKED_DELAY_MS);
      return SETTLED;
    }
    const payload = describeDecision(decision, aggregate);
    const previous = decision.actions.map((action) =>
      reconciler.applied(aggregate.state, actionChild(action)),
    );
    const [record] = await this.#record('ActionsDecided', payload);
    if (record === undefined) throw new Error('a decision was appended without a record');

    const outcomes: ActionOutcome[] = [];
    for (const [index, action] of decision.actions.entries()) {
      const isHopeless = outcomes.at(-1)?.kind === 'failed';
      outcomes.push(
        isHopeless ? NOT_ATTEMPTED : await execute(action, this.#executeContext(object, previous[index])),
      );
    }
    const drafts = outcomes.map((outcome, index) =>
      outcomeDraft(outcome, payload, index, record, this.traceId),
    );
    const what = `the outcome of decision ${record.event.seq}`;
    await this.#context.persist(what, this.traceId, () => this.#context.append(drafts));
    const isRepair = aggregate.lastType === 'DriftObserved' && payload.cause === aggregate.lastEvent.seq;
    const announced = { decided: payload, seq: record.event.seq, isRepair };
    if (this.#isNews(outcomes)) announce(this.#reportContext(), object, announced, outcomes);

    const failures = outcomes.filter((outcome) => outcome.kind === 'failed');
    if (reconciler.decide(this.#aggregate().state).actions.length === 0) return SETTLED;
    return {
      kind: 'unfinished',
      retryAfterMs: Math.max(0, ...failures.map((failure) => failure.retryAfterMs ?? 0)),
    };
  }

  /** A failure that comes again with every retry is told of now and then: the status shows that it lasts. */
  #isNews(outcomes: readonly ActionOutcome[]): boolean {
    const failure = outcomes.find((outcome) => outcome.kind === 'failed');
    if (failure === undefined) return true;
    return this.#context.failureBackoff.delayMs(this.#id, failure.reason, failure.message) === 0;
  }

  /** Whatever calls for a pass, what failed is tried again only when it is time, or when something new was recorded. */
  #isBackingOff(): boolean {
    const notBefore = this.#context.retryNotBefore.get(this.#key) ?? Number.NEGATIVE_INFINITY;
    return !hasNews(this.#aggregate()) && this.#context.clock.monotonic() < notBefore;
  }

  async #report(): Promise<void> {
    const { reconciler } = this.#context;
    const aggregate = this.#aggregate();
    const object = this.#current(aggregate);
    if (object === undefined) return;
    const shared = this.#context.projection.contextOf(reconciler);
    const report = reconciler.report(aggregate.state, this.#liveView(object, aggregate), shared);
    const written = await writeStatus(this.#reportContext(), object, report.status);
    if (written === 'conflict') this.#reportLater();
    else this.#context.statusConflicts.delete(this.#key);
    if (typeof written === 'object') this.#context.assume(reconciler.resource, written, this.#key);
    await this.#recordHealth(aggregate, report.health);
  }

  /** The newer object comes to the cache by itself; should it never come, there is no hurry. */
  #reportLater(): void {
    const { statusConflicts } = this.#context;
    const conflicts = statusConflicts.get(this.#key) ?? 0;
    statusConflicts.set(this.#key, conflicts + 1);
    const delayMs = CONFLICT_DELAY_MS * 2 ** Math.min(conflicts, 30);
    this.#context.again(this.#key, Math.min(MAX_CONFLICT_DELAY_MS, delayMs));
  }

  async #recordHealth(aggregate: Aggregate, health: Report['health']): Promise<void> {
    const { reconciler, health: watch } = this.#context;
    const waitMs = watch.observe(this.#id, health?.state ?? 'none', aggregate.health, health?.stableMs);
    if (waitMs === undefined || health === undefined) return;
    const { state, reason, message } = health;
    if (waitMs > 0) {
      this.#context.again(this.#key, waitMs);
      return;
    }
    const type = `${reconciler.resource.kind}${state.charAt(0).toUpperCase()}${state.slice(1)}`;
    await this.#record(type, { v: 1, uid: aggregate.observed?.uid ?? '', reason, message });
  }

  /** The object as it is now, if it is still the one that the log knows. */
  #current(aggregate: Aggregate): KubernetesObject | undefined {
    const object = this.#context.cacheOf(this.#context.reconciler.resource).get(this.#objectKey);
    return object?.metadata.uid === aggregate.observed?.uid ? object : undefined;
  }

  #liveView(object: KubernetesObject, aggregate: Aggregate): LiveView {
    return liveView(object, aggregate, this.#context);
  }

  #executeContext(object: KubernetesObject, previous: ReturnType<Reconciler['applied']>) {
    const { cluster, term } = this.#context;
    return {
      cluster,
      term,
      cacheOf: (type: ResourceType) => this.#context.cacheOf(type),
      assume: (type: ResourceType, written: KubernetesObject) =>
        this.#context.assume(type, written, this.#key),
      ownerUid: object.metadata.uid ?? '',
      previous,
    };
  }

  #reportContext(): ReportContext {
    return { ...this.#context, traceId: this.traceId, resource: this.#context.reconciler.resource };
  }

  /** The object's state as the log has it now. */
  #aggregate(): Aggregate {
    const aggregate = this.#context.projection.get(this.#id);
    if (aggregate === undefined) throw new Error(`the log knows nothing of ${this.#id}`);
    return aggregate;
  }

  async #record(type: string, ...payloads: readonly EventPayload[]): Promise<readonly LogRecord[]> {
    if (payloads.length === 0) return [];
    // When the drain of a clean stop is over, only outcomes are still appended: the next leader waits.
    this.#context.term.signal.throwIfAborted();
    return this.#context.append(
      payloads.map((payload) => ({ type, aggregateId: this.#id, payload, traceId: this.traceId })),
    );
  }
}
