import {
  ClusterError,
  type DeletePreconditions,
  type KubernetesObject,
  type ObjectKey,
  type Random,
  type ResourceType,
} from '@rynxs/kernel';
import { MemoryCluster } from '@rynxs/kernel/testing';
import type { Scheduler } from '../sim/scheduler.js';
import { LEASES } from './lease-edits.js';
import type { ObservedTenure } from './observed-leadership.js';

/** Where a write comes from. */
export interface Sender {
  readonly process: string;
  /** The tenure that was asserted directly before the write was sent. */
  readonly tenure: ObservedTenure | undefined;
  /** In true time. */
  readonly sentAt: number;
  /** How long the sender waits for an answer. */
  readonly timeoutMs: number;
}

/** A write that has changed something. */
export interface EffectiveWrite {
  readonly sender: Sender;
  /** `update configmaps/w0-red`. */
  readonly what: string;
  /** It arrived when the time-out of its sender was over. */
  readonly isLate: boolean;
  /** It changed or removed an object that somebody had changed after it was sent. */
  readonly isOverwriting: boolean;
}

export type ApiWrite =
  | {
      readonly verb: 'create' | 'update' | 'updateStatus';
      readonly resource: ResourceType;
      readonly object: KubernetesObject;
    }
  | {
      readonly verb: 'delete';
      readonly resource: ResourceType;
      readonly key: ObjectKey;
      readonly preconditions: DeletePreconditions;
    };

const STARTED_AT_MS = Date.UTC(2026, 0, 1);
const { signal: NEVER } = new AbortController();

/** The API server: what is asked of it takes effect at once, in the order in which it arrives. */
export class SimulatedApi {
  readonly cluster: MemoryCluster;
  readonly #scheduler: Scheduler;
  readonly #changedAt = new Map<string, number>();
  /** Called for each write of a replica that has changed something, but for those to Leases. */
  onEffect: (write: EffectiveWrite) => void = () => undefined;
  /** Carries changes and deletions out whatever they say of uid and version: to be broken on purpose. */
  ignoresPreconditions = false;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.cluster = new MemoryCluster(
      () => STARTED_AT_MS + scheduler.now,
      () => random.uuid(),
    );
  }

  /** The object as it is; undefined when there is none. */
  async find(resource: ResourceType, key: ObjectKey): Promise<KubernetesObject | undefined> {
    try {
      return await this.cluster.get(resource, key, { signal: NEVER });
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'missing') return undefined;
      throw error;
    }
  }

  list(resource: ResourceType): Promise<readonly KubernetesObject[]> {
    return this.cluster.list(resource, { signal: NEVER });
  }

  /** Carries a write out. `sender` is absent for people, whose writes are always in time. Throws ClusterError. */
  async write(write: ApiWrite, sender?: Sender): Promise<KubernetesObject | undefined> {
    const { verb, resource } = write;
    const key = write.verb === 'delete' ? write.key : write.object.metadata;
    const before = await this.find(resource, key);
    const answer = await this.#perform(write, before);
    const after = await this.find(resource, key);
    if (before?.metadata.resourceVersion === after?.metadata.resourceVersion) return answer;
    const name = `${resource.plural}/${key.namespace ?? ''}/${key.name}`;
    const { now } = this.#scheduler;
    const changedAt = this.#changedAt.get(name) ?? Number.NEGATIVE_INFINITY;
    this.#changedAt.set(name, now);
    if (sender === undefined || resource.plural === LEASES.plural) return answer;
    this.onEffect({
      sender,
      what: `${verb} ${name}`,
      isLate: now - sender.sentAt > sender.timeoutMs,
      isOverwriting: before !== undefined && changedAt > sender.sentAt,
    });
    return answer;
  }

  async #perform(write: ApiWrite, live: KubernetesObject | undefined): Promise<KubernetesObject | undefined> {
    const { cluster } = this;
    const options = { signal: NEVER };
    if (write.verb === 'create') return cluster.create(write.resource, write.object, options);
    const { uid = '', resourceVersion = '' } = live?.metadata ?? {};
    const isForced =
      this.ignoresPreconditions && live !== undefined && write.resource.plural !== LEASES.plural;
    if (write.verb === 'delete') {
      const preconditions = isForced ? { uid, resourceVersion } : write.preconditions;
      await cluster.delete(write.resource, write.key, preconditions, options);
      return undefined;
    }
    const metadata = { ...write.object.metadata, ...(isForced ? { uid, resourceVersion } : {}) };
    return cluster[write.verb](write.resource, { ...write.object, metadata }, options);
  }
}
