import { type Clock, type ResourceType, SystemClock } from '@rynxs/kernel';
import { capturingLogger, FakeTelemetry, seededRandom } from '@rynxs/kernel/testing';
import { ClusterClient } from '../cluster-client.js';
import type { ClusterAccess } from '../kubeconfig.js';
import type { ClientLimits } from '../settings.js';

export const CONFIG_MAPS: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

export interface ClientOptions {
  readonly clock?: Clock;
  readonly limits?: Partial<ClientLimits>;
  readonly access?: Partial<ClusterAccess>;
}

/** The way to a server without any credentials. */
export function accessTo(server: string): ClusterAccess {
  return {
    cluster: { name: 'scripted', server, skipTLSVerify: false },
    user: { name: 'nobody' },
    impersonation: [],
    proxy: undefined,
    location: 'test',
  };
}

/** A client of a scripted server, with what it logs and measures. Real time, unless a clock is given. */
export function clientOf(server: string, { clock = new SystemClock(), limits, access }: ClientOptions = {}) {
  const logger = capturingLogger();
  const telemetry = new FakeTelemetry();
  const client = new ClusterClient(
    { ...accessTo(server), ...access },
    { namespaces: [], maxConnections: 8, requestTimeout: 10_000, ...limits },
    { logger, telemetry, clock, random: seededRandom(1) },
  );
  return { client, logger, telemetry };
}

const PATIENCE_MS = 5_000;

/** Waits until something is true; fails with `what` when it takes too long. */
export async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
