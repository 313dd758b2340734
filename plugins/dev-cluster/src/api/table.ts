import type { ResourceDefinition } from '../resources/definition.js';
import type { JsonObject, JsonValue } from '../storage/json.js';

/** A meta.k8s.io/v1 Table without rows. */
export function emptyTable(definition: ResourceDefinition, metadata: JsonObject): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: definition.columns.map((each) => ({
      name: each.name,
      type: each.type,
      format: each.format ?? '',
      description: each.description,
      priority: each.priority,
    })),
    rows: [],
  };
}

/** One object as a row. `includeObject` is the query parameter: Metadata, Object or None. */
export function tableRow(
  definition: ResourceDefinition,
  object: JsonObject,
  nowMs: number,
  includeObject: string,
): JsonObject {
  const cells: JsonValue[] = definition.columns.map((each) => each.cell(object, nowMs));
  if (includeObject === 'None') return { cells };
  if (includeObject === 'Object') return { cells, object };
  return {
    cells,
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
  };
}
