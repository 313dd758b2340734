import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { asJson, isJsonObject, type JsonObject } from '../storage/json.js';
import type { ObjectStorage } from '../storage/object-storage.js';
import { badRequest, expired, invalidOptions } from '../storage/status-error.js';
import { type ObjectFilter, passes } from './selectors.js';
import { parseVersion, tooLarge } from './watch.js';

export interface ListPage {
  readonly objects: readonly KubernetesObject[];
  /** metav1.ListMeta. */
  readonly meta: JsonObject;
}

interface Position {
  /** The state that the whole list shows. */
  readonly resourceVersion: number;
  /** The last object of the previous page: `<namespace>/<name>`. */
  readonly after: string;
}

/** One page of a list; all pages show the state of the first one. Throws 400, 410 Expired, 422, 504. */
export function listPage(
  storage: ObjectStorage,
  type: ResourceType,
  filter: ObjectFilter,
  query: URLSearchParams,
): ListPage {
  const limit = parseLimit(query.get('limit'));
  const position = parseContinue(query.get('continue'));
  const asked = askedVersion(query.get('resourceVersion'));
  const match = query.get('resourceVersionMatch');
  checkMatch(match, query.get('resourceVersion'), position !== undefined);
  if (position !== undefined && asked !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  if (asked > storage.resourceVersion) throw tooLarge(asked, storage.resourceVersion);

  const exact = position?.resourceVersion ?? (match === 'Exact' ? asked : undefined);
  const all =
    exact === undefined
      ? storage.list(type, filter.namespace)
      : storage.listAt(type, exact, filter.namespace);
  if (all === undefined) {
    throw expired(
      position === undefined
        ? `The resourceVersion for the provided list is too old: ${asked}`
        : 'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
    );
  }
  const resourceVersion = String(exact ?? storage.resourceVersion);
  const objects: KubernetesObject[] = [];
  let remaining = 0;
  for (const object of all) {
    if (position !== undefined && pathOf(object) <= position.after) continue;
    if (!passes(filter, asJson(object))) continue;
    if (limit === 0 || objects.length < limit) objects.push(object);
    else remaining += 1;
  }
  const last = objects.at(-1);
  if (remaining === 0 || last === undefined) return { objects, meta: { resourceVersion } };
  const filtered = filter.labels !== undefined || filter.fields !== undefined;
  const next: Position = { resourceVersion: Number(resourceVersion), after: pathOf(last) };
  return {
    objects,
    meta: {
      resourceVersion,
      continue: Buffer.from(JSON.stringify(next)).toString('base64url'),
      // As in the API server: the number is not told when a selector is used.
      ...(filtered ? {} : { remainingItemCount: remaining }),
    },
  };
}

function askedVersion(text: string | null): number {
  const version = parseVersion(text);
  if (typeof version === 'string') throw badRequest(`invalid resource version: ${version}`);
  return version;
}

function pathOf(object: KubernetesObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

const BAD_CONTINUE = 'invalid continue token: continue key is not valid';

function parseLimit(text: string | null): number {
  if (text === null || text === '') return 0;
  if (!/^\d{1,9}$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

function parseContinue(token: string | null): Position | undefined {
  if (token === null || token === '') return undefined;
  try {
    const position: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isJsonObject(position)) {
      const { resourceVersion, after } = position;
      if (typeof resourceVersion === 'number' && typeof after === 'string') return { resourceVersion, after };
    }
  } catch (error) {
    throw badRequest(BAD_CONTINUE, { cause: error });
  }
  throw badRequest(BAD_CONTINUE);
}

function checkMatch(match: string | null, version: string | null, continued: boolean): void {
  if (match === null || match === '') return;
  const field = 'resourceVersionMatch';
  const refuse = (reason: string, message: string) =>
    invalidOptions('ListOptions', [{ reason, message, field }]);
  const forbid = (detail: string) => refuse('FieldValueForbidden', `Forbidden: ${detail}`);
  if (continued) throw forbid('resourceVersionMatch is forbidden when continue is provided');
  if (version === null || version === '') {
    throw forbid('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw refuse(
      'FieldValueNotSupported',
      `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
    );
  }
  if (match === 'Exact' && version === '0') {
    throw forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
}
