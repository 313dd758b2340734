import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { storageKey } from '../storage/change-feed.js';
import { asJson, asKubernetesObject, cloneJson, isJsonObject, type JsonObject } from '../storage/json.js';
import { type ControllerContext, keyOf, parseKey, type StartController, together } from './controller.js';
import { ownersOf } from './owner-index.js';
import { ReconcileQueue } from './reconcile-queue.js';

const NAME = 'garbage-collector';

/**
 * Deletes what has lost all its owners, and does what the finalizers of deletions ask for: `foregroundDeletion` deletes
 * dependents first, `orphan` sets them free.
 */
export const startGarbageCollector: StartController = (context) => {
  const types = new Map<string, ResourceType>();
  const queue = new ReconcileQueue(
    (key) => {
      const mark = key.indexOf('|');
      const resource = types.get(key.slice(0, mark));
      if (resource !== undefined) collect(context, resource, key.slice(mark + 1));
    },
    (key, error) => context.onFailure(NAME, key, error),
  );
  const add = (resource: ResourceType, object: KubernetesObject) => {
    const type = storageKey(resource);
    types.set(type, resource);
    queue.add(`${type}|${keyOf(object)}`);
  };
  const changes = context.storage.subscribe(undefined, ({ type, resource, object }) => {
    if (type === 'DELETED') {
      for (const dependent of context.owners.dependentsOf(object.metadata.uid)) {
        add(dependent.resource, dependent.object);
      }
      // An owner that waits for its dependents may go on now.
      for (const owner of ownersOf(object)) {
        const waiting = context.owners.find(owner.uid);
        if (waiting?.object.metadata.deletionTimestamp !== undefined) add(waiting.resource, waiting.object);
      }
    } else if (ownersOf(object).length > 0 || object.metadata.deletionTimestamp !== undefined) {
      add(resource, object);
    }
  });
  return together(changes, { [Symbol.dispose]: () => queue.close() });
};

function collect(context: ControllerContext, resource: ResourceType, key: string): void {
  const object = context.storage.get(resource, parseKey(key));
  if (object === undefined) return;
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) {
    if (metadata.finalizers?.includes('orphan')) orphanDependents(context, resource, object);
    else if (metadata.finalizers?.includes('foregroundDeletion')) deleteDependents(context, resource, object);
    return;
  }
  const owners = ownersOf(object);
  if (owners.length === 0) return;
  const alive = owners.filter((owner) => isAlive(context, object, owner.uid));
  if (alive.length === 0) {
    context.storage.delete(resource, metadata, {
      fieldManager: NAME,
      propagationPolicy: metadata.finalizers?.includes('orphan') ? 'Orphan' : 'Background',
      preconditions: { uid: metadata.uid ?? '' },
    });
  } else if (alive.length < owners.length) {
    // The dead ones are forgotten; the object stays for the others.
    const kept = new Set(alive.map((owner) => owner.uid));
    replaceMetadata(context, resource, object, (meta) => {
      meta.ownerReferences = cloneOwners(meta).filter((owner) => kept.has(String(owner.uid)));
    });
  }
}

/** An owner in another namespace does not count: it cannot own anything here. */
function isAlive(context: ControllerContext, object: KubernetesObject, uid: string): boolean {
  const owner = context.owners.find(uid);
  if (owner === undefined) return false;
  const { namespace } = owner.object.metadata;
  return namespace === undefined || namespace === object.metadata.namespace;
}

function deleteDependents(context: ControllerContext, resource: ResourceType, owner: KubernetesObject): void {
  const dependents = context.owners.dependentsOf(owner.metadata.uid);
  for (const dependent of dependents) {
    if (dependent.object.metadata.deletionTimestamp !== undefined) continue;
    context.storage.delete(dependent.resource, dependent.object.metadata, {
      fieldManager: NAME,
      propagationPolicy: 'Foreground',
      preconditions: { uid: dependent.object.metadata.uid ?? '' },
    });
  }
  const blocking = context.owners
    .dependentsOf(owner.metadata.uid)
    .filter(({ object }) =>
      ownersOf(object).some((each) => each.uid === owner.metadata.uid && each.blockOwnerDeletion === true),
    );
  if (blocking.length === 0) removeFinalizer(context, resource, owner, 'foregroundDeletion');
}

function orphanDependents(context: ControllerContext, resource: ResourceType, owner: KubernetesObject): void {
  for (const dependent of context.owners.dependentsOf(owner.metadata.uid)) {
    replaceMetadata(context, dependent.resource, dependent.object, (meta) => {
      meta.ownerReferences = cloneOwners(meta).filter((each) => each.uid !== owner.metadata.uid);
    });
  }
  removeFinalizer(context, resource, owner, 'orphan');
}

function removeFinalizer(
  context: ControllerContext,
  resource: ResourceType,
  object: KubernetesObject,
  finalizer: string,
): void {
  replaceMetadata(context, resource, object, (meta) => {
    const finalizers = Array.isArray(meta.finalizers) ? meta.finalizers : [];
    meta.finalizers = finalizers.filter((each) => each !== finalizer);
  });
}

function cloneOwners(meta: JsonObject): JsonObject[] {
  return (Array.isArray(meta.ownerReferences) ? meta.ownerReferences : []).filter(isJsonObject);
}

function replaceMetadata(
  context: ControllerContext,
  resource: ResourceType,
  object: KubernetesObject,
  change: (meta: JsonObject) => void,
): void {
  const json = cloneJson(asJson(object));
  if (!isJsonObject(json.metadata)) return;
  change(json.metadata);
  for (const field of ['ownerReferences', 'finalizers']) {
    const list = json.metadata[field];
    if (Array.isArray(list) && list.length === 0) delete json.metadata[field];
  }
  context.storage.update(resource, asKubernetesObject(json), { fieldManager: NAME });
}
