import { isJsonObject, type JsonObject } from './json.js';

/** Who wrote, and when. */
export interface FieldManager {
  readonly name: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
  readonly subresource?: string;
}

/** More managers than this are merged away, oldest first, as the API server bounds them. */
const MAX_MANAGERS = 10;

/**
 * Notes in `metadata.managedFields` who wrote last. Which fields a manager owns is not tracked (that is for server-side
 * apply, which is not offered), so `fieldsV1` stays empty.
 */
export function recordManager(
  object: JsonObject,
  previous: JsonObject | undefined,
  manager: FieldManager,
): void {
  if (!isJsonObject(object.metadata)) return;
  const before = isJsonObject(previous?.metadata) ? previous.metadata.managedFields : undefined;
  const others = (Array.isArray(before) ? before : [])
    .filter(isJsonObject)
    .filter((entry) => entry.manager !== manager.name || entry.subresource !== manager.subresource);
  const entry: JsonObject = {
    manager: manager.name,
    operation: 'Update',
    apiVersion: object.apiVersion,
    time: manager.time,
    fieldsType: 'FieldsV1',
    fieldsV1: {},
    ...(manager.subresource === undefined ? {} : { subresource: manager.subresource }),
  };
  object.metadata.managedFields = [...others, entry].slice(-MAX_MANAGERS);
}
