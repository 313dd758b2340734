import type { Json, JsonMap } from '@rynxs/log';
import type { ChildKey } from '../contracts/children.js';

/**
 * Payloads of the events that the kernel writes, version 1. Names and digests only: never whole manifests, never
 * secrets. Keys are snake_case, like the record's own.
 */

interface Payload {
  readonly v: 1;
}

/** Opens a term. Seq 0 is one; `log_id`, `cluster_uid` and `shard` are the identity of the log. */
export interface EpochStarted extends Payload {
  readonly epoch: number;
  readonly holder: string;
  readonly log_id: string;
  readonly cluster_uid: string;
  readonly shard: string;
}

/** Ends a term that was stopped in good order. */
export interface EpochEnded extends Payload {
  readonly epoch: number;
  readonly reason: string;
}

/** Bytes of an unfinished commit that recovery moved aside; stands in the commit that opens the next term. */
export interface TailDropped extends Payload {
  readonly seq: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly kept_as: string;
}

/** A term found records that no trusted checkpoint covers, and builds on them. */
export interface TailAdopted extends Payload {
  readonly from: number;
  readonly to: number;
  /** Root of the Merkle tree over all records up to `to`, base64. */
  readonly root: string;
}

/** A key signs for the log from here on. */
export interface KeyAdded extends Payload {
  /** Verifier key (C2SP signed-note) under the log's origin. */
  readonly key: string;
  /** The verifier key that vouches for it, and its signature in base64; null for a first key. */
  readonly signed_by: string | null;
  readonly signature: string | null;
}

/** A key signs for the log no longer; signed by itself. */
export interface KeyRetired extends Payload {
  readonly key: string;
  readonly signed_by: string;
  readonly signature: string;
}

/** A loss was accepted on purpose: `rynxs log recover`. */
export interface LogRecovered extends Payload {
  /** The first and the last record that the log is known to have had and that are gone. */
  readonly lost_from: number;
  readonly lost_to: number;
  /** The checkpoint that shows it. */
  readonly old_checkpoint: string | null;
  readonly reason: string;
}

/** Writers raced for one new name in the store. */
export interface StoreProbed extends Payload {
  /** The store's location. */
  readonly target: string;
  readonly racers: number;
  readonly winners: number;
}

/** The settings that decisions of this term use, by reconciler. */
export interface ConfigurationObserved extends Payload {
  readonly reconcilers: {
    readonly [name: string]: { readonly version: number; readonly configuration: JsonMap };
  };
}

/** `<Kind>Observed`: an object is new or its spec has changed. */
export interface ObjectObserved extends Payload {
  readonly uid: string;
  readonly generation: number;
  /** What `Reconciler.observe` chose. */
  readonly spec: JsonMap;
  /** Field manager of the newest change of the spec and its time, from managedFields; null when unknown. */
  readonly manager: string | null;
  readonly managed_at: string | null;
}

/** `<Kind>Deleted`: an object is gone. `found` says whether it was seen to go or was missing at the start of a term. */
export interface ObjectDeleted extends Payload {
  readonly uid: string;
  readonly found: 'watching' | 'at_start';
}

/** A child is not as it was applied. `uid` null: it is missing. `digests.desired` null: it is there, and not wanted. */
export interface DriftObserved extends Payload {
  readonly child: ChildKey;
  readonly uid: string | null;
  /** JSON pointers of the owned fields that differ, at most 32. */
  readonly paths: readonly string[];
  /** `desired`: digest of the manifest. `observed`: keyed digest of the differing values, good only for comparing. */
  readonly digests: { readonly desired: string | null; readonly observed: string | null };
}

/** The time that `Reconciler.deadline` named has come. */
export interface DeadlineReached extends Payload {
  readonly deadline: string;
}

export interface DecidedAction {
  readonly verb: 'create' | 'update' | 'delete';
  readonly child: ChildKey;
  /** `apps/v1`, `v1`. */
  readonly api_version: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  /** The object meant by update and delete. */
  readonly uid: string | null;
  /** SHA-256 of the manifest's canonical JSON; null for delete. */
  readonly digest: string | null;
}

/** What will be done, durable before any of it is. */
export interface ActionsDecided extends Payload {
  /** Seq of the event that led to it: of the object, or of another one that it depends on. */
  readonly cause: number;
  /** `name@version` of the reconciler. */
  readonly decider: string;
  readonly actions: readonly DecidedAction[];
  readonly refusal: { readonly reason: string; readonly message: string } | null;
  /** The phase that the object enters; absent when it stays in the one that it is in. */
  readonly phase?: { readonly name: string; readonly reason: string; readonly message: string };
}

interface Outcome extends Payload {
  /** Seq of the ActionsDecided, and the index of the action in it. */
  readonly decision: number;
  readonly action: number;
  readonly child: ChildKey;
  readonly verb: DecidedAction['verb'];
}

export interface ActionApplied extends Outcome {
  /** Uid of the object that now exists, or of the one that was deleted. */
  readonly uid: string;
}

export interface ActionFailed extends Outcome {
  readonly reason: string;
  /** At most 512 bytes. */
  readonly message: string;
  /** Trying again without a change of the object cannot help. */
  readonly permanent: boolean;
  /** It is not known whether the action had its effect. */
  readonly ambiguous: boolean;
}

/** A decision of an earlier term that has no outcome, and what was found instead of one. */
export interface ActionUnconfirmed extends Outcome {
  readonly found: 'absent' | 'as_decided' | 'different' | 'foreign';
  readonly uid: string | null;
}

/** What `Reconciler.facts` has found; the type of the event is the fact's own. */
export interface FactObserved extends Payload {
  readonly uid: string;
  readonly fact: JsonMap;
}

/** `<Kind>Ready`, `<Kind>Degraded`, `<Kind>Suspended`. */
export interface HealthObserved extends Payload {
  readonly uid: string;
  readonly reason: string;
  readonly message: string;
}

/** What the kernel records. */
export type EventPayload =
  | EpochStarted
  | EpochEnded
  | TailDropped
  | TailAdopted
  | KeyAdded
  | KeyRetired
  | LogRecovered
  | StoreProbed
  | ConfigurationObserved
  | ObjectObserved
  | ObjectDeleted
  | DriftObserved
  | DeadlineReached
  | ActionsDecided
  | ActionApplied
  | ActionFailed
  | ActionUnconfirmed
  | FactObserved
  | HealthObserved;

/** An event that is to be appended: the log adds seq, time, epoch, writer and batch. */
export interface EventDraft {
  readonly type: string;
  readonly aggregateId: string;
  readonly payload: EventPayload;
  readonly traceId: string;
}

export { LOG_AGGREGATE } from '@rynxs/log';

/** Reads the payload of an event whose type has been checked; the record was verified when it was read. */
export function payloadOf<P extends Payload>(event: {
  readonly payload: { readonly [key: string]: Json };
}): P {
  return event.payload as unknown as P;
}
