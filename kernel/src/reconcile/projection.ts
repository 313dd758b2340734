import type { JsonMap, LogRecord } from '@rynxs/log';
import type { Reconciler } from '../contracts/reconciler.js';
import type {
  ContextMember,
  RecordedHealth,
  SharedContext,
  SharedContextType,
} from '../contracts/shared-context.js';
import {
  type ActionsDecided,
  type ConfigurationObserved,
  type DecidedAction,
  type ObjectObserved,
  payloadOf,
} from './events.js';

/** A decided action that the log holds no outcome of. */
export interface PendingAction {
  readonly decision: number;
  readonly action: number;
  readonly decided: DecidedAction;
}

/** What the log says of one object. Replaced, not changed, with every event of the object. */
export interface Aggregate {
  readonly id: string;
  readonly reconciler: Reconciler;
  readonly state: unknown;
  /** The newest `<Kind>Observed`; undefined while none was recorded. */
  readonly observed: ObjectObserved | undefined;
  /** The newest event that is not of its health, and its type. */
  readonly lastEvent: { readonly seq: number; readonly hash: string };
  readonly lastType: string;
  /** Seq of the newest event of another object that has changed the state of this one; undefined when there was none. */
  readonly affectedBy: number | undefined;
  readonly pending: readonly PendingAction[];
  /** What was recorded last of `<Kind>Ready`, `<Kind>Degraded` and `<Kind>Suspended`. */
  readonly health: RecordedHealth | undefined;
}

/** JSON leaves out what is undefined. */
type SavedAggregate = Omit<Aggregate, 'reconciler' | 'observed' | 'affectedBy' | 'health'> &
  Partial<Pick<Aggregate, 'observed' | 'affectedBy' | 'health'>>;

/** Rises whenever the same events could lead to another state here than before. */
const PROJECTION_VERSION = 3;

const NO_PENDING: readonly PendingAction[] = [];

/** Told of an object for which events of others have changed something: its state, or only what a report may say. */
export type AffectedListener = (aggregate: Aggregate, isStateChanged: boolean) => void;

/**
 * The state that follows from the log: nothing else ever changes it. The same records in the same order give the same
 * projection in every process.
 */
export class Projection {
  readonly #reconcilers = new Map<string, Reconciler>();
  readonly #configurations = new Map<string, JsonMap>();
  readonly #aggregates = new Map<string, Aggregate>();
  readonly #contexts = new Map<SharedContextType, SharedContext>();
  readonly #listeners = new Set<AffectedListener>();

  constructor(reconcilers: readonly Reconciler[]) {
    for (const reconciler of reconcilers) this.#reconcilers.set(reconciler.resource.plural, reconciler);
    this.#createContexts();
  }

  get(aggregateId: string): Aggregate | undefined {
    return this.#aggregates.get(aggregateId);
  }

  aggregates(): Iterable<Aggregate> {
    return this.#aggregates.values();
  }

  /** The reconciler of the objects that an aggregate id belongs to; undefined when this process has none. */
  reconcilerOf(aggregateId: string): Reconciler | undefined {
    return this.#reconcilers.get(aggregateId.slice(0, aggregateId.indexOf('/')));
  }

  /** The context that the reconciler shares with others; undefined when it names none. */
  contextOf({ context }: Reconciler): SharedContext | undefined {
    return context === undefined ? undefined : this.#contexts.get(context);
  }

  /** Calls `listener` within `apply` for each object that events of others affect. */
  onAffected(listener: AffectedListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** What computes it: this class, and the reconcilers with their versions. */
  get version(): string {
    const reconcilers = [...this.#reconcilers.values()].map(({ name, version }) => `${name}@${version}`);
    return [`projection@${PROJECTION_VERSION}`, ...reconcilers.sort()].join(' ');
  }

  /** All of it as values that JSON holds: the same state gives the same values in the same order. */
  *save(): Generator<JsonMap> {
    for (const [name, configuration] of this.#configurations) yield { configuration_of: name, configuration };
    for (const aggregate of this.#aggregates.values()) {
      const { reconciler: _, ...saved } = aggregate;
      yield saved as unknown as JsonMap;
    }
  }

  /** Replaces everything by what `save` gave. Throws TypeError for entries of a reconciler that is not here. */
  restore(entries: Iterable<JsonMap>): void {
    this.reset();
    for (const entry of entries) {
      if (typeof entry.configuration_of === 'string') {
        this.#configurations.set(entry.configuration_of, entry.configuration as JsonMap);
        continue;
      }
      const saved = entry as unknown as SavedAggregate;
      const reconciler = this.reconcilerOf(saved.id);
      if (reconciler === undefined) throw new TypeError(`no reconciler of ${saved.id}`);
      const { observed, affectedBy, health, ...rest } = saved;
      this.#aggregates.set(saved.id, { ...rest, reconciler, observed, affectedBy, health });
    }
    for (const aggregate of this.#aggregates.values())
      this.contextOf(aggregate.reconciler)?.update(aggregate.id, memberOf(aggregate));
  }

  /** Forgets everything. */
  reset(): void {
    this.#configurations.clear();
    this.#aggregates.clear();
    this.#createContexts();
  }

  /** Takes a record in. Events of the earlier versions speak of other objects in another form: they change nothing. */
  apply(record: LogRecord): void {
    const { event, hash } = record;
    if (event.hash_version !== 'v3') return;
    if (event.type === 'ConfigurationObserved') {
      this.#configure(record);
      return;
    }
    const before = this.#aggregates.get(event.aggregate_id);
    const reconciler = before?.reconciler ?? this.reconcilerOf(event.aggregate_id);
    if (reconciler === undefined) return;
    // Every event brings a text of its own; the first one stands for all of them.
    const id = before?.id ?? event.aggregate_id;
    const context = this.contextOf(reconciler);
    const state = reconciler.reduce(before?.state, event, this.#configuration(reconciler), context);
    const { kind } = reconciler.resource;
    const health = healthIn(event.type, kind);
    const unmoved = health === undefined ? undefined : before;
    if (state === undefined && event.type === `${kind}Deleted`) {
      this.#aggregates.delete(id);
    } else {
      this.#aggregates.set(id, {
        id,
        reconciler,
        state,
        observed: event.type === `${kind}Observed` ? payloadOf<ObjectObserved>(event) : before?.observed,
        // Health follows from what is reported: it leads to no decision, and to no other report.
        lastEvent: unmoved?.lastEvent ?? { seq: event.seq, hash },
        lastType: unmoved?.lastType ?? event.type,
        affectedBy: before?.affectedBy,
        pending: pendingAfter(before?.pending ?? NO_PENDING, record),
        health: health ?? before?.health,
      });
    }
    if (context !== undefined) this.#spread(id, context, event.seq);
  }

  /** Tells the context of an object's new state; the objects that this concerns adapt, until none changes any more. */
  #spread(changedId: string, context: SharedContext, seq: number): void {
    for (const id of context.update(changedId, memberOf(this.#aggregates.get(changedId)))) {
      const aggregate = this.#aggregates.get(id);
      if (aggregate?.state === undefined) continue;
      const state = aggregate.reconciler.adapt?.(aggregate.state, context) ?? aggregate.state;
      const isChanged = state !== aggregate.state;
      const adapted = isChanged ? { ...aggregate, state, affectedBy: seq } : aggregate;
      if (isChanged) this.#aggregates.set(id, adapted);
      if (isChanged || aggregate.reconciler.reportsContext === true)
        for (const listener of this.#listeners) listener(adapted, isChanged);
      if (isChanged) this.#spread(id, context, seq);
    }
  }

  #configure(record: LogRecord): void {
    const { reconcilers } = payloadOf<ConfigurationObserved>(record.event);
    for (const [name, { configuration }] of Object.entries(reconcilers))
      this.#configurations.set(name, configuration);
    for (const id of [...this.#aggregates.keys()]) {
      // Looked up one by one: those before may have changed what those after depend on.
      const aggregate = this.#aggregates.get(id);
      if (aggregate === undefined) continue;
      const { reconciler } = aggregate;
      const context = this.contextOf(reconciler);
      const configuration = this.#configuration(reconciler);
      const state = reconciler.reduce(aggregate.state, record.event, configuration, context);
      if (state === aggregate.state) continue;
      this.#aggregates.set(id, { ...aggregate, state });
      if (context !== undefined) this.#spread(id, context, record.event.seq);
    }
  }

  #createContexts(): void {
    this.#contexts.clear();
    for (const { context } of this.#reconcilers.values())
      if (context !== undefined && !this.#contexts.has(context))
        this.#contexts.set(context, context.create());
  }

  #configuration(reconciler: Reconciler): JsonMap {
    return this.#configurations.get(reconciler.name) ?? {};
  }
}

function memberOf(aggregate: Aggregate | undefined): ContextMember | undefined {
  return aggregate?.state === undefined ? undefined : aggregate;
}

function pendingAfter(pending: readonly PendingAction[], { event }: LogRecord): readonly PendingAction[] {
  switch (event.type) {
    case 'ActionsDecided': {
      const { actions } = payloadOf<ActionsDecided>(event);
      return [...pending, ...actions.map((decided, action) => ({ decision: event.seq, action, decided }))];
    }
    case 'ActionApplied':
    case 'ActionFailed':
    case 'ActionUnconfirmed': {
      const { decision, action } = event.payload;
      const left = pending.filter((one) => one.decision !== decision || one.action !== action);
      return left.length === 0 ? NO_PENDING : left;
    }
    default:
      return pending;
  }
}

function healthIn(type: string, kind: string): Aggregate['health'] {
  if (!type.startsWith(kind)) return undefined;
  switch (type.slice(kind.length)) {
    case 'Ready':
      return 'ready';
    case 'Degraded':
      return 'degraded';
    case 'Suspended':
      return 'suspended';
    default:
      return undefined;
  }
}
