import type { KubernetesObject, Random, ResourceType } from '@rynxs/kernel';
import type { SimulatedApi } from './simulated-api.js';

export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
const KEY = { namespace: 'kube-system', name: 'rynxs-operator-leader' };
const TRANSFER = 'rynxs.universe.ai/transfer-to';

type Spec = Readonly<Record<string, unknown>>;

/** What people do to a Lease by hand. */
const EDITS = {
  'deletes it': undefined,
  'empties its holder': (spec: Spec) => ({ ...spec, holderIdentity: '' }),
  'gives it to somebody else': (spec: Spec) => ({ ...spec, holderIdentity: 'somebody_else' }),
  'takes its spec away': () => ({}),
  'says that it was renewed long ago': (spec: Spec) => ({
    ...spec,
    renewTime: '2020-01-01T00:00:00.000000Z',
  }),
  'says that it holds for a second': (spec: Spec) => ({ ...spec, leaseDurationSeconds: 1 }),
} satisfies Record<string, ((spec: Spec) => Spec) | undefined>;

/** Does something to the Lease by hand; returns what, in words. */
export async function editLease(api: SimulatedApi, random: Random): Promise<string> {
  const lease = await api.find(LEASES, KEY);
  if (lease === undefined) return 'finds no Lease';
  if (random.next() < 0.2) return askForTransfer(api, lease);
  const names = Object.keys(EDITS) as (keyof typeof EDITS)[];
  const name = names[Math.floor(random.next() * names.length)] ?? 'deletes it';
  const edit = EDITS[name];
  if (edit === undefined) {
    const { uid = '', resourceVersion = '' } = lease.metadata;
    await api.write({ verb: 'delete', resource: LEASES, key: KEY, preconditions: { uid, resourceVersion } });
  } else {
    const object = { ...lease, spec: edit((lease.spec ?? {}) as Spec) };
    await api.write({ verb: 'update', resource: LEASES, object });
  }
  return name;
}

/** Who holds the Lease; empty when nobody does. */
export async function leaseHolder(api: SimulatedApi): Promise<string> {
  const lease = await api.find(LEASES, KEY);
  return String((lease?.spec as Spec | undefined)?.holderIdentity ?? '');
}

/** Whether somebody has asked for a transfer that has not come yet. */
export async function isTransferAwaited(api: SimulatedApi): Promise<boolean> {
  const lease = await api.find(LEASES, KEY);
  return lease?.metadata.annotations?.[TRANSFER] !== undefined;
}

async function askForTransfer(api: SimulatedApi, lease: KubernetesObject): Promise<string> {
  const annotations = { ...lease.metadata.annotations, [TRANSFER]: '' };
  const object = { ...lease, metadata: { ...lease.metadata, annotations } };
  await api.write({ verb: 'update', resource: LEASES, object });
  return 'asks for a transfer';
}
