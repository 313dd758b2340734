import type { Clock, KubernetesObject, Tenure } from '@rynxs/kernel';
import {
  type CapturingLogger,
  capturingLogger,
  FakeClock,
  FakeTelemetry,
  MemoryCluster,
  seededRandom,
} from '@rynxs/kernel/testing';
import { LEASES } from '../lease-record.js';
import type { LeaderLeaseSettings } from '../settings.js';
import { LeaseNetwork } from './lease-network.js';
import { StallingClock } from './stalling-clock.js';

/** The elector under test: the real one, or one with a rule broken. */
export type Library = Pick<typeof import('../index.js'), 'LeaseElector' | 'checkedTimings'>;

export const SETTINGS: LeaderLeaseSettings = {
  leaseDuration: 15_000,
  renewDeadline: 10_000,
  retryPeriod: 2_000,
  requestTimeout: 1_200,
  podName: undefined,
};
export const KEY = { namespace: 'rynxs-system', name: 'rynxs-operator-leader' };

/** One process that campaigns. */
export interface Replica {
  readonly network: LeaseNetwork;
  readonly clock: StallingClock;
  readonly telemetry: FakeTelemetry;
  readonly log: CapturingLogger;
  /** All tenures that it was given. */
  readonly tenures: readonly Tenure[];
  /** The one that lasts. */
  readonly tenure: Tenure | undefined;
  /** Ends the campaign, and with it a tenure that lasts. */
  stop(): Promise<void>;
}

/** Replicas and their Lease, in memory, on a clock that a test moves. */
export class Election {
  readonly clock = new FakeClock();
  readonly cluster = new MemoryCluster(() => this.clock.now());
  readonly #library: Library;
  #seed: number;

  constructor(library: Library, seed = 1) {
    this.#library = library;
    this.#seed = seed;
  }

  replica(podName = 'pod', { isWatching = true } = {}): Replica {
    const { LeaseElector, checkedTimings } = this.#library;
    const network = new LeaseNetwork(this.cluster, this.clock, { isWatching });
    const clock = new StallingClock(this.clock);
    const telemetry = new FakeTelemetry();
    const logger = capturingLogger();
    this.#seed += 1;
    const elector = new LeaseElector({
      cluster: network,
      clock: clock as Clock,
      random: seededRandom(this.#seed),
      telemetry,
      logger,
      timings: checkedTimings(SETTINGS),
      key: KEY,
      podName,
    });
    const tenures: Tenure[] = [];
    const stopping = new AbortController();
    const campaign = (async () => {
      for await (const tenure of elector.campaign(stopping.signal)) tenures.push(tenure);
    })();
    return {
      network,
      clock,
      telemetry,
      log: logger,
      tenures,
      get tenure() {
        const last = tenures.at(-1);
        return last?.signal.aborted === false ? last : undefined;
      },
      stop: async () => {
        stopping.abort();
        const stopped = campaign.then(() => true);
        while (!(await Promise.race([stopped, this.clock.advance(100).then(() => false)]))) {
          // A release that hangs needs time to give up.
        }
      },
    };
  }

  /** Moves time on until the condition holds; throws when it does not within `limitMs`. Returns how long it took. */
  async until(condition: () => boolean, limitMs = 60_000): Promise<number> {
    const from = this.clock.monotonic();
    while (!condition()) {
      if (this.clock.monotonic() - from >= limitMs) throw new Error(`not within ${limitMs} ms: ${condition}`);
      await this.clock.advance(10);
    }
    return this.clock.monotonic() - from;
  }

  /** A replica that leads. */
  async leader(podName = 'leader'): Promise<Replica & { readonly tenure: Tenure }> {
    const replica = this.replica(podName);
    await this.until(() => replica.tenure !== undefined);
    return replica as Replica & { readonly tenure: Tenure };
  }

  /** The Lease as it is; null when there is none. */
  async lease(): Promise<KubernetesObject | null> {
    const options = { signal: new AbortController().signal };
    return this.cluster.get(LEASES, KEY, options).catch(() => null);
  }

  async holder(): Promise<string> {
    const { holderIdentity = '' } = ((await this.lease())?.spec ?? {}) as {
      readonly holderIdentity?: string;
    };
    return holderIdentity;
  }

  /** Changes the Lease by hand. */
  async edit(change: (lease: KubernetesObject) => KubernetesObject): Promise<void> {
    const lease = await this.lease();
    if (lease === null) throw new Error('there is no Lease to edit');
    await this.cluster.update(LEASES, change(lease), { signal: new AbortController().signal });
  }

  /** Makes a Lease by hand, as another kind of client may have left it. */
  async make(spec: object): Promise<void> {
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: KEY, spec };
    await this.cluster.create(LEASES, lease, { signal: new AbortController().signal });
  }

  async delete(): Promise<void> {
    const { uid = '', resourceVersion = '' } = (await this.lease())?.metadata ?? {};
    await this.cluster.delete(
      LEASES,
      KEY,
      { uid, resourceVersion },
      { signal: new AbortController().signal },
    );
  }
}

/** With fields of its spec changed. */
export function withSpec(changes: object): (lease: KubernetesObject) => KubernetesObject {
  return (lease) => ({ ...lease, spec: { ...(lease.spec as object), ...changes } });
}

/** With annotations set. */
export function withAnnotations(
  changes: Record<string, string>,
): (lease: KubernetesObject) => KubernetesObject {
  return (lease) => ({
    ...lease,
    metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, ...changes } },
  });
}
