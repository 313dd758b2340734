import { canonicalize, type JsonMap, type LogEvent } from '@rynxs/log';
import type { KubernetesObject } from '../../contracts/cluster.js';
import type { Decision, LiveView, Manifest, Reconciler } from '../../contracts/reconciler.js';
import { childKey, manifestDigest } from '../../reconcile/children.js';
import { describeDecision } from '../../reconcile/decision.js';
import type { ActionsDecided, ActionUnconfirmed, DecidedAction } from '../../reconcile/events.js';
import { frozen } from './frozen.js';

/** How an action of a decision ends. */
export type Outcome = 'applied' | 'failed' | 'failed for good';

/** What is found where a process died between a decision and its outcome. */
export type Finding = 'not done' | 'done' | 'done otherwise';

interface LiveChild {
  readonly uid: string;
  /** Digest of what was applied; undefined once it was changed by somebody. */
  readonly digest: string | undefined;
}

interface UnsettledAction {
  readonly decision: number;
  readonly action: number;
  readonly decided: DecidedAction;
}

const ZERO_HASH = '0'.repeat(64);

/**
 * The life of one object: the events that the runtime would record of it, the states that follow, and a model of the
 * children in the cluster. Everything that the reconciler is given is frozen and went through canonical bytes.
 */
export class History {
  readonly reconciler: Reconciler;
  readonly events: LogEvent[] = [];
  readonly children = new Map<string, LiveChild>();
  /** Digests that the cluster has refused for good. */
  readonly refusedDigests = new Set<string>();
  state: unknown;
  object: KubernetesObject;
  #configuration: JsonMap;
  #unsettled: readonly UnsettledAction[] = [];
  #uids = 0;

  constructor(reconciler: Reconciler, object: KubernetesObject) {
    this.reconciler = reconciler;
    this.#configuration = recorded(reconciler.configuration);
    this.object = this.#created(object);
  }

  /** Whether the object was observed and not deleted since. */
  get exists(): boolean {
    return this.state !== undefined;
  }

  /** The object gets this spec, and is observed. */
  observe(spec: KubernetesObject): void {
    const { metadata } = this.object;
    const generation = (metadata.generation ?? 0) + (this.exists ? 1 : 0);
    this.object = frozen({ ...structuredClone(spec), metadata: { ...metadata, generation } });
    const observed = this.reconciler.observe(this.object);
    this.record(`${this.#kind}Observed`, {
      uid: metadata.uid ?? '',
      generation,
      spec: observed,
      manager: null,
      managed_at: null,
    });
  }

  /** Decides, and records the decision when there is one. */
  decide(): Decision {
    const decision = this.reconciler.decide(this.state);
    if (decision.actions.length === 0 && decision.refusal === undefined) return decision;
    const payload = this.describe(decision);
    const { seq } = this.record('ActionsDecided', payload);
    this.#unsettled = payload.actions.map((decided, action) => ({ decision: seq, action, decided }));
    return decision;
  }

  /** The payload of a decision, as the runtime records it. */
  describe(decision: Decision): ActionsDecided {
    const { reconciler } = this;
    return describeDecision(decision, {
      reconciler,
      lastEvent: { seq: this.events.length - 1, hash: ZERO_HASH },
      affectedBy: undefined,
    });
  }

  /** Ends the next action that was decided. */
  conclude(outcome: Outcome): void {
    const [next, ...rest] = this.#unsettled;
    if (next === undefined) return;
    this.#unsettled = rest;
    const { decision, action, decided } = next;
    const common = { decision, action, child: decided.child, verb: decided.verb };
    if (outcome === 'applied') {
      this.record('ActionApplied', { ...common, uid: this.#carryOut(decided) });
      return;
    }
    const permanent = outcome === 'failed for good';
    if (permanent && decided.digest !== null) this.refusedDigests.add(decided.digest);
    const reason = permanent ? 'Invalid' : 'Unavailable';
    this.record('ActionFailed', {
      ...common,
      reason,
      message: 'as the suite wills',
      permanent,
      ambiguous: false,
    });
  }

  /** Ends all actions that were decided. */
  concludeAll(outcome: Outcome): void {
    while (this.#unsettled.length > 0) this.conclude(outcome);
  }

  /** The process dies before the outcomes are recorded; another one looks what became of the actions. */
  restart(finding: Finding): void {
    for (const { decision, action, decided } of this.#unsettled) {
      const { child, verb } = decided;
      if (finding !== 'not done') this.#carryOut(decided);
      if (finding === 'done otherwise') this.#disturb(child);
      const live = this.children.get(child);
      const found: ActionUnconfirmed['found'] =
        live === undefined ? 'absent' : live.digest === decided.digest ? 'as_decided' : 'different';
      this.record('ActionUnconfirmed', { decision, action, child, verb, found, uid: live?.uid ?? null });
    }
    this.#unsettled = [];
    this.record('ConfigurationObserved', {
      reconcilers: {
        [this.reconciler.name]: { version: this.reconciler.version, configuration: this.#configuration },
      },
    });
  }

  /** Somebody changes or removes a child, which is seen. */
  drift(child: string, how: 'changed' | 'removed'): void {
    const live = this.children.get(child);
    if (live === undefined || this.#unsettled.length > 0) return;
    if (how === 'removed') this.children.delete(child);
    else this.#disturb(child);
    const desired = live.digest ?? ZERO_HASH;
    this.record('DriftObserved', {
      child,
      uid: how === 'removed' ? null : live.uid,
      paths: how === 'removed' ? [] : ['/spec'],
      digests: { desired, observed: null },
    });
  }

  /** The deadline of the object comes. Returns it. */
  reachDeadline(): string | undefined {
    const deadline = this.exists ? this.reconciler.deadline(this.state) : undefined;
    if (deadline !== undefined) this.record('DeadlineReached', { deadline });
    return deadline;
  }

  recordHealth(health: 'Ready' | 'Degraded'): void {
    const { uid = '' } = this.object.metadata;
    this.record(`${this.#kind}${health}`, { uid, reason: 'Suite', message: '' });
  }

  /** The object and its children go; an object that is observed later has another uid. */
  delete(): void {
    this.record(`${this.#kind}Deleted`, { uid: this.object.metadata.uid ?? '', found: 'watching' });
    this.children.clear();
    this.#unsettled = [];
    this.object = this.#created(this.object);
  }

  /** Decides and applies until there is nothing more to decide. Throws when that takes too long. */
  settle(): void {
    this.concludeAll('applied');
    for (let passes = 0; passes < MAX_PASSES; passes += 1) {
      const { actions, refusal } = this.decide();
      if (actions.length === 0 && refusal === undefined) return;
      this.concludeAll('applied');
    }
    throw new Error(
      `decide still asks for something after ${MAX_PASSES} times all that it asked for was done`,
    );
  }

  manifests(): readonly Manifest[] {
    return this.exists ? this.reconciler.manifests(this.state) : [];
  }

  /** The manifests by `childKey`. */
  manifestsByChild(): ReadonlyMap<string, Manifest> {
    return new Map(
      this.manifests().map((manifest) => [
        childKey(manifest.resource, manifest.object.metadata.name),
        manifest,
      ]),
    );
  }

  /** The cluster as a report sees it, with the children as they were applied. */
  live(now: string, status?: JsonMap): LiveView {
    return frozen({
      object: { ...structuredClone(this.object), ...(status === undefined ? {} : { status }) },
      children: [...this.manifestsByChild()]
        .filter(([child]) => this.children.has(child))
        .map(([child, { resource, object }]) => ({
          resource,
          object: structuredClone({
            ...object,
            metadata: { ...object.metadata, uid: this.children.get(child)?.uid ?? '' },
          }),
        })),
      surroundings: [],
      lastEvent: { seq: this.events.length - 1, hash: ZERO_HASH },
      affectedBy: undefined,
      contested: [],
      now,
    });
  }

  /** Appends an event and reduces it. */
  record(type: string, payload: object): LogEvent {
    const seq = this.events.length;
    const { namespace = '', name } = this.object.metadata;
    const event = frozen<LogEvent>({
      aggregate_id:
        type === 'ConfigurationObserved' ? 'log' : `${this.reconciler.resource.plural}/${namespace}/${name}`,
      hash_version: 'v3',
      meta: { batch: `batch-${seq}`, end: true, epoch: 1, trace_id: `trace-${seq}`, writer: 'suite' },
      payload: recorded({ v: 1, ...payload }) as LogEvent['payload'],
      seq,
      ts: new Date(FIRST_EVENT_MS + seq * 1_000).toISOString(),
      type,
    });
    this.events.push(event);
    this.state = frozen(reduce(this.reconciler, this.state, event));
    return event;
  }

  get #kind(): string {
    return this.reconciler.resource.kind;
  }

  #created(object: KubernetesObject): KubernetesObject {
    this.#uids += 1;
    return frozen({
      ...structuredClone(object),
      metadata: {
        ...structuredClone(object.metadata),
        uid: `object-${this.#uids}`,
        resourceVersion: '1',
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
    });
  }

  #carryOut({ verb, child, digest }: DecidedAction): string {
    const existing = this.children.get(child);
    if (verb === 'delete') {
      this.children.delete(child);
      return existing?.uid ?? '';
    }
    const uid = existing?.uid ?? this.#newUid();
    this.children.set(child, { uid, digest: digest ?? undefined });
    return uid;
  }

  #disturb(child: string): void {
    const live = this.children.get(child);
    if (live !== undefined) this.children.set(child, { uid: live.uid, digest: undefined });
  }

  #newUid(): string {
    this.#uids += 1;
    return `child-${this.#uids}`;
  }
}

/** Reduces an event with the configuration that the reconciler has recorded of itself. */
export function reduce(reconciler: Reconciler, state: unknown, event: LogEvent): unknown {
  return reconciler.reduce(state, event, frozen(recorded(reconciler.configuration)));
}

/** The digest of each manifest that is wanted, by child. */
export function digestsOf(manifests: ReadonlyMap<string, Manifest>): ReadonlyMap<string, string> {
  return new Map([...manifests].map(([child, manifest]) => [child, manifestDigest(manifest)]));
}

/** What comes back of a value that is written to the log and read again. */
function recorded<T extends object>(value: T): T {
  return JSON.parse(canonicalize(value as unknown as JsonMap)) as T;
}

const FIRST_EVENT_MS = Date.UTC(2026, 0, 1);
const MAX_PASSES = 8;
