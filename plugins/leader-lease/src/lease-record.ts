import { type KubernetesObject, nameInShard, type ResourceType } from '@rynxs/kernel';

export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

/** Name of the Lease of the shard `default`. */
export const LEASE_NAME = 'rynxs-operator-leader';
/** The leader's epoch in the log, in decimal; absent until the log has it. */
export const EPOCH_ANNOTATION = 'rynxs.universe.ai/epoch';
/** The log that the epoch is of. */
export const LOG_ID_ANNOTATION = 'rynxs.universe.ai/log-id';
/** A request to the leader to hand over: to the holder or pod of this name, to anybody else when it is empty. */
export const TRANSFER_ANNOTATION = 'rynxs.universe.ai/transfer-to';

/** Name of the Lease of a shard. */
export function leaseName(shard: string): string {
  return nameInShard(LEASE_NAME, shard);
}

/** What a Lease says. What is not as it should be, because somebody has edited it, counts as absent. */
export interface LeaseRecord {
  /** Identity of the holder; empty when nobody has it. */
  readonly holder: string;
  /** For how long the holder claims it after each renewal, in milliseconds; 0 when it does not say. */
  readonly claimMs: number;
  /** RFC 3339 with microseconds, by the holder's clock: for people, and to tell one renewal from another. */
  readonly acquireTime: string | undefined;
  readonly renewTime: string | undefined;
  /** How often it has changed hands. */
  readonly transitions: number;
  readonly epoch: number | undefined;
  readonly logId: string | undefined;
  /** Whom the leader is asked to hand over to; empty for anybody else; undefined when it is not asked. */
  readonly transferTo: string | undefined;
}

export function readLease({ spec, metadata: { annotations = {} } }: KubernetesObject): LeaseRecord {
  const fields = (typeof spec === 'object' ? spec : undefined) as
    | Readonly<Record<string, unknown>>
    | undefined;
  const epoch = annotations[EPOCH_ANNOTATION] ?? '';
  return {
    holder: textOf(fields?.holderIdentity) ?? '',
    claimMs: Math.max(0, numberOf(fields?.leaseDurationSeconds)) * 1_000,
    acquireTime: textOf(fields?.acquireTime),
    renewTime: textOf(fields?.renewTime),
    transitions: Math.max(0, numberOf(fields?.leaseTransitions)),
    epoch: /^[1-9]\d{0,14}$/.test(epoch) ? Number(epoch) : undefined,
    logId: annotations[LOG_ID_ANNOTATION],
    transferTo: annotations[TRANSFER_ANNOTATION],
  };
}

/** Whether `name`, of a holder or of its pod, names this holder. */
export function isNamed(name: string, holder: string): boolean {
  return name === holder || (name !== '' && holder.startsWith(`${name}_`));
}

/** Who writes a record, and when. */
export interface Signature {
  readonly holder: string;
  readonly claimMs: number;
  /** In the form of Kubernetes' MicroTime; different for each attempt of a process. */
  readonly stamp: string;
}

/** The Lease as it is when `holder` takes it, from what was there, if anything. */
export function claimed(
  found: KubernetesObject | null,
  key: { readonly namespace: string; readonly name: string },
  { holder, claimMs, stamp }: Signature,
): KubernetesObject {
  const spec = {
    holderIdentity: holder,
    leaseDurationSeconds: Math.ceil(claimMs / 1_000),
    acquireTime: stamp,
    renewTime: stamp,
    leaseTransitions: found === null ? 0 : readLease(found).transitions + 1,
  };
  if (found === null) {
    const labels = {
      'app.kubernetes.io/managed-by': 'rynxs',
      'app.kubernetes.io/component': 'leader-election',
    };
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...key, labels }, spec };
  }
  return {
    ...withAnnotations(found, { [EPOCH_ANNOTATION]: undefined, [TRANSFER_ANNOTATION]: undefined }),
    spec: { ...specOf(found), ...spec },
  };
}

/** The Lease as its holder renews it. `annotations` of undefined are taken away. */
export function renewed(
  own: KubernetesObject,
  { holder, claimMs, stamp }: Signature,
  annotations: Readonly<Record<string, string | undefined>>,
): KubernetesObject {
  const spec = { holderIdentity: holder, leaseDurationSeconds: Math.ceil(claimMs / 1_000), renewTime: stamp };
  return { ...withAnnotations(own, annotations), spec: { ...specOf(own), ...spec } };
}

/**
 * The Lease as its holder leaves it, as client-go does. Whom it is left to stays in it, so that others let that one go
 * first.
 */
export function released(own: KubernetesObject, stamp: string): KubernetesObject {
  const spec = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: stamp, renewTime: stamp };
  const isForAnybody = readLease(own).transferTo === '';
  const lease = isForAnybody ? withAnnotations(own, { [TRANSFER_ANNOTATION]: undefined }) : own;
  return { ...lease, spec: { ...specOf(own), ...spec } };
}

/** A time as Kubernetes' MicroTime wants it, with `count` in the place of the microseconds that clocks do not tell. */
export function microTime(nowMs: number, count: number): string {
  const microseconds = String(count % 1_000).padStart(3, '0');
  return new Date(nowMs).toISOString().replace('Z', `${microseconds}Z`);
}

function specOf({ spec }: KubernetesObject): object {
  return typeof spec === 'object' && spec !== null ? spec : {};
}

function withAnnotations(
  lease: KubernetesObject,
  changes: Readonly<Record<string, string | undefined>>,
): KubernetesObject {
  const all = Object.entries({ ...lease.metadata.annotations, ...changes });
  const annotations = Object.fromEntries(
    all.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return { ...lease, metadata: { ...lease.metadata, annotations } };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
