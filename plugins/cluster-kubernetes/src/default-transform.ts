import type { KubernetesObject } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';

/**
 * Drops the field sets of managedFields, which often are half of an object. Who changed what when (manager, operation,
 * time, subresource) stays: reconcilers put it on the record.
 */
export function dropManagedFieldSets(object: KubernetesObject): KubernetesObject {
  const { managedFields } = object.metadata;
  if (managedFields === undefined) return object;
  return { ...object, metadata: { ...object.metadata, managedFields: managedFields.map(withoutFieldSet) } };
}

function withoutFieldSet({ fieldsV1: _fieldsV1, fieldsType: _fieldsType, ...rest }: JsonMap): JsonMap {
  return rest;
}
