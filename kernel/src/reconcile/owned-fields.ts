import type { KubernetesObject } from '../contracts/cluster.js';

/**
 * Which fields of a live object are ours: exactly those that the manifest has. Members that the manifest lacks
 * (server defaults, others' annotations) are not looked at. Lists are ours as a whole: same length, same order, and
 * element by element only the members that the manifest's element has. A member that is null is ours as absent. Of
 * metadata, only labels, annotations and the presence of our owner references count; an empty list of owner references
 * is ours as a whole, like any other list.
 */

const MAX_PATHS = 32;

/** JSON pointers (RFC 6901) of the owned fields that differ, at most 32; empty when none does. */
export function differingPaths(desired: KubernetesObject, live: KubernetesObject): readonly string[] {
  const paths: string[] = [];
  for (const [field, value] of Object.entries(desired)) {
    if (field === 'apiVersion' || field === 'kind' || field === 'metadata') continue;
    compare(value, live[field], [field], paths);
  }
  const { labels, annotations, ownerReferences } = desired.metadata;
  compare(labels, live.metadata.labels, ['metadata', 'labels'], paths);
  compare(annotations, live.metadata.annotations, ['metadata', 'annotations'], paths);
  // None at all is meant, of anybody: what is to outlive its owner must not go with somebody else.
  if (ownerReferences?.length === 0 && (live.metadata.ownerReferences?.length ?? 0) > 0)
    paths.push('/metadata/ownerReferences');
  for (const wanted of ownerReferences ?? []) {
    const references = live.metadata.ownerReferences ?? [];
    const index = references.findIndex((reference) => reference.uid === wanted.uid);
    if (index < 0) paths.push('/metadata/ownerReferences');
    else compare(wanted, references[index], ['metadata', 'ownerReferences', index], paths);
  }
  return paths;
}

/** The manifest as a new object: what it owns as absent is left out. */
export function newObject(desired: KubernetesObject): KubernetesObject {
  return mergeValue(undefined, desired, undefined) as KubernetesObject;
}

/** The values at those pointers, for a digest of what was found. */
export function valuesAt(object: KubernetesObject, paths: readonly string[]): readonly unknown[] {
  return paths.map((path) => {
    let value: unknown = object;
    for (const part of path.slice(1).split('/')) {
      if (!isContainer(value)) return null;
      value = (value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
    }
    return value ?? null;
  });
}

/**
 * The live object with our fields as desired: everything that others own is kept, and what the previous manifest had
 * and the desired one lacks is taken out.
 */
export function mergeOwned(
  live: KubernetesObject,
  desired: KubernetesObject,
  previous: KubernetesObject | undefined,
): KubernetesObject {
  const { metadata: liveMeta, ...liveRest } = live;
  const { metadata: wantedMeta, ...wantedRest } = desired;
  const { metadata: previousMeta, ...previousRest } = previous ?? { metadata: undefined };
  const merged = mergeValue(liveRest, wantedRest, previousRest) as Record<string, unknown>;
  const references = wantedMeta.ownerReferences?.length === 0 ? [] : [...(liveMeta.ownerReferences ?? [])];
  for (const wanted of wantedMeta.ownerReferences ?? []) {
    const index = references.findIndex((reference) => reference.uid === wanted.uid);
    if (index < 0) references.push(wanted);
    else references[index] = wanted;
  }
  const metadata = {
    ...liveMeta,
    ...mergedMap('labels', liveMeta.labels, wantedMeta.labels, previousMeta?.labels),
    ...mergedMap('annotations', liveMeta.annotations, wantedMeta.annotations, previousMeta?.annotations),
    ...(references.length === 0 && liveMeta.ownerReferences === undefined
      ? {}
      : { ownerReferences: references }),
  };
  return { ...merged, metadata };
}

function mergedMap(
  name: string,
  live: unknown,
  desired: unknown,
  previous: unknown,
): Record<string, unknown> {
  if (live === undefined && desired === undefined) return {};
  return { [name]: mergeValue(live ?? {}, desired ?? {}, previous) };
}

function mergeValue(live: unknown, desired: unknown, previous: unknown): unknown {
  if (Array.isArray(desired)) {
    return desired.map((element, index) =>
      mergeValue(
        counterpart(asArray(live), element, index),
        element,
        counterpart(asArray(previous), element, index),
      ),
    );
  }
  if (!isRecord(desired)) return desired;
  const merged: Record<string, unknown> = isRecord(live) ? { ...live } : {};
  const before = isRecord(previous) ? previous : {};
  for (const key of Object.keys(before)) if (!(key in desired)) delete merged[key];
  for (const [key, value] of Object.entries(desired)) {
    if (value === null) delete merged[key];
    else merged[key] = mergeValue(merged[key], value, before[key]);
  }
  return merged;
}

/** The element of a list that stands for the same thing: of the same name where elements have names. */
function counterpart(list: readonly unknown[], element: unknown, index: number): unknown {
  if (isRecord(element) && typeof element.name === 'string') {
    return list.find((other) => isRecord(other) && other.name === element.name);
  }
  return isRecord(element) ? undefined : list[index];
}

/** `place` is where both stand, as the parts of a pointer; it is as it was when this returns. */
function compare(desired: unknown, live: unknown, place: (string | number)[], paths: string[]): void {
  if (paths.length >= MAX_PATHS || desired === undefined || desired === live) return;
  if ((desired === null || isEmpty(desired)) && (live === undefined || live === null || isEmpty(live)))
    return;
  const compareAt = (part: string | number, wanted: unknown, found: unknown): void => {
    place.push(part);
    compare(wanted, found, place, paths);
    place.pop();
  };
  if (Array.isArray(desired) && Array.isArray(live) && live.length === desired.length) {
    for (const [index, element] of desired.entries()) compareAt(index, element, live[index]);
  } else if (isRecord(desired) && isRecord(live)) {
    for (const key of Object.keys(desired)) compareAt(key, desired[key], live[key]);
  } else {
    paths.push(pointer(place));
  }
}

function pointer(place: readonly (string | number)[]): string {
  return place.map((part) => `/${escapePointer(`${part}`)}`).join('');
}

/** API servers leave empty lists and maps out. */
function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function escapePointer(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
