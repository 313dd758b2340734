import type { KubernetesObject } from '@rynxs/kernel';
import {
  asJson,
  asKubernetesObject,
  cloneJson,
  isJsonObject,
  objectAt,
  stringAt,
} from '../../storage/json.js';
import type { ObjectStorage } from '../../storage/object-storage.js';
import type { ResourceRegistry } from '../registry.js';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../types.js';
import { customResource } from './custom-definition.js';
import { CLEANUP_FINALIZER } from './definition-of-definitions.js';

/**
 * Keeps the table of resources in step with the CustomResourceDefinitions, and empties the resources of those that are being
 * deleted. Register it before anything else subscribes to the storage.
 */
export function registerCustomResources(storage: ObjectStorage, registry: ResourceRegistry): Disposable {
  const definitions = storage.subscribe(CUSTOM_RESOURCE_DEFINITIONS, ({ type, object }) => {
    const { group, plural } = namesOf(object);
    registry.remove(group, plural);
    if (type === 'DELETED') return;
    const { definition, served } = customResource(object);
    registry.add(definition, served);
    if (object.metadata.deletionTimestamp !== undefined) empty(storage, object);
  });
  const objects = storage.follow(undefined, ({ type, resource }) => {
    if (type !== 'DELETED' || storage.count(resource) > 0) return;
    const name = `${resource.plural}.${resource.group}`;
    const crd = storage.get(CUSTOM_RESOURCE_DEFINITIONS, { name });
    if (crd?.metadata.deletionTimestamp !== undefined) empty(storage, crd);
  });
  return {
    [Symbol.dispose]: () => {
      definitions[Symbol.dispose]();
      objects[Symbol.dispose]();
    },
  };
}

function namesOf(crd: KubernetesObject): { readonly group: string; readonly plural: string } {
  const spec = objectAt(asJson(crd), 'spec');
  return { group: stringAt(spec, 'group') ?? '', plural: stringAt(spec, 'names', 'plural') ?? '' };
}

/** Deletes the objects of a definition; when there are none left, lets the definition go. */
function empty(storage: ObjectStorage, crd: KubernetesObject): void {
  const { definition } = customResource(crd);
  for (const object of storage.list(definition.type)) {
    if (object.metadata.deletionTimestamp === undefined) storage.delete(definition.type, object.metadata);
  }
  if (storage.count(definition.type) > 0) return;
  const current = storage.get(CUSTOM_RESOURCE_DEFINITIONS, crd.metadata);
  if (current?.metadata.finalizers?.includes(CLEANUP_FINALIZER) !== true) return;
  const json = cloneJson(asJson(current));
  if (!isJsonObject(json.metadata)) return;
  json.metadata.finalizers = current.metadata.finalizers.filter((each) => each !== CLEANUP_FINALIZER);
  storage.update(CUSTOM_RESOURCE_DEFINITIONS, asKubernetesObject(json), { fieldManager: 'kube-apiserver' });
}
