import type { CacheOptions, KubernetesObject, RequestOptions, ResourceType } from '@rynxs/kernel';
import { failure } from './cluster-errors.js';
import type { Requester, RequestLane } from './requester.js';
import { apiVersionOf, collectionPath } from './resource-path.js';
import type { Subject } from './subject.js';

/** What client-go asks for at a time. */
export const PAGE_SIZE = 500;

export interface Page {
  readonly items: readonly KubernetesObject[];
  /** Version of the list, to watch from. */
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly next: string | undefined;
}

export interface PageRequest {
  /** Objects per page; 0 for all in one. */
  readonly limit: number;
  readonly next: string | undefined;
  readonly options: RequestOptions;
}

interface ListBody {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: KubernetesObject[] | null;
}

/** Leases are renewed on a connection of their own: leadership must not be lost behind other requests. */
export function laneOf(resource: ResourceType): RequestLane {
  return resource.group === 'coordination.k8s.io' && resource.plural === 'leases' ? 'leases' : 'requests';
}

/** The selectors, as lists and watches take them. */
export function selectorQuery({ labelSelector, fieldSelector }: CacheOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (labelSelector !== undefined) query.set('labelSelector', labelSelector);
  if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector);
  return query;
}

/** Reads one page. Rejects with ClusterError, `gone` when the server has forgotten the list that `next` continues. */
export async function listPage(
  requester: Requester,
  subject: Subject,
  resource: ResourceType,
  selection: CacheOptions,
  { limit, next, options }: PageRequest,
): Promise<Page> {
  const query = selectorQuery(selection);
  if (limit > 0) query.set('limit', String(limit));
  if (next !== undefined) query.set('continue', next);
  const answer = await requester.send({
    method: 'GET',
    path: collectionPath(resource, selection.namespace),
    query,
    // A list that hangs must not stand in the way of a Lease that is renewed.
    lane: 'requests',
    subject,
    options,
  });
  const { metadata, items } = answer as ListBody;
  if (metadata?.resourceVersion === undefined)
    throw failure('unavailable', subject, 'the answer is not a list');
  return {
    items: (items ?? []).map((item) => withType(item, resource)),
    resourceVersion: metadata.resourceVersion,
    next: metadata.continue === '' ? undefined : metadata.continue,
  };
}

/** Items of built-in kinds come without the kind that the list implies. */
function withType(item: KubernetesObject, resource: ResourceType): KubernetesObject {
  if (item.kind !== undefined && item.apiVersion !== undefined) return item;
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...item };
}
