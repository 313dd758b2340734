import type { KubernetesObject } from '@rynxs/kernel';
import type { ServedResource } from '../resources/registry.js';
import { encodedObject } from '../storage/encoded-object.js';
import { asJson, type JsonObject } from '../storage/json.js';
import { StatusError } from '../storage/status-error.js';
import { emptyTable, tableRow } from './table.js';

/** The form in which a client wants to see objects. */
export type Form = 'object' | 'table' | 'metadata';

/** Picks the form by the Accept header; throws 406 when the client takes nothing that can be given. */
export function negotiate(accept: string | undefined): Form {
  if (accept === undefined || accept === '') return 'object';
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((each) => each.trim());
    if (!['application/json', '*/*', 'application/*'].includes(type.toLowerCase())) continue;
    const values = new Map(
      parameters.map((each) => [each.split('=', 1)[0], each.slice(each.indexOf('=') + 1)]),
    );
    const as = values.get('as');
    if (as === undefined) return 'object';
    if (values.get('g') !== 'meta.k8s.io' || values.get('v') !== 'v1') continue;
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
  }
  throw new StatusError(
    406,
    'NotAcceptable',
    '406: Not Acceptable\n\nAvailable representations: application/json',
    {},
  );
}

/** The object as a served version shows it. */
export function shownObject(served: ServedResource, object: KubernetesObject): JsonObject {
  return served.fromStored === undefined ? asJson(object) : served.fromStored(asJson(object));
}

function objectBytes(served: ServedResource, object: KubernetesObject): Buffer {
  if (served.fromStored === undefined) return encodedObject(object);
  return Buffer.from(JSON.stringify(shownObject(served, object)));
}

/** As part of a list, built-in objects do not say what they are. */
function itemBytes(served: ServedResource, object: KubernetesObject): Buffer {
  if (served.isCustom) return objectBytes(served, object);
  return Buffer.from(
    JSON.stringify({ ...shownObject(served, object), apiVersion: undefined, kind: undefined }),
  );
}

/** How a table is to be made. */
export interface TableOptions {
  readonly nowMs: number;
  /** What each row carries: `Metadata` (default), `Object` or `None`. */
  readonly includeObject: string;
}

/** The bytes of one object in the wanted form. */
export function representObject(
  served: ServedResource,
  object: KubernetesObject,
  form: Form,
  table: TableOptions,
): Buffer {
  if (form === 'object') return objectBytes(served, object);
  return Buffer.from(JSON.stringify(representedJson(served, object, form, table)));
}

/** As `representObject`, as JSON, for the forms that are made anew. */
export function representedJson(
  served: ServedResource,
  object: KubernetesObject,
  form: 'table' | 'metadata',
  table: TableOptions,
): JsonObject {
  const shown = shownObject(served, object);
  if (form === 'metadata') return partialMetadata(shown);
  return {
    ...emptyTable(served.definition, { resourceVersion: object.metadata.resourceVersion ?? '' }),
    rows: [tableRow(served.definition, shown, table.nowMs, table.includeObject)],
  };
}

function partialMetadata(object: JsonObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

const COMMA = Buffer.from(',');
const LIST_END = Buffer.from(']}');

/** The bytes of a list in the wanted form. */
export function representList(
  served: ServedResource,
  objects: readonly KubernetesObject[],
  meta: JsonObject,
  form: Form,
  table: TableOptions,
): Buffer {
  if (form === 'table') {
    const rows = objects.map((object) =>
      tableRow(served.definition, shownObject(served, object), table.nowMs, table.includeObject),
    );
    return Buffer.from(JSON.stringify({ ...emptyTable(served.definition, meta), rows }));
  }
  if (form === 'metadata') {
    const items = objects.map((object) => partialMetadata(shownObject(served, object)));
    return Buffer.from(
      JSON.stringify({
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata: meta,
        items,
      }),
    );
  }
  const { group, version } = served.type;
  const head = JSON.stringify({
    kind: served.definition.listKind,
    apiVersion: group === '' ? version : `${group}/${version}`,
    metadata: meta,
  });
  const parts: Buffer[] = [Buffer.from(`${head.slice(0, -1)},"items":[`)];
  objects.forEach((object, index) => {
    if (index > 0) parts.push(COMMA);
    parts.push(itemBytes(served, object));
  });
  parts.push(LIST_END);
  return Buffer.concat(parts);
}
