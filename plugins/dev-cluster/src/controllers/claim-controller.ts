import type { KubernetesObject } from '@rynxs/kernel';
import { CLAIM_PROTECTION, LOCAL_STORAGE_CLASS } from '../resources/core.js';
import { PERSISTENT_VOLUME_CLAIMS, PODS } from '../resources/types.js';
import {
  asJson,
  asKubernetesObject,
  at,
  cloneJson,
  isJsonObject,
  objectsAt,
  stringAt,
} from '../storage/json.js';
import { type ControllerContext, keyOf, parseKey, type StartController, together } from './controller.js';
import { ReconcileQueue } from './reconcile-queue.js';

const NAME = 'persistentvolume-controller';

/**
 * Binds claims of the local storage class: each stands for a directory of the node, which makes it when a pod first mounts
 * it. Keeps claims that are being deleted while a pod uses them.
 */
export const startClaimController: StartController = (context) => {
  const { storage } = context;
  const queue = new ReconcileQueue(
    (key) => reconcile(context, key),
    (key, error) => context.onFailure(NAME, key, error),
  );
  const claims = storage.subscribe(PERSISTENT_VOLUME_CLAIMS, ({ object }) => queue.add(keyOf(object)));
  const pods = storage.follow(PODS, ({ object }) => {
    for (const name of claimsOf(object)) queue.add(`${object.metadata.namespace ?? ''}/${name}`);
  });
  return together(claims, pods, { [Symbol.dispose]: () => queue.close() });
};

function reconcile(context: ControllerContext, key: string): void {
  const { storage, events } = context;
  const claim = storage.get(PERSISTENT_VOLUME_CLAIMS, parseKey(key));
  if (claim === undefined) return;
  if (claim.metadata.deletionTimestamp !== undefined) {
    if (!isUsed(context, claim)) release(context, claim);
    return;
  }
  const json = asJson(claim);
  const capacity = at(json, 'spec', 'resources', 'requests', 'storage');
  if (stringAt(json, 'status', 'phase') === 'Bound') {
    if (at(json, 'status', 'capacity', 'storage') !== capacity) writeStatus(context, claim);
    return;
  }
  const storageClass = stringAt(json, 'spec', 'storageClassName') ?? '';
  if (storageClass !== LOCAL_STORAGE_CLASS) {
    const message =
      storageClass === ''
        ? 'no persistent volumes available for this claim and no storage class is set'
        : `storageclass.storage.k8s.io "${storageClass}" not found`;
    events.record(claim, { component: NAME }, 'Warning', 'ProvisioningFailed', message);
    return;
  }
  if (at(json, 'spec', 'volumeName') === undefined) {
    const bound = cloneJson(json);
    if (isJsonObject(bound.spec)) bound.spec.volumeName = `pvc-${claim.metadata.uid ?? ''}`;
    storage.update(PERSISTENT_VOLUME_CLAIMS, asKubernetesObject(bound), { fieldManager: NAME });
  }
  const fresh = storage.get(PERSISTENT_VOLUME_CLAIMS, claim.metadata);
  if (fresh === undefined) return;
  writeStatus(context, fresh);
}

function writeStatus(context: ControllerContext, claim: KubernetesObject): void {
  const json = cloneJson(asJson(claim));
  json.status = {
    phase: 'Bound',
    accessModes: at(json, 'spec', 'accessModes') ?? [],
    capacity: { storage: at(json, 'spec', 'resources', 'requests', 'storage') ?? '' },
  };
  context.storage.updateStatus(PERSISTENT_VOLUME_CLAIMS, asKubernetesObject(json), { fieldManager: NAME });
}

function release(context: ControllerContext, claim: KubernetesObject): void {
  if (claim.metadata.finalizers?.includes(CLAIM_PROTECTION) !== true) return;
  const json = cloneJson(asJson(claim));
  if (!isJsonObject(json.metadata)) return;
  const finalizers = claim.metadata.finalizers.filter((each) => each !== CLAIM_PROTECTION);
  if (finalizers.length === 0) delete json.metadata.finalizers;
  else json.metadata.finalizers = finalizers;
  context.storage.update(PERSISTENT_VOLUME_CLAIMS, asKubernetesObject(json), { fieldManager: NAME });
}

function isUsed(context: ControllerContext, claim: KubernetesObject): boolean {
  return context.storage
    .list(PODS, claim.metadata.namespace)
    .filter((pod) => !['Succeeded', 'Failed'].includes(stringAt(asJson(pod), 'status', 'phase') ?? ''))
    .some((pod) => claimsOf(pod).includes(claim.metadata.name));
}

function claimsOf(pod: KubernetesObject): readonly string[] {
  return objectsAt(asJson(pod), 'spec', 'volumes').flatMap((volume) => {
    const name = stringAt(volume, 'persistentVolumeClaim', 'claimName');
    return name === undefined ? [] : [name];
  });
}
