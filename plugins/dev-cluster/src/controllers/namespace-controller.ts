import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { EVENTS, NAMESPACES, SERVICE_ACCOUNTS } from '../resources/types.js';
import { storageKey } from '../storage/change-feed.js';
import { asKubernetesObject } from '../storage/json.js';
import { keyOf, parseKey, type StartController, together } from './controller.js';
import { ReconcileQueue } from './reconcile-queue.js';

const NAME = 'namespace-controller';

/** Empties namespaces that are being deleted, and gives the others their default ServiceAccount. */
export const startNamespaceController: StartController = (context) => {
  const { storage } = context;
  const types = new Map<string, ResourceType>();
  const queue = new ReconcileQueue(
    (key) => {
      const namespace = storage.get(NAMESPACES, parseKey(key));
      if (namespace === undefined) return;
      if (namespace.metadata.deletionTimestamp === undefined) ensureAccount(namespace);
      else empty(namespace);
    },
    (key, error) => context.onFailure(NAME, key, error),
  );
  const ensureAccount = ({ metadata: { name } }: KubernetesObject) => {
    if (storage.get(SERVICE_ACCOUNTS, { namespace: name, name: 'default' }) !== undefined) return;
    storage.create(SERVICE_ACCOUNTS, asKubernetesObject({ metadata: { namespace: name, name: 'default' } }), {
      fieldManager: NAME,
    });
  };
  const empty = (namespace: KubernetesObject) => {
    let left = 0;
    const { name } = namespace.metadata;
    for (const type of types.values()) {
      for (const object of storage.list(type, name)) {
        if (object.metadata.deletionTimestamp === undefined)
          storage.delete(type, object.metadata, { fieldManager: NAME });
      }
    }
    for (const type of types.values()) left += storage.list(type, name).length;
    if (left === 0) storage.finalize(NAMESPACES, { name }, { fieldManager: NAME });
  };
  const changes = storage.subscribe(undefined, ({ type, resource, object }) => {
    if (storageKey(resource) === storageKey(NAMESPACES)) queue.add(keyOf(object));
    else if (resource.namespaced) {
      types.set(storageKey(resource), resource);
      const { namespace = '' } = object.metadata;
      const isAccount = storageKey(resource) === storageKey(SERVICE_ACCOUNTS);
      const ending = storage.get(NAMESPACES, { name: namespace })?.metadata.deletionTimestamp !== undefined;
      if (type === 'DELETED' && (isAccount || ending)) queue.add(`/${namespace}`);
    }
  });
  types.set(storageKey(EVENTS), EVENTS);
  return together(changes, { [Symbol.dispose]: () => queue.close() });
};
