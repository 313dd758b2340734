import type { JsonMap, LogEvent } from '@rynxs/log';
import type { ChildrenState } from './children.js';
import type { KubernetesObject, ObjectKey, ResourceType } from './cluster.js';
import type { SharedContext, SharedContextType } from './shared-context.js';
import { createToken } from './token.js';

/** A child object as it should be. Only the fields that it has are owned, those that are null as absent; all else is left alone. */
export interface Manifest {
  readonly resource: ResourceType;
  /** Complete with apiVersion, kind, name, namespace, labels and the owner reference. Same bytes for the same state. */
  readonly object: KubernetesObject;
}

/** Something to do to one child. */
export interface Action {
  readonly verb: 'create' | 'update' | 'delete';
  readonly resource: ResourceType;
  readonly key: ObjectKey;
  /** The object that is meant, for update and delete. */
  readonly uid?: string;
  /** What it shall be, for create and update. */
  readonly manifest?: Manifest;
}

/** Why nothing is done for an object although something seems to be asked for: shown in status and recorded. */
export interface Refusal {
  /** CamelCase reason of the condition. */
  readonly reason: string;
  /** The rule that is broken and what to change. */
  readonly message: string;
}

/** A step in the life of an object that has one of its own, such as a session that becomes active. */
export interface Phase {
  /** CamelCase. */
  readonly name: string;
  /** CamelCase reason. */
  readonly reason: string;
  readonly message: string;
}

export interface Decision {
  /** In the order in which they are carried out. Empty when all is as it should be. */
  readonly actions: readonly Action[];
  readonly refusal?: Refusal;
  /** The phase that the object enters; absent while it stays in the one that is on the record. */
  readonly phase?: Phase;
}

/** Stands for all objects of a namespace in `Surroundings.concerns`. */
export const EVERYONE = '*';

/** A type whose objects concern objects of their namespace without belonging to them, such as a NetworkPolicy. */
export interface Surroundings {
  readonly resource: ResourceType;
  /** Name of the object that this one concerns, `EVERYONE` for all, undefined for none. Pure, and quick. */
  concerns(object: KubernetesObject): string | undefined;
}

/** Something about the cluster that goes on record because the state, or whoever reads the log, depends on it. */
export interface Fact {
  /** Type of the event, CamelCase: `ContainmentObserved`. */
  readonly type: string;
  /** Bounded, and without secrets. */
  readonly fact: JsonMap;
  /** RFC 3339: it is not recorded before; absent for at once. */
  readonly notBefore?: string;
}

/** What a reconciler may look at when it writes a status or finds facts: the cluster as it is now. */
export interface LiveView {
  readonly object: KubernetesObject;
  /** Objects that refer to it as their owner, of every type in `owns`, and those of `watches` that carry its name. */
  readonly children: readonly { readonly resource: ResourceType; readonly object: KubernetesObject }[];
  /** What concerns the object, of every type in `surroundings`. */
  readonly surroundings: LiveView['children'];
  /** The last event of this object, other than those of its health, which repeat what a status says. */
  readonly lastEvent: { readonly seq: number; readonly hash: string };
  /** Children whose repair waits because somebody keeps changing them back (`Deployment/my-agent`). */
  readonly contested: readonly string[];
  /** RFC 3339, for `lastTransitionTime` of conditions that change. */
  readonly now: string;
}

/** How the object is doing, from the live view. */
export interface Report {
  /** The whole status subresource. Written only when it differs from the one in the cluster. */
  readonly status: JsonMap;
  /**
   * `ready` and `degraded` are recorded as `<Kind>Ready` and `<Kind>Degraded` once they have lasted, `suspended` as
   * `<Kind>Suspended` after one of them. Absent for a kind of which only phases are recorded.
   */
  readonly health?: {
    readonly state: 'ready' | 'progressing' | 'degraded' | 'suspended';
    /** CamelCase. */
    readonly reason: string;
    readonly message: string;
    /** How long the state must last to be recorded, in milliseconds; default 30,000. */
    readonly stableMs?: number;
  };
}

/**
 * Turns the events of one kind of object into the children that it needs. Everything but `report` and `facts` is *pure*: the same
 * arguments give the same bytes in every process, at every time; no clock, no randomness, no I/O, no state outside.
 *
 * Events that `reduce` is given, in log order (payloads in `kernel/src/reconcile/events.ts`): `<Kind>Observed`,
 * `<Kind>Deleted`, `DriftObserved`, `DeadlineReached`, `ActionsDecided`, `ActionApplied`, `ActionFailed`,
 * `ActionUnconfirmed`, `<Kind>Ready`, `<Kind>Degraded`, `<Kind>Suspended`, those of its own `facts`, and `ConfigurationObserved` for every
 * object in turn.
 * The kernel's `reduceChildren` and `decideChildren` do the work that all reconcilers share.
 *
 * What an object depends on besides its own events comes through `context`, and gets into its state in two places:
 * `reduce` may look at it, and `adapt` is called when it has changed. So `decide` needs nothing but the state.
 */
export interface Reconciler<S = unknown> {
  /** Kebab-case; with `version` it is the `decider` of a decision: `agent@1`. */
  readonly name: string;
  /** Rises whenever the same events could lead to other decisions than before. */
  readonly version: number;
  readonly resource: ResourceType;
  /** Types of the children that it makes. */
  readonly owns: readonly ResourceType[];
  /** Types that it only looks at in `report` (pods); matched to the object by label `app.kubernetes.io/instance`. */
  readonly watches?: readonly ResourceType[];
  /** Types of other objects of the namespace that `report` and `facts` look at. */
  readonly surroundings?: readonly Surroundings[];
  /** Types of all facts that `facts` may find, so that `rynxs_events_total` has them from the start. */
  readonly factTypes?: readonly string[];
  /** The CustomResourceDefinition of `resource`, where it is Rynxs's own; `rynxs dev` installs it. */
  readonly definition?: KubernetesObject;
  /** Settings that decisions depend on; recorded as `ConfigurationObserved` at term start, under the reconciler's name. */
  readonly configuration: JsonMap;
  /** What the state depends on besides events of the object; one per log for all reconcilers that name the same. */
  readonly context?: SharedContextType;
  /** Whether `report` looks at the context: a status is due then also where only that has changed, and no state. */
  readonly reportsContext?: boolean;
  /**
   * Names of reconcilers: at the start of a term each of their objects is put on the record before any of this one's is
   * looked at, because it bounds what may be done here.
   */
  readonly after?: readonly string[];

  /** What of an object decisions may depend on: becomes `spec` of `<Kind>Observed`. Must hold no secret. */
  observe(object: KubernetesObject): JsonMap;
  /**
   * The next state; undefined forgets the object. `state` is never changed, only replaced. `configuration` is this
   * reconciler's part of the newest `ConfigurationObserved` in the log, never the one of this process. `context` is as
   * it was before the event; undefined for reconcilers that name none.
   */
  reduce(
    state: S | undefined,
    event: LogEvent,
    configuration: JsonMap,
    context?: SharedContext,
  ): S | undefined;
  /** The state in a context that has changed; the same object when that makes no difference. */
  adapt?(state: S, context: SharedContext): S;
  /**
   * What the live view has and the state lacks, to be recorded before `decide` is asked; the payload is `FactObserved`.
   * Must be empty again after it was recorded: `reduce` takes it in. A fact that changes again and again is recorded
   * later and later.
   */
  facts?(state: S, live: LiveView): readonly Fact[];
  /** What is to be done now. Must be empty again after its actions were applied. */
  decide(state: S): Decision;
  /** The children that should exist in this state. */
  manifests(state: S): readonly Manifest[];
  /** What the state knows of the children; see `reduceChildren`. */
  children(state: S): ChildrenState<unknown>;
  /** The manifest that was last applied to a child, named by `childKey`; undefined when there was none. */
  applied(state: S, child: string): Manifest | undefined;
  /** When (RFC 3339) `DeadlineReached` must be recorded for this object; undefined for never. */
  deadline(state: S): string | undefined;
  report(state: S, live: LiveView, context?: SharedContext): Report;
}

export const RECONCILER = createToken<Reconciler>('RECONCILER', { cardinality: 'many' });
